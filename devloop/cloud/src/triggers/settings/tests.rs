use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{shard::Start, triggers::kind::Kind};

#[test]
fn limits_are_checked_and_unsupported_options_are_refused_by_name() {
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
    check(
        json!({"ParallelizationFactor": 11}),
        &bounds(11, "parallelizationFactor", "less than or equal to 10"),
    );
    check(
        json!({"TumblingWindowInSeconds": 901}),
        &bounds(901, "tumblingWindowInSeconds", "less than or equal to 900"),
    );
    check(
        json!({"TumblingWindowInSeconds": 60, "ParallelizationFactor": 2}),
        "Parallelization factor must be equal to 1 when tumbling window period is configured",
    );
    let filters = |patterns: &[&str]| {
        let filters: Vec<Value> = patterns.iter().map(|pattern| json!({"Pattern": pattern})).collect();
        json!({"FilterCriteria": {"Filters": filters}})
    };
    check(filters(&["{\"v\": 1}"]), "Invalid filter pattern definition.");
    check(filters(&["{}"; 6]), "Exceeded the maximum number of filters: 6 were given and 5 are allowed.");
    check(
        json!({"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"}),
        &refused("the option `KMSKeyArn` of CreateEventSourceMapping"),
    );
    check(
        json!({"ProvisionedPollerConfig": {"MinimumPollers": 2}}),
        &refused("the option `ProvisionedPollerConfig` of CreateEventSourceMapping"),
    );
    let on_failure = |arn: &str| json!({"DestinationConfig": {"OnFailure": {"Destination": arn}}});
    check(
        on_failure("arn:aws:kafka:us-east-1:000000000000:c"),
        &refused("`kafka` as an on-failure destination"),
    );
    for fifo in ["arn:aws:sqs:us-east-1:000000000000:q.fifo", "arn:aws:sns:us-east-1:000000000000:t.fifo"] {
        check(on_failure(fifo), &refused("FIFO queues and topics as on-failure destinations"));
    }
    for wrong in
        ["arn:aws:s3:::bucket/key", "arn:aws:s3:us-east-1::bucket", "arn:aws:sns:us-east-1:0:t:subscription"]
    {
        let text = format!(
            "The provided destination config DestinationConfig(onFailure=OnFailure(destination={wrong})) is invalid."
        );
        check(on_failure(wrong), &text);
    }
    check(
        json!({"DestinationConfig": {"OnSuccess": {"Destination": "x"}}}),
        "Unsupported DestinationConfig parameter for given event source mapping type.",
    );
}

#[test]
fn each_option_changes_its_own_setting_only() {
    let queue = "arn:aws:sqs:us-east-1:000000000000:failures";
    let full = Options::create(json!({
        "BatchSize": 10, "MaximumBatchingWindowInSeconds": "30", "MaximumRetryAttempts": 2,
        "MaximumRecordAgeInSeconds": 60, "BisectBatchOnFunctionError": true, "ParallelizationFactor": 1,
        "TumblingWindowInSeconds": 60, "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": "{\"data\": {\"a\": [1]}}"}]},
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": queue}}, "SourceAccessConfigurations": [],
    }))
    .unwrap();
    let settings = full.applied_to(&Settings::default()).unwrap();
    let expected = Settings {
        concurrency: None,
        batch_size: 10,
        window: Duration::from_secs(30),
        retries: Some(2),
        record_age: Some(Duration::from_mins(1)),
        bisect: true,
        partial_answers: true,
        on_failure: Some(queue.to_owned()),
        factor: 1,
        tumbling: Some(Duration::from_mins(1)),
        filters: settings.filters.clone(),
    };
    assert_eq!(settings, expected);
    let shown = show_filters(&settings.filters);
    assert_eq!(shown, Some(json!({"Filters": [{"Pattern": "{\"data\": {\"a\": [1]}}"}]})));
    let nothing = Options::update(json!({})).unwrap();
    assert_eq!(nothing.applied_to(&settings).unwrap(), expected);
    let back = Options::update(json!({
        "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1, "FunctionResponseTypes": [],
        "DestinationConfig": {"OnFailure": {}}, "BisectBatchOnFunctionError": false, "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0, "TumblingWindowInSeconds": 0, "FilterCriteria": {},
    }))
    .unwrap();
    assert_eq!(back.applied_to(&settings).unwrap(), Settings::default());
    assert!(
        Options::update(json!({"StartingPosition": "LATEST"})).is_err(),
        "a starting position cannot be changed"
    );
}

#[test]
fn a_starting_position_is_checked_against_its_stream() {
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
    check(
        json!({"StartingPositionTimestamp": 4}),
        Kind::Sqs,
        Err("StartingPositionTimestamp is only valid when StartingPosition is AT_TIMESTAMP"),
    );
}
