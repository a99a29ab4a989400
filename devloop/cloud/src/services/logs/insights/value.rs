//! The values of a query: text, numbers, and how they compare.

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
    /// A JSON value; objects and arrays as their text, null as nothing.
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

    /// As a number, if it reads as one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Number(number) => Some(*number),
            Self::Time(ms) => Some(*ms as f64),
        }
    }

    /// As answers show it.
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

    /// The order of two values: all text before all numbers [CloudWatch Logs Insights: sort]. Digits in text are letters here.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self.number(), other.number()) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            (None, None) => self.text().cmp(&other.text()),
            (one, other) => one.is_some().cmp(&other.is_some()),
        }
    }
}
