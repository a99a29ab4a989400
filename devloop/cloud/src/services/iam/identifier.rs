//! Ids as IAM and STS make them.

use rand::Rng as _;

/// A new id of `length` random capitals and digits behind a prefix that tells its kind, such as `AROA` for roles.
pub(crate) fn identifier(prefix: &str, length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut rng = rand::rng();
    let random = (0..length).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())]));
    prefix.chars().chain(random).collect()
}
