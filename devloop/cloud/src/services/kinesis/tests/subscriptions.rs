//! Tests of `SubscribeToShard`, with a clock that the tests drive.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};

use super::{Fixture, string, texts};
use crate::{
    error::ApiError,
    event_stream::{Event, Events},
    services::kinesis::subscribe::subscribe,
};

const FIRST: &str = "shardId-000000000000";
const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

impl Fixture {
    /// Registers the consumer `c`; returns its ARN.
    async fn consumer(&self) -> String {
        let input = json!({ "StreamARN": ARN, "ConsumerName": "c" });
        string(&self.ok("RegisterStreamConsumer", input).await["Consumer"]["ConsumerARN"])
    }

    fn subscribe(&self, consumer: &str, position: Value) -> Result<Events, ApiError> {
        let input = json!({ "ConsumerARN": consumer, "ShardId": FIRST, "StartingPosition": position });
        subscribe(&self.kinesis, &self.cx, input)
    }

    /// A subscription that starts at the oldest record.
    fn events(&self, consumer: &str) -> Events {
        self.subscribe(consumer, json!({ "Type": "TRIM_HORIZON" })).unwrap()
    }
}

/// The event that is due now; `None` if the subscription waits.
fn event(events: &mut Events) -> Option<Value> {
    let Event { name, payload } = events.next().now_or_never()?.unwrap().unwrap();
    assert_eq!(name, "SubscribeToShardEvent");
    Some(payload)
}

/// The code of the error that ends the subscription now.
fn error(events: &mut Events) -> String {
    let error = events.next().now_or_never().unwrap().unwrap().unwrap_err();
    assert!(events.next().now_or_never().unwrap().is_none(), "an error ends the subscription");
    error.code.into_owned()
}

#[tokio::test]
async fn records_arrive_as_they_are_put_and_the_next_subscription_continues_after_them() {
    let fixture = Fixture::with_shards(1).await;
    let consumer = fixture.consumer().await;
    fixture.put("0", "a").await;
    let mut events = fixture.events(&consumer);
    assert_eq!(texts(&event(&mut events).unwrap()), ["a"]);
    assert_eq!(event(&mut events), None);
    fixture.put("0", "b").await;
    fixture.put("0", "c").await;
    let seen = event(&mut events).unwrap();
    assert_eq!((texts(&seen), &seen["MillisBehindLatest"]), (vec!["b".into(), "c".into()], &json!(0)));
    assert_eq!(event(&mut events), None);
    fixture.put("0", "d").await;
    fixture.clock.advance(Duration::from_secs(5));
    let last = seen["ContinuationSequenceNumber"].clone();
    let position = json!({ "Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last });
    let mut next = fixture.subscribe(&consumer, position).unwrap();
    assert_eq!(texts(&event(&mut next).unwrap()), ["d"]);
}

#[tokio::test]
async fn without_records_an_event_is_sent_every_five_seconds_for_five_minutes() {
    let fixture = Fixture::with_shards(1).await;
    let consumer = fixture.consumer().await;
    let mut events = fixture.events(&consumer);
    let mut silences = Vec::new();
    assert_eq!(event(&mut events), None);
    while silences.len() < 59 {
        fixture.clock.advance(Duration::from_secs(5));
        silences.push(event(&mut events).unwrap());
        assert_eq!(event(&mut events), None);
    }
    assert!(silences.iter().all(|event| event["Records"] == json!([])));
    fixture.clock.advance(Duration::from_secs(5));
    assert!(events.next().now_or_never().unwrap().is_none(), "five minutes are over");
    // The sequence number in an event without records is a valid starting position.
    fixture.put("0", "first").await;
    let last = silences[0]["ContinuationSequenceNumber"].clone();
    let position = json!({ "Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last });
    assert_eq!(texts(&event(&mut fixture.subscribe(&consumer, position).unwrap()).unwrap()), ["first"]);
}

#[tokio::test]
async fn a_subscription_to_a_split_shard_ends_with_the_children() {
    let fixture = Fixture::with_shards(1).await;
    let consumer = fixture.consumer().await;
    let mut events = fixture.events(&consumer);
    assert_eq!(event(&mut events), None);
    fixture.put("0", "last").await;
    let half = (1_u128 << 127).to_string();
    let split = json!({ "StreamName": "s", "ShardToSplit": FIRST, "NewStartingHashKey": half });
    fixture.ok("SplitShard", split).await;
    let end = event(&mut events).unwrap();
    assert_eq!((texts(&end), &end["ContinuationSequenceNumber"]), (vec!["last".into()], &Value::Null));
    let children = end["ChildShards"].as_array().unwrap();
    let ids: Vec<&str> = children.iter().map(|child| child["ShardId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["shardId-000000000001", "shardId-000000000002"]);
    assert_eq!(children[0]["ParentShards"], json!([FIRST]));
    assert!(events.next().now_or_never().unwrap().is_none());
}

#[tokio::test]
async fn a_subscription_is_taken_over_after_five_seconds_and_not_before() {
    let fixture = Fixture::with_shards(1).await;
    let consumer = fixture.consumer().await;
    let mut first = fixture.events(&consumer);
    assert_eq!(event(&mut first), None);
    fixture.clock.advance(Duration::from_millis(4_999));
    let refused = fixture.subscribe(&consumer, json!({ "Type": "LATEST" })).err().unwrap();
    assert_eq!(refused.code, "ResourceInUseException");
    fixture.clock.advance(Duration::from_millis(1));
    let mut second = fixture.subscribe(&consumer, json!({ "Type": "LATEST" })).unwrap();
    assert_eq!(error(&mut first), "ResourceInUseException");
    fixture.put("0", "a").await;
    assert_eq!(texts(&event(&mut second).unwrap()), ["a"]);
}

#[tokio::test]
async fn a_subscription_ends_with_its_consumer_and_with_its_stream() {
    let fixture = Fixture::with_shards(1).await;
    for (operation, input) in [
        ("DeregisterStreamConsumer", json!({ "StreamARN": ARN, "ConsumerName": "c" })),
        ("DeleteStream", json!({ "StreamName": "s", "EnforceConsumerDeletion": true })),
    ] {
        let consumer = fixture.consumer().await;
        let mut events = fixture.events(&consumer);
        assert_eq!(event(&mut events), None);
        fixture.ok(operation, input).await;
        assert_eq!(error(&mut events), "ResourceNotFoundException", "{operation}");
    }
}

#[tokio::test]
async fn an_invalid_subscription_is_refused_before_it_begins() {
    let fixture = Fixture::with_shards(1).await;
    let consumer = fixture.consumer().await;
    let check = |consumer: &str, position: Value, code: &str, part: &str| {
        let error = fixture.subscribe(consumer, position).err().unwrap();
        assert!(error.code == code && error.message.contains(part), "{error}");
    };
    check(
        &format!("{ARN}/consumer/c:1"),
        json!({ "Type": "LATEST" }),
        "ResourceNotFoundException",
        "not found",
    );
    check(&consumer, json!({ "Type": "SOON" }), "ValidationException", "startingPosition.type");
    check(&consumer, json!({}), "ValidationException", "startingPosition.type");
    let number = json!({ "Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": "7" });
    check(&consumer, number, "InvalidArgumentException", "used in SubscribeToShard on shard");
    check(&consumer, json!({ "Type": "AT_TIMESTAMP" }), "InvalidArgumentException", "no Timestamp");
}

#[tokio::test]
async fn with_the_limits_of_aws_a_consumer_gets_two_megabytes_of_a_shard_a_second() {
    let fixture = Fixture::with_the_limits_of_aws().await;
    let consumer = fixture.consumer().await;
    let mut events = fixture.events(&consumer);
    assert_eq!(event(&mut events), None);
    let megabyte = "x".repeat((1 << 20) - 1);
    fixture.put("0", &megabyte).await;
    assert_eq!(texts(&event(&mut events).unwrap()).len(), 1);
    fixture.clock.advance(Duration::from_millis(499));
    assert_eq!(event(&mut events), None);
    fixture.clock.advance(Duration::from_millis(501));
    fixture.put("0", &megabyte).await;
    assert_eq!(texts(&event(&mut events).unwrap()).len(), 1);
}
