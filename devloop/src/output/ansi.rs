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

/// The text's parts. Cursor movements, hyperlinks and what [`is_hidden`] are left out; line ends and tabs stay.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let mut characters = rest.chars();
            let first = characters.next()?;
            rest = characters.as_str();
            if first != ESCAPE {
                if is_hidden(first) {
                    continue;
                }
                return Some(Piece::Text(first));
            }
            let escape = rest;
            let kind = characters.next();
            rest = characters.as_str();
            match kind {
                Some('[') => {
                    let (inside, last, after) = control_sequence(rest);
                    rest = after;
                    if last == Some('m')
                        && inside.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'))
                    {
                        return Some(Piece::Style(inside));
                    }
                }
                Some(']' | 'P' | 'X' | '^' | '_') => rest = after_string(rest),
                // The choice of a character set has one more.
                Some('('..='/') => {
                    characters.next();
                    rest = characters.as_str();
                }
                Some('0'..='~') => {}
                // No sequence: what follows is text.
                _ => rest = escape,
            }
        }
    })
}

/// The parameters of a control sequence, its last character, which says what it does, and the text behind it [ECMA-48, §5.4]. One that
/// is cut off, by the text's end or by something else, has no last character.
fn control_sequence(text: &str) -> (&str, Option<char>, &str) {
    let end = text.find(|character| !(' '..='?').contains(&character)).unwrap_or(text.len());
    let (inside, rest) = text.split_at(end);
    match rest.chars().next().filter(|last| ('@'..='~').contains(last)) {
        Some(last) => (inside, Some(last), &rest[1..]),
        None => (inside, None, rest),
    }
}

/// What follows an operating system command or another string for the terminal, which ends with a bell, or with an escape and a backslash.
fn after_string(text: &str) -> &str {
    let end = text.char_indices().find_map(|(index, character)| match character {
        BELL => Some(index + 1),
        ESCAPE if text[index + 1..].starts_with('\\') => Some(index + 2),
        _ => None,
    });
    end.map_or("", |end| &text[end..])
}

/// Keeps colours and weights, and no other control of the terminal.
pub(crate) fn coloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(character) => out.push(character),
            Piece::Style(numbers) => out.extend(["\u{1b}[", numbers, "m"]),
        }
    }
    out
}

/// Removes colours, cursor movements, hyperlinks and what [`is_hidden`]; line ends and tabs stay.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return text.into();
    }
    let characters = pieces(text).filter_map(|piece| match piece {
        Piece::Text(character) => Some(character),
        Piece::Style(_) => None,
    });
    characters.collect::<String>().into()
}

/// Whether a character does something to a terminal, or to the text around it, in place of being seen: a carriage return overwrites text, a
/// bell rings, the controls above ASCII are escapes too, and others turn text around or are read by programs and not by people. What joins
/// letters and pictures of one word stays.
pub(super) fn is_hidden(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Whether there is nothing to remove: by a quick look at the bytes, which most lines pass, and else by one at the characters.
pub(super) fn is_plain(text: &str) -> bool {
    // In UTF-8, what [`is_hidden`] begins with one of these bytes, and so do other characters.
    let is_harmless = |byte: u8| {
        matches!(byte, b'\n' | b'\t' | b' '..=b'~')
            || (byte >= 0x80 && !matches!(byte, 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3))
    };
    // The compiler makes vector instructions of a block that is read to its end.
    let is_quickly_plain = text
        .as_bytes()
        .chunks(64)
        .all(|block| block.iter().fold(true, |so_far, byte| so_far & is_harmless(*byte)));
    is_quickly_plain || !text.chars().any(is_hidden)
}

#[cfg(test)]
mod tests {
    use super::{Piece, is_hidden, is_plain, pieces, plain};

    fn check(text: &str, expected: &str) {
        assert_eq!(plain(text), expected);
    }

    #[test]
    fn control_sequences_go_and_text_stays() {
        check("plain\n\ttext", "plain\n\ttext");
        check("é and ©", "é and ©");
        check("\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m: x", "error: x");
        check("\u{1b}]8;;https://e\u{1b}\\E0308\u{1b}]8;;\u{7}]", "E0308]");
        check("cut \u{1b}[38;5", "cut ");
        check("cut \u{1b}", "cut ");
        check("exit\u{1b} status \u{1b}é", "exit status é");
        check("\u{1b}[2Kmoved\u{1b}[é", "movedé");
        check("\u{1b}Pq#0\u{1b}\\a\u{1b}_x\u{1b}\\b\u{1b}(Bc", "abc");
    }

    #[test]
    fn control_characters_go() {
        check("a\u{7}b\rc\u{8}\u{9b}31md\u{7f}e\u{85}f", "abc31mdef");
        let text = "\u{1b}[31mred\u{1b}[0m\u{1b}[2J\u{7}\r!";
        assert_eq!(super::coloured(text), "\u{1b}[31mred\u{1b}[0m!");
        // What looks like a change of colours may hold something else.
        for text in ["\u{1b}[\rm", "\u{1b}[\u{8}\u{202e}m", "\u{1b}[>4;2m", "\u{1b}[\u{1b}[2Jm"] {
            let shown = super::coloured(text);
            assert!(matches!(&*shown, "" | "m"), "{shown:?} of {text:?}");
        }
    }

    #[test]
    fn characters_that_turn_or_hide_text_go() {
        check("a\u{202e}b\u{2066}c\u{2069}d\u{200f}e", "abcde");
        check("x\u{200b}y\u{feff}z\u{ad}\u{2028}\u{e0041}", "xyz");
        for text in ["👩\u{200d}💻 na\u{200c}me", "naïve → “quoted” … 漢字 العربية", "\u{202f}"]
        {
            check(text, text);
        }
    }

    #[test]
    fn the_quick_look_misses_nothing() {
        for character in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let mut buffer = [0; 4];
            assert_eq!(is_plain(character.encode_utf8(&mut buffer)), !is_hidden(character), "{character:?}");
        }
    }

    #[test]
    fn styles_are_told() {
        let styles: Vec<_> = pieces("\u{1b}[1;31ma\u{1b}[2J\u{1b}[mb").collect();
        assert_eq!(styles, [Piece::Style("1;31"), Piece::Text('a'), Piece::Style(""), Piece::Text('b')]);
    }
}
