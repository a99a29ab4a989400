//! The options in a request, and the settings that result from them.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::{Settings, destination, filter, limits::invalid};
use crate::{
    error::{ApiError, broken_rule, detected},
    shard::Start,
    triggers::kind::Kind,
    wire::{self, says_nothing},
};

/// The supported members of `CreateEventSourceMapping` and `UpdateEventSourceMapping`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Options {
    pub(crate) event_source_arn: Option<String>,
    pub(crate) function_name: Option<String>,
    #[serde(deserialize_with = "wire::boolean")]
    pub(crate) enabled: Option<bool>,
    pub(crate) starting_position: Option<String>,
    #[serde(deserialize_with = "wire::timestamp")]
    pub(crate) starting_position_timestamp: Option<i64>,
    pub(crate) tags: Option<BTreeMap<String, String>>,
    #[serde(deserialize_with = "wire::integer")]
    pub(super) batch_size: Option<i64>,
    #[serde(deserialize_with = "wire::integer")]
    pub(super) maximum_batching_window_in_seconds: Option<i64>,
    #[serde(deserialize_with = "wire::integer")]
    pub(super) maximum_retry_attempts: Option<i64>,
    #[serde(deserialize_with = "wire::integer")]
    pub(super) maximum_record_age_in_seconds: Option<i64>,
    #[serde(deserialize_with = "wire::boolean")]
    pub(super) bisect_batch_on_function_error: Option<bool>,
    #[serde(deserialize_with = "wire::integer")]
    pub(super) parallelization_factor: Option<i64>,
    #[serde(deserialize_with = "wire::integer")]
    pub(super) tumbling_window_in_seconds: Option<i64>,
    pub(super) function_response_types: Option<Vec<String>>,
    pub(super) destination_config: Option<Value>,
    pub(super) filter_criteria: Option<Value>,
    pub(super) scaling_config: Option<ScalingConfig>,
}

/// The maximum concurrency of a queue's mapping [`ScalingConfig`, Lambda API reference].
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ScalingConfig {
    #[serde(deserialize_with = "wire::integer")]
    pub(super) maximum_concurrency: Option<i64>,
}

/// The members of [`Options`] for each operation; any other member with a value is refused by name.
const BOTH: [&str; 13] = [
    "FunctionName",
    "Enabled",
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "BisectBatchOnFunctionError",
    "ParallelizationFactor",
    "TumblingWindowInSeconds",
    "FunctionResponseTypes",
    "DestinationConfig",
    "FilterCriteria",
    "ScalingConfig",
];
const CREATE_ONLY: [&str; 4] = ["EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "Tags"];

impl Options {
    /// Reads the body of a `CreateEventSourceMapping` request.
    pub(crate) fn create(body: Value) -> Result<Self, ApiError> {
        Self::read(body, &CREATE_ONLY, "CreateEventSourceMapping")
    }

    /// Reads the body of an `UpdateEventSourceMapping` request.
    pub(crate) fn update(body: Value) -> Result<Self, ApiError> {
        Self::read(body, &[], "UpdateEventSourceMapping")
    }

    fn read(body: Value, more: &[&str], operation: &str) -> Result<Self, ApiError> {
        let Value::Object(members) = &body else {
            return Err(ApiError::client("SerializationException", "the body is not a JSON object"));
        };
        let unknown = members.iter().find(|(name, value)| {
            !BOTH.contains(&name.as_str()) && !more.contains(&name.as_str()) && !says_nothing(value)
        });
        if let Some((name, _)) = unknown {
            return Err(ApiError::unsupported(format_args!("the option `{name}` of {operation}")));
        }
        let options: Self = wire::read(body)?;
        options.check()?;
        Ok(options)
    }

    /// The settings `base` with these options applied.
    pub(crate) fn applied_to(&self, base: &Settings) -> Result<Settings, ApiError> {
        let mut settings = base.clone();
        if let Some(size) = self.batch_size {
            settings.batch_size = size as usize;
        }
        if let Some(seconds) = self.maximum_batching_window_in_seconds {
            settings.window = Duration::from_secs(seconds as u64);
        }
        if let Some(attempts) = self.maximum_retry_attempts {
            settings.retries = u32::try_from(attempts).ok();
        }
        if let Some(seconds) = self.maximum_record_age_in_seconds {
            settings.record_age = u64::try_from(seconds).ok().map(Duration::from_secs);
        }
        if let Some(bisect) = self.bisect_batch_on_function_error {
            settings.bisect = bisect;
        }
        if let Some(types) = &self.function_response_types {
            settings.partial_answers = !types.is_empty();
        }
        if let Some(config) = &self.destination_config {
            settings.on_failure = destination::on_failure(config)?;
        }
        if let Some(factor) = self.parallelization_factor {
            settings.factor = factor as usize;
        }
        if let Some(seconds) = self.tumbling_window_in_seconds {
            settings.tumbling = (seconds > 0).then(|| Duration::from_secs(seconds as u64));
        }
        if let Some(scaling) = &self.scaling_config {
            settings.concurrency = scaling.maximum_concurrency.map(|most| most as usize);
        }
        if let Some(criteria) = &self.filter_criteria {
            settings.filters = filter::read(criteria)?;
        }
        // AWS's API refuses this with this message; AWS's pages do not mention it. Users of the Terraform module for Lambda
        // report the same rule [terraform-aws-modules/terraform-aws-lambda, issue 619].
        if settings.tumbling.is_some() && settings.factor > 1 {
            return Err(invalid(
                "Parallelization factor must be equal to 1 when tumbling window period is configured",
            ));
        }
        Ok(settings)
    }

    /// The starting position.
    pub(crate) fn start(&self, kind: Kind, arn: &str, now_ms: i64) -> Result<Start, ApiError> {
        if kind == Kind::Sqs {
            // A queue has no starting position.
            return match &self.starting_position {
                None if self.starting_position_timestamp.is_some() => Err(invalid(
                    "StartingPositionTimestamp is only valid when StartingPosition is AT_TIMESTAMP",
                )),
                None => Ok(Start::Latest),
                Some(_) => Err(invalid(format!("StartingPosition is not valid for arn type: {arn}"))),
            };
        }
        let Some(position) = self.starting_position.as_deref() else {
            return Err(invalid(detected(&[broken_rule(
                "null",
                "startingPosition",
                "Member must not be null.",
            )])));
        };
        match (position, self.starting_position_timestamp) {
            ("AT_TIMESTAMP", _) if kind == Kind::DynamoDb => {
                Err(invalid(format!("Unsupported starting position for arn type: {arn}")))
            }
            ("AT_TIMESTAMP", None) => {
                Err(invalid("StartingPositionTimestamp is required when StartingPosition is AT_TIMESTAMP"))
            }
            ("AT_TIMESTAMP", Some(at)) if at > now_ms => {
                Err(invalid("StartingPositionTimestamp cannot be in the future"))
            }
            ("AT_TIMESTAMP", Some(at)) => Ok(Start::Timestamp(at)),
            (_, Some(_)) => {
                Err(invalid("StartingPositionTimestamp is only valid when StartingPosition is AT_TIMESTAMP"))
            }
            ("LATEST", None) => Ok(Start::Latest),
            _ => Ok(Start::TrimHorizon),
        }
    }
}
