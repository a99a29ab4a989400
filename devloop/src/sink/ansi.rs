//! Text and the terminal's control sequences in it.

use std::borrow::Cow;

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// A part of a text that was written for a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A character to show.
    Text(char),
    /// A change of colours and weights: the numbers between `ESC [` and `m`, with semicolons between them.
    Style(&'a str),
}

/// The text's parts. Cursor movements, hyperlinks and control characters are left out; line ends and tabs stay.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let mut characters = rest.chars();
            let first = characters.next()?;
            rest = characters.as_str();
            if first != ESCAPE {
                // Left out: a carriage return would overwrite text, a bell would ring, and the controls above ASCII are escapes
                // too.
                if first.is_control() && !matches!(first, '\n' | '\t') {
                    continue;
                }
                return Some(Piece::Text(first));
            }
            let kind = characters.next();
            rest = characters.as_str();
            match kind {
                Some('[') => {
                    let (inside, last, after) = control_sequence(rest);
                    rest = after;
                    if last == Some('m') {
                        return Some(Piece::Style(inside));
                    }
                }
                Some(']') => rest = after_string(rest),
                _ => {}
            }
        }
    })
}

/// The parameters of a control sequence, its last character, which says what it does, and the text behind it.
fn control_sequence(text: &str) -> (&str, Option<char>, &str) {
    match text.char_indices().find(|(_, character)| ('@'..='~').contains(character)) {
        Some((end, last)) => (&text[..end], Some(last), &text[end + 1..]),
        None => (text, None, ""),
    }
}

/// What follows an operating system command, which ends with a bell, or with an escape and a backslash.
fn after_string(text: &str) -> &str {
    let end = text.char_indices().find_map(|(index, character)| match character {
        BELL => Some(index + 1),
        ESCAPE if text[index + 1..].starts_with('\\') => Some(index + 2),
        _ => None,
    });
    end.map_or("", |end| &text[end..])
}

/// Keeps colours and weights, and no other control of the terminal.
pub(super) fn coloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(character) => out.push(character),
            Piece::Style(numbers) => out.extend(["\u{1b}[", numbers, "m"]),
        }
    }
    out
}

/// Removes colours, cursor movements, hyperlinks and control characters; line ends and tabs stay.
pub(super) fn strip(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return text.into();
    }
    let characters = pieces(text).filter_map(|piece| match piece {
        Piece::Text(character) => Some(character),
        Piece::Style(_) => None,
    });
    characters.collect::<String>().into()
}

/// Whether there is nothing to remove, by a quick look at the bytes, which most lines pass. In UTF-8, the controls above ASCII
/// begin with the byte C2, as some other characters do.
fn is_plain(text: &str) -> bool {
    let is_harmless =
        |byte: u8| matches!(byte, b'\n' | b'\t' | b' '..=b'~') || (byte >= 0x80 && byte != 0xc2);
    // The compiler makes vector instructions of a block that is read to its end.
    text.as_bytes()
        .chunks(64)
        .all(|block| block.iter().fold(true, |so_far, byte| so_far & is_harmless(*byte)))
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces, strip};

    fn check(text: &str, expected: &str) {
        assert_eq!(strip(text), expected);
    }

    #[test]
    fn control_sequences_go_and_text_stays() {
        check("plain\n\ttext", "plain\n\ttext");
        check("é and ©", "é and ©");
        check("\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m: x", "error: x");
        check("\u{1b}]8;;https://e\u{1b}\\E0308\u{1b}]8;;\u{7}]", "E0308]");
        check("cut \u{1b}[38;5", "cut ");
        check("cut \u{1b}", "cut ");
        check("\u{1b}[2Kmoved\u{1b}[é", "moved");
    }

    #[test]
    fn control_characters_go() {
        check("a\u{7}b\rc\u{8}\u{9b}31md\u{7f}e\u{85}f", "abc31mdef");
        let text = "\u{1b}[31mred\u{1b}[0m\u{1b}[2J\u{7}\r!";
        assert_eq!(super::coloured(text), "\u{1b}[31mred\u{1b}[0m!");
    }

    #[test]
    fn styles_are_told() {
        let styles: Vec<_> = pieces("\u{1b}[1;31ma\u{1b}[2J\u{1b}[mb").collect();
        assert_eq!(styles, [Piece::Style("1;31"), Piece::Text('a'), Piece::Style(""), Piece::Text('b')]);
    }
}
