//! Event patterns: JSON that says which JSON it accepts. Event source mappings filter records with them
//! [Control which events Lambda sends to your function, Lambda developer guide]; the operators are those of EventBridge
//! [Comparison operators for use in event patterns, EventBridge user guide].

mod comparison;
mod parse;
#[cfg(test)]
mod tests;

use comparison::Comparison;
use serde_json::Value;

/// A parsed and checked pattern.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern(Vec<Condition>);

/// A condition on one object; all conditions of a pattern must hold.
#[derive(Debug, Clone, PartialEq)]
enum Condition {
    /// The member with this name is an object that the inner pattern accepts.
    Inside(String, Pattern),
    /// The member with this name satisfies one of the comparisons.
    OneOf(String, Vec<Comparison>),
    /// One of the patterns accepts the same object (`$or`).
    Either(Vec<Pattern>),
}

impl Pattern {
    /// Whether the pattern accepts `event`. Of an array, one element must fit, as in EventBridge.
    pub(crate) fn accepts(&self, event: &Value) -> bool {
        self.holds(Some(event))
    }

    /// Checks an object that may be missing: `{"exists": false}` accepts a missing member.
    fn holds(&self, object: Option<&Value>) -> bool {
        if let Some(Value::Array(items)) = object {
            return items.iter().any(|item| self.holds(Some(item)));
        }
        self.0.iter().all(|condition| condition.holds(object))
    }

    /// Whether the pattern accepts a record whose member `payload` came as text: it is an object or a list if that text is JSON. A
    /// pattern for JSON accepts no other text, and a pattern for text accepts no JSON [Using event filtering with an Amazon SQS
    /// event source, Using event filtering with a Kinesis event source, Lambda developer guide].
    pub(crate) fn accepts_record(&self, record: &Value, payload: &str) -> bool {
        let is_json = record.get(payload).is_some_and(|value| value.is_object() || value.is_array());
        self.0.iter().all(|condition| match condition {
            Condition::Inside(name, _) if name == payload && !is_json => false,
            Condition::OneOf(name, _) if name == payload && is_json => false,
            Condition::Either(patterns) => {
                patterns.iter().any(|pattern| pattern.accepts_record(record, payload))
            }
            condition => condition.holds(Some(record)),
        })
    }
}

impl Condition {
    fn holds(&self, object: Option<&Value>) -> bool {
        let member = |name: &String| object.and_then(|object| object.get(name));
        match self {
            Self::Inside(name, pattern) => pattern.holds(member(name)),
            Self::OneOf(name, comparisons) => {
                comparisons.iter().any(|comparison| comparison.holds(member(name)))
            }
            Self::Either(patterns) => patterns.iter().any(|pattern| pattern.holds(object)),
        }
    }
}
