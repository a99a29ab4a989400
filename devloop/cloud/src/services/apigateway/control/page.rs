//! Pages of collections: `{"item": [...], "position": "..."}`.

use serde_json::{Value, json};

use super::{errors::bad_request, members::Input};
use crate::error::ApiError;

/// The page of `items` that the request's `position` and `limit` ask for; 25 items without a limit.
pub(in crate::services::apigateway) fn page(input: &Input, items: Vec<Value>) -> Result<Value, ApiError> {
    let invalid = |name: &str| bad_request(format!("Invalid {name} specified"));
    let number = |name: &str| match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.parse::<usize>().map(Some).map_err(|_| invalid(name)),
        Some(number) => number.as_u64().map(|number| Some(number as usize)).ok_or_else(|| invalid(name)),
    };
    let start = number("position")?.unwrap_or(0);
    let limit = number("limit")?.unwrap_or(25).clamp(1, 500);
    let end = start.saturating_add(limit);
    let more = end < items.len();
    let items: Vec<Value> = items.into_iter().skip(start).take(limit).collect();
    let mut body = json!({ "item": items });
    if more {
        body["position"] = end.to_string().into();
    }
    Ok(body)
}
