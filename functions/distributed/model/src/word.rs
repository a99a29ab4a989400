//! The words that the system accepts.

/// The longest word, in bytes: a quarter of SQS's former message limit of 256 KiB.
const LONGEST: usize = 64 << 10;

/// Why a word is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidWord {
    /// It contains something other than letters, digits and underscores, or is empty.
    Syntax,
    /// More than 64 KiB.
    TooLong,
}

impl InvalidWord {
    /// The reason, for the sender of the word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Syntax => crate::BAD_SYNTAX,
            Self::TooLong => "Data is longer than 65536 bytes.",
        }
    }
}

/// Checks a word: letters and digits of any script, and underscores.
pub fn check(word: &str) -> Result<(), InvalidWord> {
    if word.len() > LONGEST {
        return Err(InvalidWord::TooLong);
    }
    let fits = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
    if fits { Ok(()) } else { Err(InvalidWord::Syntax) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_digits_and_underscores() {
        let expect = |word: &str, expected| assert_eq!(check(word), expected, "{word:?}");
        for word in ["word", "Wort_1", "héllo", "слово", "7", "_"] {
            expect(word, Ok(()));
        }
        for word in ["", "two words", "dot.", "word\n", "a-b", "\u{0}"] {
            expect(word, Err(InvalidWord::Syntax));
        }
        expect(&"x".repeat(64 << 10), Ok(()));
        expect(&"x".repeat((64 << 10) + 1), Err(InvalidWord::TooLong));
    }
}
