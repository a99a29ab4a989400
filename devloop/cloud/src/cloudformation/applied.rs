//! The outcome of applying a template in process: the stack's outputs, what was left out, and what changed.

use std::fmt;

use serde_json::Value;

use super::{needed::LeftOut, stack::Outputs};

/// The longest value that is shown of a property, in characters.
const LONGEST: usize = 40;

/// The outcome of applying a template.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// The stack's outputs and resources.
    pub outputs: Outputs,
    /// What the cloud lacks and no function and no mapping needs.
    pub left_out: Vec<LeftOut>,
    /// What differs from the stack before, in the order in which it was done; nothing the second time.
    pub changes: Vec<ResourceChange>,
}

/// What an application did to one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceChange {
    /// Its logical id.
    pub logical: String,
    /// Its type, such as `AWS::SQS::Queue`.
    pub kind: String,
    /// What was done.
    pub what: Deed,
    /// The properties that differ, with their values where these are short, such as `DelaySeconds 1 → 2`.
    pub properties: Vec<String>,
}

/// What can be done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It is new.
    Added,
    /// It was changed in place.
    Changed,
    /// Another one took its place.
    Replaced,
    /// It is gone.
    Removed,
}

impl fmt::Display for ResourceChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            Deed::Added => "added",
            Deed::Changed => "changed",
            Deed::Replaced => "replaced",
            Deed::Removed => "removed",
        };
        write!(formatter, "{} ({}) {what}", self.logical, self.kind)?;
        if self.properties.is_empty() {
            Ok(())
        } else {
            write!(formatter, ": {}", self.properties.join(", "))
        }
    }
}

impl ResourceChange {
    /// The change that a change set tells of: a member of `Changes` in the answer of `DescribeChangeSet`. `None` if it tells of no
    /// resource.
    pub fn of(told: &Value) -> Option<Self> {
        let change = told.get("ResourceChange")?;
        let text = |member: &str| change.get(member).and_then(Value::as_str);
        let what = match (text("Action")?, text("Replacement")) {
            ("Add", _) => Deed::Added,
            ("Remove", _) => Deed::Removed,
            (_, Some("True" | "Conditional")) => Deed::Replaced,
            _ => Deed::Changed,
        };
        let details = change.get("Details").and_then(Value::as_array);
        Some(Self {
            logical: text("LogicalResourceId")?.to_owned(),
            kind: text("ResourceType")?.to_owned(),
            what,
            properties: details.into_iter().flatten().filter_map(property).collect(),
        })
    }
}

/// A property's name, with the values before and after if both are short. Documents, URLs and values that may hold a password are
/// left out: the stack itself shows them.
fn property(detail: &Value) -> Option<String> {
    let target = detail.get("Target")?;
    let name = target.get("Name")?.as_str()?;
    let short = |member: &str| {
        let value = target.get(member)?.as_str()?;
        let plain = value.chars().count() <= LONGEST && !value.contains(['{', '[', '@', '\n']);
        (plain && !value.contains("://")).then_some(value)
    };
    let secret = ["Secret", "Password", "Token"].iter().any(|word| name.contains(word));
    Some(match (short("BeforeValue"), short("AfterValue")) {
        (Some(before), Some(after)) if !secret => format!("{name} {before} → {after}"),
        _ => name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_one_line() {
        let check = |action: &str, replacement: &str, details: &[(&str, &str, &str)], expected: &str| {
            let details: Vec<Value> = details
                .iter()
                .map(|(name, before, after)| {
                    json!({ "Target": { "Name": name, "BeforeValue": before, "AfterValue": after } })
                })
                .collect();
            let told = json!({ "ResourceChange": {
                "Action": action, "Replacement": replacement, "LogicalResourceId": "Q", "ResourceType": "T",
                "Details": details,
            } });
            assert_eq!(ResourceChange::of(&told).unwrap().to_string(), expected);
        };
        check("Add", "", &[], "Q (T) added");
        check("Remove", "", &[], "Q (T) removed");
        check(
            "Modify",
            "False",
            &[("Delay", "1", "2"), ("Tags", "[]", "[1]")],
            "Q (T) changed: Delay 1 → 2, Tags",
        );
        check("Modify", "True", &[("Name", "a", "b")], "Q (T) replaced: Name a → b");
        check("Modify", "False", &[("SecretString", "a", "b")], "Q (T) changed: SecretString");
        check("Modify", "False", &[("Url", "postgres://u:p@h/d", "x")], "Q (T) changed: Url");
    }
}
