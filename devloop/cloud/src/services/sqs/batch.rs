//! What batch operations share: up to ten entries with distinct ids, each with its own result.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::service::required;
use crate::error::ApiError;

/// The most entries of a batch.
const MOST: usize = 10;

/// Runs `apply` on every entry of the input, and reports the results with the entries' ids. `kind` is the type of the
/// entries, for the error about an empty batch.
pub(super) fn run(
    input: &mut Value,
    kind: &str,
    mut apply: impl FnMut(Value) -> Result<Value, ApiError>,
) -> Result<Value, ApiError> {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, entry) in entries(input, kind)? {
        match apply(entry) {
            Ok(mut output) => {
                output["Id"] = id.into();
                successful.push(output);
            }
            Err(error) => failed.push(json!({
                "Id": id,
                "SenderFault": error.is_client_fault(),
                "Code": error.code,
                "Message": error.message,
            })),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn entries(input: &mut Value, kind: &str) -> Result<Vec<(String, Value)>, ApiError> {
    let entries = match input.get_mut("Entries").map(Value::take) {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    if entries.is_empty() {
        return Err(ApiError::client(
            "EmptyBatchRequest",
            format!("There should be at least one {kind} in the request."),
        ));
    }
    if entries.len() > MOST {
        return Err(ApiError::client(
            "TooManyEntriesInBatchRequest",
            format!("Maximum number of entries per request are {MOST}. You have sent {}.", entries.len()),
        ));
    }
    let mut seen = HashSet::new();
    entries
        .into_iter()
        .enumerate()
        .map(|(at, entry)| {
            let id = entry.get("Id").and_then(Value::as_str).map(str::to_owned);
            let id = required(id, &format!("{kind}.{}.Id", at + 1))?;
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if id.is_empty() || id.len() > 80 || !id.chars().all(plain) {
                return Err(ApiError::client(
                    "InvalidBatchEntryId",
                    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at \
                     most 80 letters long.",
                ));
            }
            if !seen.insert(id.clone()) {
                return Err(ApiError::client("BatchEntryIdsNotDistinct", format!("Id {id} repeated.")));
            }
            Ok((id, entry))
        })
        .collect()
}
