//! Splits a file into words.

/// The lines without their ends, and how many were empty.
pub(crate) fn words(text: &str) -> (Vec<&str>, usize) {
    let lines: Vec<&str> = text.lines().collect();
    let words: Vec<&str> = lines.iter().copied().filter(|line| !line.trim().is_empty()).collect();
    let empty = lines.len() - words.len();
    (words, empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_their_ends_and_empty_ones_are_counted() {
        assert_eq!(words("a\r\nb c\n\n  \nd"), (vec!["a", "b c", "d"], 2));
        assert_eq!(words(""), (vec![], 0));
    }
}
