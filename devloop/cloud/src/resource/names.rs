//! Generates names for resources that the template does not name.

use sha2::{Digest as _, Sha256};

/// Length of the suffix that makes a name unique.
const SUFFIX: usize = 12;

/// A name of the form `<stack>-<logical id>-<suffix>` with at most `limit` characters. The suffix is computed from stack,
/// logical id and generation, so that a resource has the same name in every cloud that the template is applied to. A
/// replacement has another generation and so another name.
pub(crate) fn physical_name(stack: &str, logical: &str, generation: u32, limit: usize) -> String {
    let room = limit.saturating_sub(SUFFIX + 2);
    let for_stack = stack.len().min((room / 2).max(room.saturating_sub(logical.len())));
    let for_logical = logical.len().min(room - for_stack);
    format!("{}-{}-{}", &stack[..for_stack], &logical[..for_logical], suffix(stack, logical, generation))
}

/// Characters of `A-Z2-7`, computed from stack, logical id and generation.
pub(crate) fn suffix(stack: &str, logical: &str, generation: u32) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = match generation {
        0 => Sha256::digest(format!("{stack}/{logical}")),
        later => Sha256::digest(format!("{stack}/{logical}/{later}")),
    };
    digest.iter().take(SUFFIX).map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable_distinct_and_short_enough() {
        let check = |stack: &str, logical: &str, limit: usize, start: &str| {
            let name = physical_name(stack, logical, 0, limit);
            assert!(name.starts_with(start) && name.len() <= limit, "{name}");
            assert_eq!(name, physical_name(stack, logical, 0, limit));
        };
        check("stack", "Table", 255, "stack-Table-");
        check(
            "a-rather-long-stack-name-for-a-function",
            "UpstreamFunctionWithALongName",
            64,
            "a-rather-long-stack-name-",
        );
        check("s", "ALogicalIdThatIsMuchLongerThanTheLimitAllowsForThisKind", 40, "s-ALogicalId");
        assert_ne!(physical_name("stack", "A", 0, 64), physical_name("stack", "B", 0, 64));
        assert_ne!(physical_name("one", "A", 0, 64), physical_name("two", "A", 0, 64));
        assert_ne!(physical_name("one", "A", 0, 64), physical_name("one", "A", 1, 64));
    }
}
