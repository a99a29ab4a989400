//! A mapping's options: what the API takes, the limits it checks, and what delivery makes of them.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::kind::Kind;
use crate::{error::ApiError, shard::Start, wire};

/// How a mapping delivers. The defaults are those of [`CreateEventSourceMapping`, Lambda API reference].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The most records of one invocation.
    pub(crate) batch_size: usize,
    /// How long a batch that is not full waits for more records.
    pub(crate) window: Duration,
    /// Invocations after the first failed one; `None` means until the records expire.
    pub(crate) retries: Option<u32>,
    /// Records older than this are discarded; `None` means never.
    pub(crate) record_age: Option<Duration>,
    /// Whether a failed batch is split in two.
    pub(crate) bisect: bool,
    /// Whether the function's answer names the records that failed (`ReportBatchItemFailures`).
    pub(crate) partial_answers: bool,
    /// The ARN of the queue that is told of discarded batches.
    pub(crate) on_failure: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_size: 100,
            window: Duration::ZERO,
            retries: None,
            record_age: None,
            bisect: false,
            partial_answers: false,
            on_failure: None,
        }
    }
}

/// The body of `CreateEventSourceMapping` and `UpdateEventSourceMapping`, as far as the cloud supports it.
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
    batch_size: Option<i64>,
    #[serde(deserialize_with = "wire::integer")]
    maximum_batching_window_in_seconds: Option<i64>,
    #[serde(deserialize_with = "wire::integer")]
    maximum_retry_attempts: Option<i64>,
    #[serde(deserialize_with = "wire::integer")]
    maximum_record_age_in_seconds: Option<i64>,
    #[serde(deserialize_with = "wire::boolean")]
    bisect_batch_on_function_error: Option<bool>,
    #[serde(deserialize_with = "wire::integer")]
    parallelization_factor: Option<i64>,
    #[serde(deserialize_with = "wire::integer")]
    tumbling_window_in_seconds: Option<i64>,
    function_response_types: Option<Vec<String>>,
    destination_config: Option<Value>,
}

/// The members of [`Options`] by operation; whatever else carries a value is refused by name.
const BOTH: [&str; 11] = [
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
            !BOTH.contains(&name.as_str()) && !more.contains(&name.as_str()) && !is_empty(value)
        });
        if let Some((name, _)) = unknown {
            return Err(ApiError::unsupported(format_args!("the option `{name}` of {operation}")));
        }
        let options: Self = wire::read(body)?;
        options.check()?;
        Ok(options)
    }

    /// The limits that the API's model states, and what is not implemented.
    fn check(&self) -> Result<(), ApiError> {
        let ranges = [
            ("batchSize", self.batch_size, 1, 10_000),
            ("maximumBatchingWindowInSeconds", self.maximum_batching_window_in_seconds, 0, 300),
            ("maximumRecordAgeInSeconds", self.maximum_record_age_in_seconds, -1, 604_800),
            ("maximumRetryAttempts", self.maximum_retry_attempts, -1, 10_000),
            ("parallelizationFactor", self.parallelization_factor, 1, 10),
            ("tumblingWindowInSeconds", self.tumbling_window_in_seconds, 0, 900),
        ];
        let mut violations: Vec<String> = ranges
            .into_iter()
            .filter_map(|(name, value, low, high)| out_of(name, value?, low, high))
            .collect();
        if let Some(types) = &self.function_response_types
            && (types.len() > 1 || types.iter().any(|name| name != "ReportBatchItemFailures"))
        {
            violations.push(violation(
                &format!("'[{}]'", types.join(", ")),
                "functionResponseTypes",
                "Member must satisfy constraint: [Member must satisfy enum value set: [ReportBatchItemFailures]]",
            ));
        }
        if let Some(position) = &self.starting_position
            && !["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"].contains(&position.as_str())
        {
            violations.push(violation(
                &format!("'{position}'"),
                "startingPosition",
                "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
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
        if self.parallelization_factor.is_some_and(|factor| factor > 1) {
            return Err(ApiError::unsupported("a ParallelizationFactor above 1"));
        }
        if self.tumbling_window_in_seconds.is_some_and(|window| window > 0) {
            return Err(ApiError::unsupported("tumbling windows (TumblingWindowInSeconds)"));
        }
        Ok(())
    }

    /// `base` with what these options say.
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
            settings.on_failure = on_failure(config)?;
        }
        Ok(settings)
    }

    /// Where reading begins.
    pub(crate) fn start(&self, kind: Kind, arn: &str, now_ms: i64) -> Result<Start, ApiError> {
        let Some(position) = self.starting_position.as_deref() else {
            return Err(invalid(detected(&[violation(
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

/// A mapping has at most 50 tags.
pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > 50 {
        return Err(invalid("Number of tags exceeds resource tag limit."));
    }
    Ok(())
}

/// The queue of a `DestinationConfig`; an empty one takes the destination away.
fn on_failure(config: &Value) -> Result<Option<String>, ApiError> {
    if config.get("OnSuccess").is_some_and(|target| !is_empty(target)) {
        return Err(invalid("Unsupported DestinationConfig parameter for given event source mapping type."));
    }
    let arn = match config.get("OnFailure").and_then(|target| target.get("Destination")) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(arn)) if arn.is_empty() => return Ok(None),
        Some(Value::String(arn)) => arn,
        Some(other) => {
            return Err(ApiError::client(
                "SerializationException",
                format!("{other} is not a destination's ARN"),
            ));
        }
    };
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "sqs", _, _, name] if name.strip_suffix(".fifo").is_some() => {
            Err(ApiError::unsupported("FIFO queues as on-failure destinations"))
        }
        ["arn", _, "sqs", _, _, name] if !name.is_empty() => Ok(Some(arn.clone())),
        ["arn", _, service, ..] if *service != "sqs" => {
            Err(ApiError::unsupported(format_args!("`{service}` as an on-failure destination")))
        }
        _ => Err(invalid(format!(
            "The provided destination config DestinationConfig(onFailure=OnFailure(destination={arn})) is invalid."
        ))),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn out_of(name: &str, value: i64, low: i64, high: i64) -> Option<String> {
    let (side, bound) = match value {
        value if value < low => ("greater", low),
        value if value > high => ("less", high),
        _ => return None,
    };
    let rule = format!("Member must have value {side} than or equal to {bound}");
    Some(violation(&format!("'{value}'"), name, &rule))
}

fn violation(value: &str, member: &str, rule: &str) -> String {
    format!("Value {value} at '{member}' failed to satisfy constraint: {rule}")
}

fn detected(violations: &[String]) -> String {
    let plural = if violations.len() == 1 { "error" } else { "errors" };
    format!("{} validation {plural} detected: {}", violations.len(), violations.join("; "))
}

/// `InvalidParameterValueException`, the service's word for most mistakes.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_limit_is_checked_and_every_gap_is_named() {
        let check = |body: Value, expected: &str| {
            let outcome =
                Options::create(body.clone()).and_then(|options| options.applied_to(&Settings::default()));
            assert_eq!(outcome.unwrap_err().message, expected, "{body}");
        };
        let bounds = |value: i64, member: &str, rule: &str| {
            format!(
                "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must have value {rule}"
            )
        };
        check(json!({"BatchSize": 0}), &bounds(0, "batchSize", "greater than or equal to 1"));
        check(json!({"BatchSize": 10_001}), &bounds(10_001, "batchSize", "less than or equal to 10000"));
        check(
            json!({"MaximumBatchingWindowInSeconds": 301}),
            &bounds(301, "maximumBatchingWindowInSeconds", "less than or equal to 300"),
        );
        check(
            json!({"MaximumRetryAttempts": -2}),
            &bounds(-2, "maximumRetryAttempts", "greater than or equal to -1"),
        );
        check(
            json!({"MaximumRecordAgeInSeconds": 604_801}),
            &bounds(604_801, "maximumRecordAgeInSeconds", "less than or equal to 604800"),
        );
        check(
            json!({"MaximumRecordAgeInSeconds": 59}),
            "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)",
        );
        check(
            json!({"BatchSize": 0, "StartingPosition": "NOW"}),
            "2 validation errors detected: Value '0' at 'batchSize' failed to satisfy constraint: Member must have value \
             greater than or equal to 1; Value 'NOW' at 'startingPosition' failed to satisfy constraint: Member must \
             satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
        );
        let refused = |what: &str| format!("the embedded cloud does not support {what}");
        check(json!({"ParallelizationFactor": 2}), &refused("a ParallelizationFactor above 1"));
        check(json!({"TumblingWindowInSeconds": 60}), &refused("tumbling windows (TumblingWindowInSeconds)"));
        check(
            json!({"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}),
            &refused("the option `FilterCriteria` of CreateEventSourceMapping"),
        );
        check(
            json!({"ScalingConfig": {"MaximumConcurrency": 2}}),
            &refused("the option `ScalingConfig` of CreateEventSourceMapping"),
        );
        let on_failure = |arn: &str| json!({"DestinationConfig": {"OnFailure": {"Destination": arn}}});
        check(
            on_failure("arn:aws:sns:us-east-1:000000000000:t"),
            &refused("`sns` as an on-failure destination"),
        );
        check(on_failure("arn:aws:s3:::bucket"), &refused("`s3` as an on-failure destination"));
        check(
            on_failure("arn:aws:sqs:us-east-1:000000000000:q.fifo"),
            &refused("FIFO queues as on-failure destinations"),
        );
        check(
            json!({"DestinationConfig": {"OnSuccess": {"Destination": "x"}}}),
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        );
    }

    #[test]
    fn options_change_what_they_name_and_nothing_else() {
        let queue = "arn:aws:sqs:us-east-1:000000000000:failures";
        let full = Options::create(json!({
            "BatchSize": 10, "MaximumBatchingWindowInSeconds": "30", "MaximumRetryAttempts": 2,
            "MaximumRecordAgeInSeconds": 60, "BisectBatchOnFunctionError": true, "ParallelizationFactor": 1,
            "TumblingWindowInSeconds": 0, "FunctionResponseTypes": ["ReportBatchItemFailures"], "FilterCriteria": {},
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": queue}}, "SourceAccessConfigurations": [],
        }))
        .unwrap();
        let settings = full.applied_to(&Settings::default()).unwrap();
        let expected = Settings {
            batch_size: 10,
            window: Duration::from_secs(30),
            retries: Some(2),
            record_age: Some(Duration::from_mins(1)),
            bisect: true,
            partial_answers: true,
            on_failure: Some(queue.to_owned()),
        };
        assert_eq!(settings, expected);
        let nothing = Options::update(json!({})).unwrap();
        assert_eq!(nothing.applied_to(&settings).unwrap(), expected);
        let back = Options::update(json!({
            "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1, "FunctionResponseTypes": [],
            "DestinationConfig": {"OnFailure": {}}, "BisectBatchOnFunctionError": false, "BatchSize": 100,
            "MaximumBatchingWindowInSeconds": 0,
        }))
        .unwrap();
        assert_eq!(back.applied_to(&settings).unwrap(), Settings::default());
        assert!(Options::update(json!({"StartingPosition": "LATEST"})).is_err(), "a start cannot be changed");
    }

    #[test]
    fn a_start_fits_its_stream() {
        let check = |body: Value, kind, expected: Result<Start, &str>| {
            let outcome = Options::create(body.clone()).unwrap().start(kind, "<arn>", 5_000);
            assert_eq!(outcome.map_err(|error| error.message), expected.map_err(str::to_owned), "{body}");
        };
        check(json!({"StartingPosition": "LATEST"}), Kind::DynamoDb, Ok(Start::Latest));
        check(json!({"StartingPosition": "TRIM_HORIZON"}), Kind::Kinesis, Ok(Start::TrimHorizon));
        let at = json!({"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 4.5});
        check(at.clone(), Kind::Kinesis, Ok(Start::Timestamp(4_500)));
        check(at, Kind::DynamoDb, Err("Unsupported starting position for arn type: <arn>"));
        check(
            json!({}),
            Kind::Kinesis,
            Err(
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
            ),
        );
        check(
            json!({"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 6}),
            Kind::Kinesis,
            Err("StartingPositionTimestamp cannot be in the future"),
        );
    }
}
