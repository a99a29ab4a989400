//! Tests of alarms, in a cloud whose clock the test drives.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Clock, Cloud, Options, context::Context};

/// The start of a minute.
const START: i64 = 1_800_000_000_000;

struct World {
    clock: Clock,
    cloud: Cloud,
    cx: Context,
}

impl World {
    fn new() -> Self {
        let clock = Clock::manual(START);
        let cloud = Cloud::new(Options { clock: clock.clone(), ..Options::default() });
        let cx = cloud.context("us-east-1");
        Self { clock, cloud, cx }
    }

    async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        self.cloud.call(&self.cx, service, operation, input).await.unwrap()
    }

    async fn refused(&self, operation: &str, input: Value) -> String {
        self.cloud.call(&self.cx, "monitoring", operation, input).await.unwrap_err().to_string()
    }

    /// Creates an alarm on the sum of `errors` in a minute, with the threshold 1 and the given changes.
    async fn alarm(&self, name: &str, changes: Value) {
        let mut input = json!({
            "AlarmName": name, "Namespace": "Own", "MetricName": "errors", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
        });
        for (member, value) in changes.as_object().unwrap() {
            input[member] = value.clone();
        }
        self.call("monitoring", "PutMetricAlarm", input).await;
    }

    async fn put(&self, value: f64) {
        let datum = json!({ "MetricName": "errors", "Value": value });
        self.call("monitoring", "PutMetricData", json!({ "Namespace": "Own", "MetricData": [datum] })).await;
    }

    async fn shown(&self, name: &str) -> Value {
        self.call("monitoring", "DescribeAlarms", json!({ "AlarmNames": [name] })).await["MetricAlarms"][0]
            .clone()
    }

    /// Once the alarms wait, moves the clock by a minute; then waits until the alarm has this state.
    async fn after_a_minute(&self, name: &str, state: &str) -> Value {
        while self.clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        self.clock.advance(Duration::from_secs(60));
        for _ in 0..100_000 {
            let shown = self.shown(name).await;
            if shown["StateValue"] == state {
                return shown;
            }
            tokio::task::yield_now().await;
        }
        panic!("not {state}: {}", self.shown(name).await);
    }

    async fn topic_with_queue(&self) -> (String, String) {
        let topic = self.call("sns", "CreateTopic", json!({ "Name": "alarms" })).await["TopicArn"].clone();
        let queue = self.call("sqs", "CreateQueue", json!({ "QueueName": "told" })).await["QueueUrl"].clone();
        let arn = self.cx.arn("sqs", "told");
        self.call("sns", "Subscribe", json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": arn })).await;
        (topic.as_str().unwrap().to_owned(), queue.as_str().unwrap().to_owned())
    }

    /// The next message from the topic in the queue, with its subject.
    async fn told(&self, queue: &str) -> (String, Value) {
        let answer =
            self.call("sqs", "ReceiveMessage", json!({ "QueueUrl": queue, "WaitTimeSeconds": 20 })).await;
        let handle = &answer["Messages"][0]["ReceiptHandle"];
        self.call("sqs", "DeleteMessage", json!({ "QueueUrl": queue, "ReceiptHandle": handle })).await;
        let body: Value = serde_json::from_str(answer["Messages"][0]["Body"].as_str().unwrap()).unwrap();
        let message = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
        (body["Subject"].as_str().unwrap().to_owned(), message)
    }
}

#[tokio::test]
async fn a_state_follows_the_data_and_is_published_to_the_topic() {
    let world = World::new();
    let (topic, queue) = world.topic_with_queue().await;
    world.alarm("a", json!({ "AlarmActions": [topic], "OKActions": [topic] })).await;
    assert_eq!(world.shown("a").await["StateReason"], "Unchecked: Initial alarm creation");
    world.put(2.0).await;
    let shown = world.after_a_minute("a", "ALARM").await;
    assert_eq!(
        shown["StateReason"],
        "Threshold Crossed: 1 out of the last 1 datapoint [2.0 (15/01/27 08:00:00)] was greater than the threshold (1.0) \
         (minimum 1 datapoint for OK -> ALARM transition)."
    );
    let (subject, message) = world.told(&queue).await;
    assert_eq!(subject, "ALARM: \"a\" in US East (N. Virginia)");
    assert_eq!(
        (&message["NewStateValue"], &message["OldStateValue"]),
        (&json!("ALARM"), &json!("INSUFFICIENT_DATA"))
    );
    assert_eq!(message["Trigger"]["Statistic"], "SUM");
    world.put(1.0).await;
    world.after_a_minute("a", "OK").await;
    assert_eq!(world.told(&queue).await.1["NewStateValue"], "OK");
    let history = world.call("monitoring", "DescribeAlarmHistory", json!({ "AlarmName": "a" })).await;
    let kinds: Vec<_> = history["AlarmHistoryItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["HistoryItemType"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "StateUpdate").count(), 2, "{kinds:?}");
    assert_eq!(kinds.last(), Some(&"ConfigurationUpdate"));
    for (member, value) in [("AlarmTypes", json!(["CompositeAlarm"])), ("AlarmContributorId", json!("c"))] {
        let history = world
            .call("monitoring", "DescribeAlarmHistory", json!({ "AlarmName": "a", member: value }))
            .await;
        assert_eq!(history["AlarmHistoryItems"], json!([]), "{member}");
    }
}

#[tokio::test]
async fn missing_data_is_treated_as_the_alarm_says() {
    let world = World::new();
    world.alarm("a", json!({})).await;
    world.alarm("b", json!({ "TreatMissingData": "breaching" })).await;
    world.put(0.0).await;
    world.after_a_minute("a", "OK").await;
    // The evaluation range has three periods, so the data point counts twice more.
    for _ in 0..2 {
        world.after_a_minute("a", "OK").await;
    }
    let shown = world.after_a_minute("a", "INSUFFICIENT_DATA").await;
    assert_eq!(shown["StateReason"], "Insufficient Data: 1 datapoint was unknown.");
    let shown = world.shown("b").await;
    assert_eq!(shown["StateValue"], "ALARM");
    assert!(shown["StateReason"].as_str().unwrap().contains("treated as [Breaching]"), "{shown}");
}

#[tokio::test]
async fn a_state_set_by_hand_runs_actions_and_lasts_until_the_next_evaluation() {
    let world = World::new();
    let (topic, queue) = world.topic_with_queue().await;
    world.alarm("a", json!({ "AlarmActions": [topic] })).await;
    let by_hand = json!({ "AlarmName": "a", "StateValue": "ALARM", "StateReason": "by hand" });
    world.call("monitoring", "DisableAlarmActions", json!({ "AlarmNames": ["a"] })).await;
    world.call("monitoring", "SetAlarmState", by_hand.clone()).await;
    world.put(0.0).await;
    world.after_a_minute("a", "OK").await;
    world.call("monitoring", "EnableAlarmActions", json!({ "AlarmNames": ["a"] })).await;
    world.call("monitoring", "SetAlarmState", by_hand).await;
    let (_, message) = world.told(&queue).await;
    assert_eq!((&message["NewStateReason"], &message["OldStateValue"]), (&json!("by hand"), &json!("OK")));
    let counts = json!({ "QueueUrl": queue, "AttributeNames": ["All"] });
    let counts = world.call("sqs", "GetQueueAttributes", counts).await;
    assert_eq!(counts["Attributes"]["ApproximateNumberOfMessages"], "0");
}

#[tokio::test]
async fn an_alarm_on_the_dead_letter_queue_and_one_on_an_expression() {
    let world = World::new();
    let url = world.call("sqs", "CreateQueue", json!({ "QueueName": "dead" })).await["QueueUrl"].clone();
    world
        .alarm(
            "dead",
            json!({
                "Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Statistic": "Maximum",
                "Dimensions": [{ "Name": "QueueName", "Value": "dead" }], "Threshold": 0,
            }),
        )
        .await;
    let metric = json!({ "Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent",
        "Dimensions": [{ "Name": "QueueName", "Value": "dead" }] });
    let stat = json!({ "Id": "m", "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Sum" }, "ReturnData": false });
    let input = json!({
        "AlarmName": "twice", "Metrics": [stat, { "Id": "e", "Expression": "m * 2" }], "EvaluationPeriods": 1, "Threshold": 2,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    });
    world.call("monitoring", "PutMetricAlarm", input).await;
    world.call("sqs", "SendMessage", json!({ "QueueUrl": url, "MessageBody": "x" })).await;
    // The queue's metrics are recorded a second before the minute ends.
    while world.clock.sleepers() < 2 {
        tokio::task::yield_now().await;
    }
    world.clock.advance(Duration::from_secs(59));
    let asked = json!({ "Namespace": "AWS/SQS", "Dimensions": [] });
    while world.call("monitoring", "ListMetrics", asked.clone()).await["Metrics"].as_array().unwrap().len()
        < 7
    {
        tokio::task::yield_now().await;
    }
    world.after_a_minute("dead", "ALARM").await;
    assert_eq!(world.shown("twice").await["StateValue"], "ALARM");
}

#[tokio::test]
async fn alarms_are_found_by_name_prefix_state_and_metric() {
    let world = World::new();
    for name in ["a1", "a2", "b1"] {
        world.alarm(name, json!({ "Tags": [{ "Key": "team", "Value": name }] })).await;
    }
    let names = |answer: &Value| -> Vec<String> {
        let alarms = answer["MetricAlarms"].as_array().unwrap();
        alarms.iter().map(|alarm| alarm["AlarmName"].as_str().unwrap().to_owned()).collect()
    };
    let found = async |input: Value| names(&world.call("monitoring", "DescribeAlarms", input).await);
    assert_eq!(found(json!({ "AlarmNamePrefix": "a" })).await, ["a1", "a2"]);
    assert_eq!(found(json!({ "StateValue": "OK" })).await, [""; 0]);
    assert_eq!(found(json!({ "AlarmTypes": ["CompositeAlarm"] })).await, [""; 0]);
    let page = world.call("monitoring", "DescribeAlarms", json!({ "MaxRecords": 2 })).await;
    assert_eq!(names(&page), ["a1", "a2"]);
    assert_eq!(found(json!({ "NextToken": page["NextToken"] })).await, ["b1"]);
    let metric = json!({ "Namespace": "Own", "MetricName": "errors", "Period": 60 });
    assert_eq!(names(&world.call("monitoring", "DescribeAlarmsForMetric", metric).await).len(), 3);
    let arn = world.shown("a1").await["AlarmArn"].clone();
    let tags = world.call("monitoring", "ListTagsForResource", json!({ "ResourceARN": arn })).await;
    assert_eq!(tags["Tags"], json!([{ "Key": "team", "Value": "a1" }]));
    assert!(world.refused("DeleteAlarms", json!({ "AlarmNames": ["a1", "x"] })).await.contains('x'));
    world.call("monitoring", "DeleteAlarms", json!({ "AlarmNames": ["a1", "a2", "b1"] })).await;
    assert_eq!(found(json!({})).await, [""; 0]);
}

#[tokio::test]
async fn invalid_settings_are_refused() {
    let world = World::new();
    let check = async |changes: Value, part: &str| {
        let mut input = json!({
            "AlarmName": "a", "Namespace": "Own", "MetricName": "errors", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
        });
        for (member, value) in changes.as_object().unwrap() {
            input[member] = value.clone();
        }
        let error = world.refused("PutMetricAlarm", input).await;
        assert!(error.contains(part), "{changes}: {error}");
    };
    check(json!({ "AlarmName": null }), "AlarmName").await;
    check(json!({ "Period": 5 }), "10, 20, 30 or a multiple of 60").await;
    check(json!({ "Period": 3_600, "EvaluationPeriods": 200 }), "more than seven days").await;
    check(json!({ "EvaluationPeriods": 2, "DatapointsToAlarm": 3 }), "DatapointsToAlarm").await;
    check(json!({ "TreatMissingData": "maybe" }), "TreatMissingData").await;
    check(json!({ "ComparisonOperator": "LessThanLowerThreshold" }), "anomaly detection").await;
    check(json!({ "AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"] }), "automate").await;
    check(json!({ "AlarmActions": ["topic"] }), "Invalid arn syntax: topic").await;
    check(json!({ "ExtendedStatistic": "p99" }), "mutually exclusive").await;
    check(json!({ "EvaluationInterval": 10 }), "EvaluationInterval").await;
    let metrics = json!([{ "Id": "e", "Expression": "1 + 1" }]);
    check(
        json!({ "MetricName": null, "Period": null, "Statistic": null, "Metrics": metrics }),
        "must be a metric",
    )
    .await;
}
