//! The reading that a unicorn's sensors send once a second.

use serde_json::{Map, Value};

use crate::event::Record;

/// Why a record is bad, and will stay so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Poison {
    /// The sensor says so itself: its `InputData` contains `error`.
    #[error("kaboom")]
    Kaboom,
    /// The record's data is not base64 or not a JSON object.
    #[error("invalid reading: {0}")]
    Invalid(String),
    /// An attribute is missing or has another type.
    #[error("{0} is missing")]
    Missing(&'static str),
}

/// A reading that can be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The unicorn.
    pub name: String,
    /// When it was read, as text: with the name, the reading's key.
    pub status_time: String,
    /// Everything that was sent, including these two.
    pub attributes: Map<String, Value>,
}

impl Reading {
    /// Reads a record's data. A trailing newline is allowed, and letters of any script.
    pub fn of(record: &Record) -> Result<Self, Poison> {
        let data = record.data().map_err(|error| Poison::Invalid(error.to_string()))?;
        Self::parse(&data)
    }

    /// Reads the bytes of a record's data.
    pub fn parse(data: &[u8]) -> Result<Self, Poison> {
        let attributes = object(data)?;
        let text = |name: &'static str| match attributes.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            _ => Err(Poison::Missing(name)),
        };
        if text("InputData")?.to_lowercase().contains("error") {
            return Err(Poison::Kaboom);
        }
        Ok(Self { name: text("Name")?, status_time: text("StatusTime")?, attributes })
    }

    /// A record's unicorn and distance in metres; `None` when either is missing. For distances it does not matter whether the
    /// sensor reports an error.
    pub fn distance(record: &Record) -> Option<(String, f64)> {
        let attributes = object(&record.data().ok()?).ok()?;
        let name = attributes.get("Name")?.as_str().filter(|name| !name.is_empty())?;
        Some((name.to_owned(), attributes.get("Distance")?.as_f64()?))
    }
}

fn object(data: &[u8]) -> Result<Map<String, Value>, Poison> {
    match serde_json::from_slice(data) {
        Ok(Value::Object(attributes)) => Ok(attributes),
        Ok(_) => Err(Poison::Invalid("not a JSON object".to_owned())),
        Err(error) => Err(Poison::Invalid(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data: &str, expected: Result<(&str, &str), &str>) {
        let found = Reading::parse(data.as_bytes());
        let seen = found.as_ref().map(|reading| (reading.name.as_str(), reading.status_time.as_str()));
        assert_eq!(seen.map_err(ToString::to_string), expected.map_err(str::to_owned), "{data}");
    }

    #[test]
    fn a_reading_is_good_or_poison() {
        let reading = |input: &str| {
            format!(
                "{{\"Name\":\"Žofie\",\"StatusTime\":\"2026-11-20 10:00:00.000\",\"InputData\":\"{input}\"}}\n"
            )
        };
        check(&reading("Unicorn"), Ok(("Žofie", "2026-11-20 10:00:00.000")));
        check(&reading("Unicornerror"), Err("kaboom"));
        check(&reading("an ERROR"), Err("kaboom"));
        check(&reading(""), Err("InputData is missing"));
        check(r#"{"StatusTime":"t","InputData":"Unicorn"}"#, Err("Name is missing"));
        check(r#"{"Name":"n","InputData":"Unicorn"}"#, Err("StatusTime is missing"));
        check("[]", Err("invalid reading: not a JSON object"));
        check("{", Err("invalid reading: EOF while parsing an object at line 1 column 1"));
    }
}
