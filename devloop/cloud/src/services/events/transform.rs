//! The input of targets: parts of events by path, and texts made from templates [Amazon EventBridge input transformation].

use std::collections::BTreeMap;

use serde_json::Value;

/// A path such as `$.detail.items[0].name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

impl Path {
    /// Parses a path; `None` when the text is not a path.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(member) = rest.strip_prefix('.') {
                let end = member.find(['.', '[']).unwrap_or(member.len());
                if end == 0 {
                    return None;
                }
                steps.push(Step::Member(member[..end].to_owned()));
                rest = &member[end..];
            } else {
                let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
                let name = inside.strip_prefix('\'').and_then(|name| name.strip_suffix('\''));
                steps.push(match name {
                    Some(name) => Step::Member(name.to_owned()),
                    None => Step::Element(inside.parse().ok()?),
                });
                rest = after;
            }
        }
        Some(Self(steps))
    }

    /// The value at the path.
    pub(super) fn of<'e>(&self, event: &'e Value) -> Option<&'e Value> {
        self.0.iter().try_fold(event, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Element(at) => value.get(at),
        })
    }
}

/// A template with names in angle brackets, and the paths of their values.
#[derive(Debug, Clone)]
pub(super) struct Template {
    paths: BTreeMap<String, Path>,
    text: String,
}

impl Template {
    pub(super) fn new(paths: BTreeMap<String, Path>, text: String) -> Self {
        Self { paths, text }
    }

    /// The text for an event; `known` has the values of EventBridge's own variables. Inside quotes a value is inserted as
    /// text, outside of them as JSON. A variable without a value is an empty text inside quotes and `null` outside. Unknown
    /// names are left as they are.
    pub(super) fn made(&self, event: &Value, known: impl Fn(&str) -> Option<Value>) -> String {
        let mut out = String::with_capacity(self.text.len());
        let (mut quoted, mut rest) = (false, self.text.as_str());
        while let Some(letter) = rest.chars().next() {
            if letter == '<'
                && let Some((name, after)) = rest[1..].split_once('>')
                && let Some(value) = self.value(name, event, &known)
            {
                match (quoted, value) {
                    (true, Value::Null) => {}
                    (true, Value::String(text)) => push_escaped(&mut out, &text),
                    (true, other) => push_escaped(&mut out, &other.to_string()),
                    (false, other) => out.push_str(&other.to_string()),
                }
                rest = after;
                continue;
            }
            // A backslash escapes the next character.
            let length = if letter == '\\' {
                rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at)
            } else {
                letter.len_utf8()
            };
            quoted ^= letter == '"';
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        }
        out
    }

    fn value(&self, name: &str, event: &Value, known: &impl Fn(&str) -> Option<Value>) -> Option<Value> {
        match self.paths.get(name) {
            Some(path) => Some(path.of(event).cloned().unwrap_or_default()),
            None => known(name),
        }
    }
}

/// Appends a text, escaped as in a JSON string but without the quotes.
fn push_escaped(out: &mut String, text: &str) {
    let quoted = Value::from(text).to_string();
    out.push_str(&quoted[1..quoted.len() - 1]);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_finds_a_part_of_an_event() {
        let event = json!({"detail": {"items": [{"a b": 1}], "state": "on"}, "detail-type": "x"});
        let check = |path: &str, expected: Option<Value>| {
            assert_eq!(Path::read(path).and_then(|path| path.of(&event).cloned()), expected, "{path}");
        };
        check("$", Some(event.clone()));
        check("$.detail.state", Some(json!("on")));
        check("$.detail-type", Some(json!("x")));
        check("$.detail.items[0]", Some(json!({"a b": 1})));
        check("$.detail.items[0]['a b']", Some(json!(1)));
        check("$.none.of", None);
        check("detail", None);
        check("$..a", None);
    }

    /// The examples of the documentation, with its event of an instance that changes its state.
    #[test]
    fn templates_are_made_as_documented() {
        let event = json!({
            "detail": {"instance-id": "i-0123456789", "state": "RUNNING", "tags": ["a", "b"], "quote": "say \"hi\""},
        });
        let paths = [
            ("instance", "$.detail.instance-id"),
            ("state", "$.detail.state"),
            ("tags", "$.detail.tags"),
            ("quote", "$.detail.quote"),
            ("none", "$.detail.none"),
        ];
        let paths: BTreeMap<_, _> =
            paths.iter().map(|(name, path)| ((*name).to_owned(), Path::read(path).unwrap())).collect();
        let check = |template: &str, expected: &str| {
            let template = Template::new(paths.clone(), template.to_owned());
            let known = |name: &str| (name == "aws.events.rule-name").then(|| json!("the-rule"));
            assert_eq!(template.made(&event, known), expected);
        };
        check(r#""instance <instance> is in <state>""#, r#""instance i-0123456789 is in RUNNING""#);
        check(
            r#"{"instance" : <instance>, "status" : <state>}"#,
            r#"{"instance" : "i-0123456789", "status" : "RUNNING"}"#,
        );
        check(r#"{"tags": <tags>, "text": "<tags>"}"#, r#"{"tags": ["a","b"], "text": "[\"a\",\"b\"]"}"#);
        check(r#"{"q": "<quote>", "e": "a\"<state>"}"#, r#"{"q": "say \"hi\"", "e": "a\"RUNNING"}"#);
        check(r#""<none>" <none> <other> <aws.events.rule-name>"#, r#""" null <other> "the-rule""#);
    }
}
