//! What stands in a file before its elements are read: its encoding, and the letters and names that XML allows.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use crate::read::{ReadError, at};

/// The text of a file. Its encoding is the one of a byte order mark, else the one that its declaration names, else UTF-8.
pub(crate) fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    let (encoding, bytes) = match (Encoding::for_bom(bytes), declared(bytes)) {
        (Some((encoding, length)), _) => (encoding, &bytes[length..]),
        // ASCII is a part of UTF-8; the standard of the web's encodings takes its name for another one.
        (None, Some(label)) if label.eq_ignore_ascii_case("us-ascii") => (UTF_8, bytes),
        (None, Some(label)) => match Encoding::for_label(label.as_bytes()) {
            Some(encoding) => (encoding, bytes),
            None => return Err(at("", 0, format!("the encoding {label} is not known"))),
        },
        (None, None) => (UTF_8, bytes),
    };
    let text = if encoding == UTF_8 {
        Cow::Borrowed(std::str::from_utf8(bytes).map_err(|error| {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            at(&valid, valid.len(), "the file is not UTF-8")
        })?)
    } else {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
        text.ok_or_else(|| at("", 0, format!("the file is not {}", encoding.name())))?
    };
    match text.char_indices().find(|(_, letter)| !is_allowed(*letter)) {
        Some((place, letter)) => {
            Err(at(&text, place, format!("the character U+{:04X} is not allowed", u32::from(letter))))
        }
        None => Ok(text),
    }
}

/// The encoding that a file's declaration names.
fn declared(bytes: &[u8]) -> Option<&str> {
    let rest = bytes.strip_prefix(b"<?xml")?;
    let end = rest.windows(2).position(|two| two == b"?>")?;
    let declaration = std::str::from_utf8(&rest[..end]).ok()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
    value[1..].split(quote).next()
}

/// Whether a letter may stand in a file [XML 1.0, 2.2 Characters].
pub(crate) fn is_allowed(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Whether a text is a name, with one prefix or none [Namespaces in XML 1.0, 4 Qualified names].
pub(crate) fn is_name(text: &str) -> bool {
    let is_part = |part: &str| {
        let mut letters = part.chars();
        letters.next().is_some_and(begins_name)
            && letters.all(|letter| {
                begins_name(letter)
                    || matches!(letter, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
            })
    };
    match text.split_once(':') {
        None => is_part(text),
        Some((prefix, local)) => is_part(prefix) && is_part(local),
    }
}

/// Whether a name may begin with a letter [XML 1.0, 2.3 Common syntactic constructs, without the colon].
fn begins_name(letter: char) -> bool {
    matches!(letter,
        'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_the_one_of_the_mark_or_of_the_declaration() {
        let check = |bytes: &[u8], text: &str| assert_eq!(text_of(bytes).unwrap(), text);
        check("\u{feff}<é/>".as_bytes(), "<é/>");
        let of = |encoding: &str| format!("<?xml version=\"1.0\" encoding = '{encoding}'?><a>");
        let ascii = of("us-ascii");
        check(ascii.as_bytes(), &ascii);
        check(&[of("ISO-8859-1").as_bytes(), b"\xe9"].concat(), &format!("{}é", of("ISO-8859-1")));
        check(&[of("windows-1252").as_bytes(), b"\x80"].concat(), &format!("{}€", of("windows-1252")));
        let wide = of("UTF-16").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        check(&[b"\xff\xfe".as_slice(), &wide].concat(), &of("UTF-16"));
    }

    #[test]
    fn bytes_outside_of_the_encoding_and_characters_outside_of_xml_are_refused() {
        let check = |bytes: &[u8], expected: &str| {
            assert_eq!(text_of(bytes).unwrap_err().to_string(), expected);
        };
        check(b"<a>\n\xff</a>", "the file is not UTF-8 at 2:1");
        check(b"<?xml encoding=\"klingon\"?><a/>", "the encoding klingon is not known at 1:1");
        check(b"<?xml encoding=\"shift_jis\"?>\x80\xff", "the file is not Shift_JIS at 1:1");
        check(b"<a>\n \x01</a>", "the character U+0001 is not allowed at 2:2");
    }

    #[test]
    fn names_have_one_prefix_or_none() {
        for name in ["a", "_a-1.b", "é", "p:a"] {
            assert!(is_name(name), "{name}");
        }
        for text in ["", "1a", "-a", "a b", "a:b:c", ":a", "a:", "a:1", "a\"b"] {
            assert!(!is_name(text), "{text}");
        }
    }
}
