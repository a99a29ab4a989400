//! Collections, a page at a time: `{"item": [...], "position": "..."}`.

use serde_json::{Value, json};

use super::errors::bad_request;
use crate::{
    error::ApiError,
    http::{Reply, Request},
};

/// Answers with the part of `items` that the request's `position` and `limit` ask for; 25 items without a limit.
pub(super) fn page(request: &Request, items: Vec<Value>) -> Result<Reply, ApiError> {
    let number = |name: &str| match request.parameter(name) {
        None => Ok(None),
        Some(text) => {
            text.parse::<usize>().map(Some).map_err(|_| bad_request(format!("Invalid {name} specified")))
        }
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
    Ok(Reply::json(200, &body))
}
