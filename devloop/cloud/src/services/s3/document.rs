//! Converts XML documents to JSON values and back. An element with child elements becomes an object, repeated elements
//! become a list, and everything else is text. S3's documents have no element around their lists, so this works in both
//! directions.

use quick_xml::{Reader, escape::escape, events::Event};
use serde_json::{Map, Value};

use super::error::malformed_xml;
use crate::error::ApiError;

/// The deepest nesting of a document.
const DEPTH: usize = 32;

/// Parses a document; returns the name and the content of its root. Refuses document types and entities other than XML's
/// own.
pub(super) fn read(body: &[u8]) -> Result<(String, Value), ApiError> {
    let text = std::str::from_utf8(body).map_err(|_| malformed_xml())?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, Map<String, Value>, String)> = Vec::new();
    loop {
        match reader.read_event().map_err(|_| malformed_xml())? {
            Event::Start(start) => {
                if open.len() >= DEPTH {
                    return Err(malformed_xml());
                }
                let name = start.local_name().as_ref().to_owned();
                open.push((name, Map::new(), String::new()));
            }
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                match open.last_mut() {
                    Some((_, members, _)) => insert(members, name, Value::String(String::new())),
                    None => return Ok((name, Value::Object(Map::new()))),
                }
            }
            Event::End(_) => {
                let (name, members, text) = open.pop().ok_or_else(malformed_xml)?;
                let value = if members.is_empty() { Value::String(text) } else { Value::Object(members) };
                match open.last_mut() {
                    Some((_, members, _)) => insert(members, name, value),
                    None => return Ok((name, value)),
                }
            }
            Event::Text(piece) => {
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&piece);
                }
            }
            Event::CData(piece) => {
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&piece);
                }
            }
            Event::GeneralRef(name) => {
                let (_, _, text) = open.last_mut().ok_or_else(malformed_xml)?;
                text.push_str(&entity(&name).ok_or_else(malformed_xml)?);
            }
            Event::DocType(_) | Event::Eof => return Err(malformed_xml()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
}

fn entity(name: &str) -> Option<String> {
    let named = match name {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            return char::from_u32(code).map(String::from);
        }
    };
    Some(named.to_owned())
}

fn insert(members: &mut Map<String, Value>, name: String, value: Value) {
    match members.get_mut(&name) {
        None => {
            members.insert(name, value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// The items of a list; a list with one item was read as a single element.
pub(super) fn items<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
    match value.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    }
}

/// A text member.
pub(super) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

/// The namespace of S3's documents.
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Writes a document as XML.
pub(super) fn write(root: &str, value: &Value) -> String {
    let mut xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">");
    content(&mut xml, value);
    xml.extend(["</", root, ">"]);
    xml
}

fn content(xml: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::Array(items) => items.iter().for_each(|item| element(xml, name, item)),
                    Value::Null => {}
                    value => element(xml, name, value),
                }
            }
        }
        Value::String(text) => written(xml, text),
        Value::Null => {}
        other => xml.push_str(&other.to_string()),
    }
}

/// Writes text. Control characters, which XML cannot contain, become character references, as in S3's documents; otherwise
/// a carriage return would be lost.
fn written(xml: &mut String, text: &str) {
    for letter in escape(text).chars() {
        match letter {
            '\t' | '\n' | ' '.. => xml.push(letter),
            control => xml.push_str(&format!("&#x{:x};", u32::from(control))),
        }
    }
}

fn element(xml: &mut String, name: &str, value: &Value) {
    xml.extend(["<", name, ">"]);
    content(xml, value);
    xml.extend(["</", name, ">"]);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_survive_both_ways() {
        let value = json!({"Rule": [{"ID": "a&b"}, {"ID": "c"}], "Status": "Enabled"});
        let xml = write("Root", &value);
        assert_eq!(read(xml.as_bytes()).unwrap(), ("Root".to_owned(), value));
    }

    #[test]
    fn control_characters_are_written_as_references() {
        let value = json!({ "Key": "a\u{1}\r\n\tb" });
        let xml = write("Root", &value);
        assert!(xml.contains("<Key>a&#x1;&#13;\n\tb</Key>"), "{xml}");
        assert_eq!(read(xml.as_bytes()).unwrap().1, value);
    }

    #[test]
    fn hostile_documents_are_refused() {
        let deep = "<a>".repeat(100);
        let check =
            |text: &str| assert_eq!(read(text.as_bytes()).unwrap_err().code, "MalformedXML", "{text}");
        check("");
        check("<a>");
        check("<a></b>");
        check("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>");
        check("<a>&x;</a>");
        check(&deep);
    }
}
