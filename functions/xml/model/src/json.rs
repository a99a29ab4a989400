//! JSON as the reference writes it: four spaces for each level, everything beyond ASCII escaped.

use std::fmt::Write as _;

use crate::tree::Tree;

/// The document, without a line end behind it.
pub fn to_json(tree: &Tree) -> String {
    let mut out = String::new();
    write(&mut out, tree, 0);
    out
}

fn write(out: &mut String, tree: &Tree, depth: usize) {
    match tree {
        Tree::Null => out.push_str("null"),
        Tree::Text(text) => quoted(out, text),
        Tree::List(items) if items.is_empty() => out.push_str("[]"),
        Tree::Object(members) if members.is_empty() => out.push_str("{}"),
        Tree::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                begin(out, index, depth);
                write(out, item, depth + 1);
            }
            end(out, depth, ']');
        }
        Tree::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                begin(out, index, depth);
                quoted(out, name);
                out.push_str(": ");
                write(out, value, depth + 1);
            }
            end(out, depth, '}');
        }
    }
}

fn begin(out: &mut String, index: usize, depth: usize) {
    out.push_str(if index == 0 { "\n" } else { ",\n" });
    out.extend(std::iter::repeat_n("    ", depth + 1));
}

fn end(out: &mut String, depth: usize, bracket: char) {
    out.push('\n');
    out.extend(std::iter::repeat_n("    ", depth));
    out.push(bracket);
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(letter),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Members;

    #[test]
    fn documents_are_written_as_the_reference_writes_them() {
        let text = |text: &str| Tree::Text(text.to_owned());
        let tree = Tree::Object(Members::from_iter([
            ("a".to_owned(), Tree::List(vec![text("é😀\"\n"), Tree::Null])),
            ("b".to_owned(), Tree::Object(Members::default())),
            ("c".to_owned(), Tree::List(Vec::new())),
        ]));
        let expected = "{\n    \"a\": [\n        \"\\u00e9\\ud83d\\ude00\\\"\\n\",\n        null\n    ],\n    \"b\": {},\n    \"c\": []\n}";
        assert_eq!(to_json(&tree), expected);
    }
}
