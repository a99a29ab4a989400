//! Text without the terminal's control sequences.

/// Removes colours, cursor movements and hyperlinks; line ends and tabs stay.
pub(super) fn strip(text: &str) -> String {
    const ESCAPE: char = '\u{1b}';
    const BELL: char = '\u{7}';
    let mut stripped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != ESCAPE {
            stripped.push(character);
            continue;
        }
        match characters.next() {
            Some('[') => {
                characters.by_ref().find(|character| ('@'..='~').contains(character));
            }
            Some(']') => {
                // A string ends with a bell, or with an escape and a backslash.
                while let Some(inside) = characters.next() {
                    if inside == BELL || (inside == ESCAPE && characters.next_if_eq(&'\\').is_some()) {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    stripped
}

#[cfg(test)]
mod tests {
    use super::strip;

    fn check(text: &str, expected: &str) {
        assert_eq!(strip(text), expected);
    }

    #[test]
    fn control_sequences_go_and_text_stays() {
        check("plain\n\ttext", "plain\n\ttext");
        check("\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m: x", "error: x");
        check("\u{1b}]8;;https://e\u{1b}\\E0308\u{1b}]8;;\u{7}]", "E0308]");
        check("cut \u{1b}[38;5", "cut ");
    }
}
