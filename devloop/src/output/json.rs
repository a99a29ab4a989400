//! JSON that can be shown in a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::output::ansi::{is_hidden, is_plain};

/// The JSON with every character that a terminal must not get as `\u` and four digits. It stands for the same values.
pub(crate) fn escaped(json: &str) -> Cow<'_, str> {
    if is_plain(json) {
        return json.into();
    }
    let mut out = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_is_lost_and_nothing_is_left_that_moves_the_cursor() {
        let text = "a\u{7}\u{7f}\u{9b}31m\u{202e}\u{2066}\u{feff}\u{e0041} é→ \u{1b}[2J\n";
        let json = serde_json::to_string(text).unwrap();
        let safe = escaped(&json);
        assert_eq!(
            safe, r#""a\u0007\u007f\u009b31m\u202e\u2066\ufeff\udb40\udc41 é→ \u001b[2J\n""#,
            "everything that a terminal obeys is escaped"
        );
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        assert_eq!(escaped("{\n  \"a\": 1\n}"), "{\n  \"a\": 1\n}");
    }
}
