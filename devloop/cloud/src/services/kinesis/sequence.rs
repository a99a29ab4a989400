//! Sequence numbers. Each consists of the time when the shard was created, the shard's index, and a count within the shard.
//!
//! This makes a child shard's numbers larger than those of its parents, and shows which shard a number belongs to.

/// The bits for the count within a shard.
const COUNT_BITS: u32 = 48;
/// The bits for the shard's index in its stream.
const SHARD_BITS: u32 = 32;
/// The start of the printed form. With the 39 digits of a `u128` after it, the form has 56 digits as on AWS.
const PREFIX: &str = "49600000000000000";
/// The digits of the largest `u128`.
const DIGITS: usize = 39;

/// The first number of the shard `index`, which was created at `created_ms` since the epoch.
pub(super) fn first(created_ms: i64, index: u32) -> u128 {
    (u128::from(created_ms.max(0) as u64) << (SHARD_BITS + COUNT_BITS)) | (u128::from(index) << COUNT_BITS)
}

/// The largest number that the shard starting at `first` can have.
pub(super) fn last(first: u128) -> u128 {
    first | ((1 << COUNT_BITS) - 1)
}

/// The index of the shard that `number` belongs to.
pub(super) fn shard(number: u128) -> u32 {
    (number >> COUNT_BITS) as u32
}

/// The 56 digits that clients see.
pub(super) fn print(number: u128) -> String {
    format!("{PREFIX}{number:0DIGITS$}")
}

/// The number in [`print`]ed digits.
pub(super) fn parse(text: &str) -> Option<u128> {
    let digits = text.strip_prefix(PREFIX)?;
    if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_printing_and_order_like_their_text() {
        let check = |number: u128| assert_eq!(parse(&print(number)), Some(number));
        check(0);
        check(u128::MAX);
        let parent = first(1_700_000_000_000, 3);
        let child = first(1_700_000_000_001, 4);
        assert!(last(parent) < child && print(last(parent)) < print(child));
        assert_eq!((shard(last(parent)), shard(child)), (3, 4));
        assert_eq!(print(child).len(), 56);
    }

    #[test]
    fn other_texts_are_not_sequence_numbers() {
        let check = |text: &str| assert_eq!(parse(text), None, "{text}");
        check("");
        check("0");
        check("49590338271490256608559692538361571095921575989136588898");
        check(&format!("{PREFIX}{}", "9".repeat(DIGITS)));
        check(&format!("{PREFIX}+{}", "1".repeat(DIGITS - 1)));
    }
}
