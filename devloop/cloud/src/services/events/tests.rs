//! Tests of EventBridge, in a cloud whose clock the test drives. The targets are queues.

use std::time::Duration;

use serde_json::{Value, json};

use crate::tests::driven::{DrivenCloud, LOOKS};

const START_MS: i64 = 1_700_000_000_000;
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";

struct World(DrivenCloud);

impl World {
    async fn new() -> Self {
        Self(DrivenCloud::new(START_MS, &["q", "dead"]).await)
    }

    async fn events(&self, operation: &str, input: Value) -> Value {
        self.0.call("events", operation, input).await
    }

    /// Creates a rule `r` with one target.
    async fn rule(&self, pattern: Value, target: Value) {
        self.events("PutRule", json!({"Name": "r", "EventPattern": pattern.to_string()})).await;
        let mut target = target;
        target["Id"] = "t".into();
        let answer = self.events("PutTargets", json!({"Rule": "r", "Targets": [target]})).await;
        assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
    }

    async fn put(&self, entry: Value) -> Value {
        self.events("PutEvents", json!({ "Entries": [entry] })).await
    }

    /// Moves the clock, and before and after that lets all tasks run until they wait.
    async fn advance(&self, seconds: u64) {
        self.settle().await;
        self.0.clock.advance(Duration::from_secs(seconds));
        self.settle().await;
    }

    async fn settle(&self) {
        for _ in 0..LOOKS {
            tokio::task::yield_now().await;
        }
    }

    /// Whether the queue has no message now.
    async fn is_empty(&self, queue: &str) -> bool {
        let input = json!({ "QueueUrl": format!("http://localhost/000000000000/{queue}") });
        self.0.call("sqs", "ReceiveMessage", input).await["Messages"].is_null()
    }
}

/// The documentation's example event of an instance that changes its state.
fn running() -> Value {
    json!({
        "Source": "aws.ec2", "DetailType": "EC2 Instance State-change Notification",
        "Resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"],
        "Detail": r#"{"instance-id":"i-1234567890abcdef0","state":"terminated"}"#,
        "Time": 1_700_000_000,
    })
}

#[tokio::test]
async fn an_event_reaches_the_targets_of_matching_rules_in_the_documented_form() {
    let world = World::new().await;
    world
        .rule(json!({"source": ["aws.ec2"], "detail": {"state": ["terminated"]}}), json!({"Arn": QUEUE}))
        .await;
    let other = json!({"Source": "other", "DetailType": "x", "Detail": "{}"});
    assert_eq!(world.put(other).await["FailedEntryCount"], 0);
    let answer = world.put(running()).await;
    let id = answer["Entries"][0]["EventId"].as_str().unwrap();
    assert_eq!(
        world.0.body("q").await,
        format!(
            "{{\"version\":\"0\",\"id\":\"{id}\",\"detail-type\":\"EC2 Instance State-change Notification\",\
             \"source\":\"aws.ec2\",\"account\":\"000000000000\",\"time\":\"2023-11-14T22:13:20Z\",\
             \"region\":\"us-east-1\",\
             \"resources\":[\"arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0\"],\
             \"detail\":{{\"instance-id\":\"i-1234567890abcdef0\",\"state\":\"terminated\"}}}}"
        )
    );
}

#[tokio::test]
async fn inputs_are_constants_parts_and_templates() {
    let world = World::new().await;
    let check = async |target: Value, expected: &str| {
        let mut target = target;
        target["Arn"] = QUEUE.into();
        world.rule(json!({"source": ["aws.ec2"]}), target).await;
        world.put(running()).await;
        assert_eq!(world.0.body("q").await, expected);
    };
    check(json!({"Input": "{\"a\": 1}"}), "{\"a\": 1}").await;
    check(json!({"InputPath": "$.detail.state"}), "\"terminated\"").await;
    let transformer = json!({
        "InputPathsMap": {"instance": "$.detail.instance-id", "state": "$.detail.state"},
        "InputTemplate": "\"instance <instance> is in <state>, says <aws.events.rule-name>\"",
    });
    check(
        json!({ "InputTransformer": transformer }),
        "\"instance i-1234567890abcdef0 is in terminated, says r\"",
    )
    .await;
}

#[tokio::test]
async fn failed_deliveries_become_dead_letters_at_once_or_after_retries() {
    let world = World::new().await;
    let dead = json!({"Arn": "arn:aws:sqs:us-east-1:000000000000:dead"});
    let gone = "arn:aws:sqs:us-east-1:000000000000:gone";
    world.rule(json!({"source": ["s"]}), json!({"Arn": gone, "DeadLetterConfig": dead})).await;
    let entry = json!({"Source": "s", "DetailType": "x", "Detail": "{}"});
    world.put(entry.clone()).await;
    let letter = world.0.next("dead").await;
    let attribute = |letter: &Value, name: &str| letter["MessageAttributes"][name]["StringValue"].clone();
    assert_eq!(attribute(&letter, "TARGET_ARN"), gone);
    assert_eq!(attribute(&letter, "RULE_ARN"), "arn:aws:events:us-east-1:000000000000:rule/r");
    assert_eq!(attribute(&letter, "RETRY_ATTEMPTS"), "0");

    let retry = json!({"MaximumRetryAttempts": 2});
    let topic = world.0.call("sns", "CreateTopic", json!({"Name": "t"})).await;
    let target = json!({"Arn": topic["TopicArn"], "DeadLetterConfig": dead, "RetryPolicy": retry});
    world.rule(json!({"source": ["s"]}), target).await;
    world.0.cloud.faults().arm("sns:Publish", 3, crate::ApiError::internal("as asked"));
    world.put(entry).await;
    world.advance(1).await;
    world.advance(2).await;
    let letter = world.0.next("dead").await;
    assert_eq!(attribute(&letter, "RETRY_ATTEMPTS"), "2");
    assert_eq!(attribute(&letter, "EXHAUSTED_RETRY_CONDITION"), "MaximumRetryAttempts");
}

#[tokio::test]
async fn buses_forward_events_and_cycles_of_rules_end() {
    let world = World::new().await;
    world.events("CreateEventBus", json!({"Name": "b"})).await;
    let bus = |name: &str| format!("arn:aws:events:us-east-1:000000000000:event-bus/{name}");
    for (from, to) in [("default", "b"), ("b", "default")] {
        let pattern = json!({"source": ["s"]}).to_string();
        world.events("PutRule", json!({"Name": "on", "EventBusName": from, "EventPattern": pattern})).await;
        let targets = json!([{"Id": "1", "Arn": bus(to)}]);
        world.events("PutTargets", json!({"Rule": "on", "EventBusName": from, "Targets": targets})).await;
    }
    let pattern = json!({"source": ["s"]}).to_string();
    world.events("PutRule", json!({"Name": "q", "EventBusName": "b", "EventPattern": pattern})).await;
    let targets = json!([{"Id": "1", "Arn": QUEUE}]);
    world.events("PutTargets", json!({"Rule": "q", "EventBusName": "b", "Targets": targets})).await;
    let entry = json!({"Source": "s", "DetailType": "x", "Detail": "{}", "EventBusName": bus("b")});
    let id = world.put(entry).await["Entries"][0]["EventId"].clone();
    // Eight hops alternate between the two buses, so `b` gets the event five times: at first and at every second hop.
    for _ in 0..5 {
        let event: Value = serde_json::from_str(&world.0.body("q").await).unwrap();
        assert_eq!(event["id"], id);
    }
}

#[tokio::test]
async fn a_rule_with_a_schedule_runs_while_it_is_enabled() {
    let world = World::new().await;
    world.events("PutRule", json!({"Name": "r", "ScheduleExpression": "rate(5 minutes)"})).await;
    world.events("PutTargets", json!({"Rule": "r", "Targets": [{"Id": "t", "Arn": QUEUE}]})).await;
    world.advance(299).await;
    assert!(world.is_empty("q").await, "not due yet");
    world.advance(1).await;
    let event: Value = serde_json::from_str(&world.0.body("q").await).unwrap();
    let expected = json!({
        "version": "0", "id": event["id"], "detail-type": "Scheduled Event", "source": "aws.events",
        "account": "000000000000", "time": "2023-11-14T22:18:20Z", "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:000000000000:rule/r"], "detail": {},
    });
    assert_eq!(event, expected);
    world.advance(300).await;
    world.0.body("q").await;
    world.events("DisableRule", json!({"Name": "r"})).await;
    world.advance(600).await;
    assert!(world.is_empty("q").await, "a disabled rule sends nothing");
}

#[tokio::test]
async fn new_objects_in_a_bucket_send_events() {
    let world = World::new().await;
    world
        .rule(
            json!({"source": ["aws.s3"], "detail": {"bucket": {"name": ["my-bucket"]}}}),
            json!({"Arn": QUEUE}),
        )
        .await;
    let template = json!({"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {
        "BucketName": "my-bucket", "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": true}},
    }}}});
    let template = crate::Template::parse(&template.to_string()).unwrap();
    world.0.cloud.apply("stack", &template, &std::collections::BTreeMap::new()).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let cloud = world.0.cloud.clone();
    let serving = tokio::spawn(async move {
        cloud.serve(listener, async { stopped.await.unwrap_or_default() }).await.unwrap();
    });
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request";
    let put = format!(
        "PUT /my-bucket/k%20y HTTP/1.1\r\nHost: {address}\r\n{signed}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, put.as_bytes()).await.unwrap();
    let event: Value = serde_json::from_str(&world.0.body("q").await).unwrap();
    assert_eq!(
        (
            &event["detail-type"],
            &event["resources"],
            &event["detail"]["object"]["key"],
            &event["detail"]["reason"]
        ),
        (&json!("Object Created"), &json!(["arn:aws:s3:::my-bucket"]), &json!("k y"), &json!("PutObject"))
    );
    stop.send(()).unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn invalid_entries_are_refused_one_by_one() {
    let world = World::new().await;
    let entries = json!([
        {"Source": "s", "DetailType": "x", "Detail": "{}"},
        {"Source": "s", "DetailType": "x", "Detail": "[]"},
        {"Source": "s", "DetailType": "x", "Detail": "{"},
        {"DetailType": "x", "Detail": "{}"},
    ]);
    let answer = world.events("PutEvents", json!({ "Entries": entries })).await;
    let codes: Vec<_> =
        answer["Entries"].as_array().unwrap().iter().map(|entry| entry["ErrorCode"].clone()).collect();
    assert_eq!(
        (&answer["FailedEntryCount"], codes),
        (
            &json!(3),
            vec![Value::Null, json!("MalformedDetail"), json!("MalformedDetail"), json!("InvalidArgument")],
        )
    );
}

#[tokio::test]
async fn the_logging_of_a_bus_is_shown() {
    let world = World::new().await;
    let logging = json!({ "IncludeDetail": "FULL", "Level": "TRACE" });
    let made = world.events("CreateEventBus", json!({ "Name": "b", "LogConfig": logging })).await;
    assert_eq!(made["LogConfig"], logging);
    assert_eq!(world.events("DescribeEventBus", json!({ "Name": "b" })).await["LogConfig"], logging);
    let wrong = json!({ "Name": "c", "LogConfig": { "Level": "LOUD" } });
    let error = world.0.cloud.call(&world.0.cx, "events", "CreateEventBus", wrong).await.unwrap_err();
    assert!(error.message.contains("'logConfig.level'"), "{error}");
}
