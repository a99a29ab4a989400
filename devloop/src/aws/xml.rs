//! Answers in XML, which AWS's query protocol gives, read into the form of JSON.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// The deepest nesting that is read. AWS's answers have a dozen levels; values that nest deeply are also dropped deeply.
const DEEPEST: usize = 64;

/// An element that is being read.
#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<(String, Value)>,
}

impl Element {
    fn value(self) -> Value {
        if self.children.is_empty() {
            return self.text.into();
        }
        if self.children.iter().all(|(name, _)| name == "member") {
            return self.children.into_iter().map(|(_, value)| value).collect();
        }
        self.children.into_iter().collect::<Map<_, _>>().into()
    }
}

/// The content of the document's only element: a text, a list where every child is a `member`, or an object of the children by
/// their names. `Null` if it cannot be read. A list without members is an empty text.
pub(crate) fn document(xml: &str) -> Value {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    loop {
        let event = reader.read_event();
        let Some(last) = open.last_mut() else { return Value::Null };
        match event {
            Ok(Event::Start(start)) => {
                if open.len() > DEEPEST {
                    return Value::Null;
                }
                let name = start.local_name().as_ref().to_owned();
                open.push(Element { name, ..Element::default() });
            }
            Ok(Event::Empty(start)) => {
                last.children.push((start.local_name().as_ref().to_owned(), "".into()));
            }
            Ok(Event::End(_)) => {
                let ended = open.pop().unwrap_or_default();
                let Some(parent) = open.last_mut() else { return Value::Null };
                parent.children.push((ended.name.clone(), ended.value()));
            }
            Ok(Event::Text(text)) => last.text.push_str(text.as_ref()),
            Ok(Event::CData(text)) => last.text.push_str(text.as_ref()),
            Ok(Event::GeneralRef(reference)) => match reference.resolve_char_ref() {
                Ok(Some(character)) => last.text.push(character),
                _ => {
                    let known = quick_xml::escape::resolve_predefined_entity(reference.as_ref());
                    last.text.push_str(known.unwrap_or_default());
                }
            },
            Ok(Event::Eof) => {
                let whole = open.len() == 1;
                let root = open.pop().and_then(|mut root| root.children.pop());
                return root.filter(|_| whole).map_or(Value::Null, |(_, value)| value);
            }
            Err(_) => return Value::Null,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::document;

    #[test]
    fn an_answer_is_read_with_its_lists_and_texts() {
        let xml = "<?xml version=\"1.0\"?>\n<R xmlns=\"x\"><Result>\n<Outputs>\
            <member><Key>Url</Key><Value>http://a/?b=1&amp;c=2&#10;</Value></member>\
            <member><Key>Name</Key><Tags><member>x</member></Tags></member>\
            </Outputs><None/></Result><Rest>y</Rest></R>";
        let expected = json!({
            "Result": {
                "Outputs": [{ "Key": "Url", "Value": "http://a/?b=1&c=2\n" }, { "Key": "Name", "Tags": ["x"] }],
                "None": "",
            },
            "Rest": "y",
        });
        assert_eq!(document(xml), expected);
        let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
        for unreadable in ["<a><b>", "", "no XML", deep.as_str()] {
            assert_eq!(document(unreadable), Value::Null, "{unreadable}");
        }
    }
}
