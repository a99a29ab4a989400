//! The values in a query: text and numbers, and their order.

use std::cmp::Ordering;

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    Text(String),
    Number(f64),
    /// Time in ms since the epoch.
    Time(i64),
}

impl Field {
    /// The field for a JSON value: objects and arrays as their JSON text; `None` for null.
    pub(super) fn of_json(value: &serde_json::Value) -> Option<Self> {
        use serde_json::Value;
        Some(match value {
            Value::Null => return None,
            Value::String(text) => Self::Text(text.clone()),
            Value::Number(number) => Self::Number(number.as_f64()?),
            Value::Bool(flag) => Self::Text(u8::from(*flag).to_string()),
            other => Self::Text(other.to_string()),
        })
    }

    /// The value as a number, if it can be read as one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Number(number) => Some(*number),
            Self::Time(ms) => Some(*ms as f64),
        }
    }

    /// The value in the form of the API's output.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Time(ms) => jiff::Timestamp::from_millisecond(*ms)
                .unwrap_or_default()
                .strftime("%Y-%m-%d %H:%M:%S%.3f")
                .to_string(),
        }
    }

    /// The order of two values: all text comes before all numbers [CloudWatch Logs Insights: sort]. Text is compared letter
    /// by letter, even where it contains digits.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self.number(), other.number()) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            (None, None) => self.text().cmp(&other.text()),
            (one, other) => one.is_some().cmp(&other.is_some()),
        }
    }
}
