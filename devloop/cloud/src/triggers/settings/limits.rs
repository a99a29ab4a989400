//! Checks the limits in the API's model, with AWS's error texts.

use std::collections::BTreeMap;

use super::Options;
use crate::error::{ApiError, detected, violation};

impl Options {
    /// Checks the limits in the API's model.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let concurrency = self.scaling_config.as_ref().and_then(|scaling| scaling.maximum_concurrency);
        let ranges = [
            ("batchSize", self.batch_size, 1, 10_000),
            ("maximumBatchingWindowInSeconds", self.maximum_batching_window_in_seconds, 0, 300),
            ("maximumRecordAgeInSeconds", self.maximum_record_age_in_seconds, -1, 604_800),
            ("maximumRetryAttempts", self.maximum_retry_attempts, -1, 10_000),
            ("parallelizationFactor", self.parallelization_factor, 1, 10),
            ("tumblingWindowInSeconds", self.tumbling_window_in_seconds, 0, 900),
            ("scalingConfig.maximumConcurrency", concurrency, 2, 1_000),
        ];
        let mut violations: Vec<String> = ranges
            .into_iter()
            .filter_map(|(name, value, low, high)| out_of(name, value?, low, high))
            .collect();
        if let Some(types) = &self.function_response_types
            && (types.len() > 1 || types.iter().any(|name| name != "ReportBatchItemFailures"))
        {
            violations.push(violation(
                format_args!("[{}]", types.join(", ")),
                "functionResponseTypes",
                "satisfy constraint: [Member must satisfy enum value set: [ReportBatchItemFailures]]",
            ));
        }
        if let Some(position) = &self.starting_position
            && !["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"].contains(&position.as_str())
        {
            violations.push(violation(
                position,
                "startingPosition",
                "satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
            ));
        }
        if !violations.is_empty() {
            return Err(ApiError::validation(detected(&violations)));
        }
        if self.maximum_record_age_in_seconds.is_some_and(|age| (0..60).contains(&age)) {
            return Err(invalid(
                "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)",
            ));
        }
        if let Some(tags) = &self.tags {
            check_tags(tags)?;
        }
        Ok(())
    }
}

/// Fails if there are more than 50 tags.
pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > 50 {
        return Err(invalid("Number of tags exceeds resource tag limit."));
    }
    Ok(())
}

fn out_of(name: &str, value: i64, low: i64, high: i64) -> Option<String> {
    let (side, bound) = match value {
        value if value < low => ("greater", low),
        value if value > high => ("less", high),
        _ => return None,
    };
    Some(violation(value, name, &format!("have value {side} than or equal to {bound}")))
}

/// `InvalidParameterValueException`, which Lambda uses for most mistakes.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}
