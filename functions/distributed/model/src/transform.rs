//! The system's purpose: one word becomes another. Put your own work here; nothing else has to change.

/// The transformed word.
pub fn transform(word: &str) -> String {
    format!("{word}_processed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_gets_its_ending() {
        assert_eq!(transform("word"), "word_processed");
    }
}
