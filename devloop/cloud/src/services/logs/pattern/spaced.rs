//! Patterns for space-delimited messages: `[ip, user, ..., status = 4*, bytes > 1000]` [Filter pattern syntax:
//! space-delimited log events, CloudWatch Logs user guide].

use serde_json::{Map, Value};

use super::json::{Condition, Selector};

/// A space-delimited pattern. It matches messages with the same number of fields or, with an ellipsis, with at least as
/// many.
#[derive(Debug)]
pub(crate) struct Spaced {
    /// The fields before the ellipsis, or all of them.
    pub(crate) first: Vec<Field>,
    /// The fields after the ellipsis, if there is one.
    pub(crate) last: Option<Vec<Field>>,
}

/// A field of the pattern.
#[derive(Debug)]
pub(crate) struct Field {
    /// The name for conditions and metrics; a field without a name is called by its number.
    pub(crate) name: Option<String>,
    /// The field's condition, which may refer to other fields of the pattern too.
    pub(crate) condition: Option<Condition>,
}

impl Spaced {
    /// The fields of a matching message by name, without the `$` that metric filters write before it; `None` if the message
    /// does not match.
    pub(crate) fn fields(&self, message: &str) -> Option<Map<String, Value>> {
        let found = split(message);
        let last = self.last.as_deref().unwrap_or_default();
        let wanted = self.first.len() + last.len();
        if found.len() < wanted || (self.last.is_none() && found.len() > wanted) {
            return None;
        }
        let behind = found.len() - last.len();
        let mut fields = Map::new();
        for (index, text) in found.iter().enumerate() {
            let field = match index.checked_sub(behind) {
                Some(index) => last.get(index),
                None => self.first.get(index),
            };
            let name = field.and_then(|field| field.name.clone()).unwrap_or_else(|| (index + 1).to_string());
            fields.insert(name, (*text).into());
        }
        let fields = Value::Object(fields);
        let all = self.first.iter().chain(last).filter_map(|field| field.condition.as_ref());
        if !all.into_iter().all(|condition| condition.holds(&fields)) {
            return None;
        }
        if let Value::Object(fields) = fields { Some(fields) } else { None }
    }
}

/// The selector of the field with this name.
pub(super) fn selector(name: &str) -> Selector {
    Selector(vec![super::json::Step::Member(name.to_owned())])
}

/// Splits a message into fields: words, and texts in double quotes or square brackets.
fn split(message: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = message.trim();
    while !rest.is_empty() {
        let closing = match rest.as_bytes().first() {
            Some(b'"') => Some('"'),
            Some(b'[') => Some(']'),
            _ => None,
        };
        let inside = closing.and_then(|closing| rest[1..].split_once(closing));
        let (field, behind) = match inside {
            Some(found) => found,
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        fields.push(field);
        rest = behind.trim_start();
    }
    fields
}
