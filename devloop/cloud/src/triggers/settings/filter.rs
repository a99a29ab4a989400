//! `FilterCriteria`: which records and messages are delivered.

use serde_json::{Value, json};

use super::invalid;
use crate::{error::ApiError, event_pattern::Pattern};

/// The most filters of a mapping, by AWS's default quota.
const MOST: usize = 5;
/// The longest pattern, in bytes.
const LONGEST: usize = 4096;

/// A filter: its pattern as text and parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    text: String,
    pub(crate) pattern: Pattern,
}

/// Parses a `FilterCriteria`; an empty one removes the filters.
pub(super) fn read(criteria: &Value) -> Result<Vec<Filter>, ApiError> {
    let filters = match criteria.get("Filters") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(filters)) => filters,
        Some(other) => {
            let message = format!("{other} is not a list of filters");
            return Err(ApiError::client("SerializationException", message));
        }
    };
    if filters.len() > MOST {
        return Err(invalid(format!(
            "Exceeded the maximum number of filters: {} were given and {MOST} are allowed.",
            filters.len()
        )));
    }
    filters.iter().map(one).collect()
}

fn one(filter: &Value) -> Result<Filter, ApiError> {
    let text = filter.get("Pattern").and_then(Value::as_str).unwrap_or_default();
    let pattern = Pattern::parse(text).ok().filter(|_| text.len() <= LONGEST);
    let pattern = pattern.ok_or_else(|| invalid("Invalid filter pattern definition."))?;
    Ok(Filter { text: text.to_owned(), pattern })
}

/// The filters in the form of the API; `None` if there are none.
pub(crate) fn show(filters: &[Filter]) -> Option<Value> {
    let shown: Vec<Value> = filters.iter().map(|filter| json!({ "Pattern": filter.text })).collect();
    (!shown.is_empty()).then(|| json!({ "Filters": shown }))
}
