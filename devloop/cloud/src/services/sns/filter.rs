//! Filter policies: which messages a subscription gets [Amazon SNS subscription filter policies].

use serde_json::{Map, Value};

use super::{input::invalid, message::Published};
use crate::{error::ApiError, event_pattern::Pattern};

/// The most keys in one policy.
const MOST_NAMES: usize = 5;

/// The scope of a policy: what it is matched against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Scope {
    #[default]
    Attributes,
    Body,
}

impl Scope {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Attributes => "MessageAttributes",
            Self::Body => "MessageBody",
        }
    }
}

/// A policy, as text and parsed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FilterPolicy {
    pub(super) text: String,
    pattern: Pattern,
    scope: Scope,
}

impl FilterPolicy {
    pub(super) fn read(text: &str, scope: Scope) -> Result<Self, ApiError> {
        let bad = |why: &dyn std::fmt::Display| invalid(format_args!("FilterPolicy: {why}"));
        let value: Value = serde_json::from_str(text).map_err(|_| bad(&"failed to parse JSON."))?;
        let names = leaves(&value);
        if names > MOST_NAMES {
            return Err(bad(&"Filter policy can not have more than 5 keys"));
        }
        let nested =
            |value: &Value| value.as_object().is_some_and(|members| members.values().any(Value::is_object));
        if scope == Scope::Attributes && nested(&value) {
            return Err(bad(&"Filter policy scope MessageAttributes does not support nested filter policy"));
        }
        let pattern = Pattern::parse(text).map_err(|error| bad(&error))?;
        Ok(Self { text: text.to_owned(), pattern, scope })
    }

    /// Whether the policy accepts a message. With the scope `MessageBody`, a message that is not JSON is rejected.
    pub(super) fn accepts(&self, message: &Published) -> bool {
        match self.scope {
            Scope::Attributes => self.pattern.accepts(&attributes(message)),
            Scope::Body => {
                let body = serde_json::from_str::<Value>(&message.text);
                body.is_ok_and(|body| body.is_object() && self.pattern.accepts(&body))
            }
        }
    }
}

/// How many keys a policy has, counting only the innermost ones.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match value {
                Value::Array(items) if name == "$or" => items.iter().map(leaves).sum(),
                Value::Object(_) => leaves(value),
                _ => 1,
            })
            .sum(),
        _ => 0,
    }
}

/// A message's attributes in the JSON form that policies are matched against. Numbers and arrays have their own types;
/// binary attributes cannot be matched.
fn attributes(message: &Published) -> Value {
    let mut members = Map::new();
    for (name, attribute) in &message.attributes {
        let text = attribute.string_value.as_deref().unwrap_or_default();
        let value = match attribute.data_type.split('.').next() {
            Some("Number") => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
            Some("String") if attribute.data_type == "String.Array" => {
                serde_json::from_str(text).unwrap_or_else(|_| text.into())
            }
            Some("String") => text.into(),
            _ => continue,
        };
        members.insert(name.clone(), value);
    }
    Value::Object(members)
}
