//! An event in a query: Insights' own fields, the fields of Lambda's REPORT lines, and the members of JSON messages.

use std::cell::OnceCell;

use serde_json::Value;

use super::value::Field;
use crate::report_line::ReportLine;
use crate::services::logs::{
    group::{Event, Position},
    read::event_id,
};

/// An event with its fields.
pub(super) struct Fields<'e> {
    event: &'e Event,
    position: Position,
    group: &'e str,
    account: &'e str,
    document: OnceCell<Option<Value>>,
}

impl<'e> Fields<'e> {
    /// The fields of the event at `position` of `group`.
    pub(super) fn new(event: &'e Event, position: Position, group: &'e str, account: &'e str) -> Self {
        Self { event, position, group, account, document: OnceCell::new() }
    }

    /// A field by its name. A name with dots can lead to nested members and elements.
    pub(super) fn get(&self, name: &str) -> Option<Field> {
        match name {
            "@timestamp" => Some(Field::Time(self.position.at_ms)),
            "@message" => Some(Field::Text(self.event.message.to_string())),
            "@logStream" => Some(Field::Text(self.event.stream.to_string())),
            "@log" => Some(Field::Text(format!("{}:{}", self.account, self.group))),
            "@ingestionTime" => Some(Field::Time(self.event.ingested_ms)),
            "@ptr" => Some(Field::Text(event_id(self.position))),
            _ => match name.strip_prefix('@') {
                Some(name) => of_lambda(&self.event.message, name),
                None => Field::of_json(member(self.document()?, name)?),
            },
        }
    }

    fn document(&self) -> Option<&Value> {
        let message = self.event.message.trim_start();
        let read = || message.starts_with('{').then(|| serde_json::from_str(message).ok()).flatten();
        self.document.get_or_init(read).as_ref()
    }
}

/// The member with this name; the member's own name may contain dots.
fn member<'d>(document: &'d Value, name: &str) -> Option<&'d Value> {
    let direct = |name: &str| match document {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    };
    if let Some(found) = direct(name) {
        return Some(found);
    }
    name.match_indices('.').find_map(|(at, _)| member(direct(&name[..at])?, &name[at + 1..]))
}

/// The fields in Lambda's own lines [Supported logs and discovered fields: Lambda].
fn of_lambda(message: &str, name: &str) -> Option<Field> {
    match name {
        "type" | "requestId" => {
            let (kind, rest) = message.split_once(" RequestId: ")?;
            let value = if name == "type" { kind } else { rest.split_whitespace().next()? };
            matches!(kind, "START" | "END" | "REPORT").then(|| Field::Text(value.to_owned()))
        }
        _ => {
            let report = ReportLine::parse(message)?;
            // AWS has memory in bytes.
            let bytes = |megabytes: u64| megabytes as f64 * 1e6;
            let value = match name {
                "duration" => Some(report.duration_ms),
                "billedDuration" => report.billed_ms,
                "initDuration" => report.init_ms,
                "memorySize" => report.memory_size_mb.map(bytes),
                "maxMemoryUsed" => report.max_memory_used_mb.map(bytes),
                _ => None,
            };
            value.map(Field::Number)
        }
    }
}
