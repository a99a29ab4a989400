//! Generates ids in the form of IAM and STS.

use rand::Rng as _;

/// A new id: a prefix for the kind, such as `AROA` for roles, and `length` random capital letters and digits.
pub(crate) fn identifier(prefix: &str, length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut rng = rand::rng();
    let random = (0..length).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())]));
    prefix.chars().chain(random).collect()
}

/// An id in the form of [`identifier`] with 17 letters that is always the same for a name.
pub(crate) fn lasting_identifier(prefix: &str, name: &str) -> String {
    use md5::Digest as _;
    let digest = md5::Md5::digest(name);
    let letters: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("{prefix}{}", &letters[..17])
}
