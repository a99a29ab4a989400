use std::time::Duration;

use serde_json::{Value, json};

use super::{Fixture, START_MS};

impl Fixture {
    async fn time_to_live(&self, enabled: bool) -> Value {
        let specification = json!({"Enabled": enabled, "AttributeName": "until"});
        self.ok("UpdateTimeToLive", json!({"TableName": "events", "TimeToLiveSpecification": specification}))
            .await
    }

    async fn put_until(&self, id: &str, seconds: i64) {
        let until = (START_MS / 1000 + seconds).to_string();
        self.put("events", json!({"id": {"S": id}, "until": {"N": until}})).await;
    }

    async fn ids(&self) -> Vec<String> {
        let output = self.ok("Scan", json!({"TableName": "events"})).await;
        let ids = output["Items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"]["S"].as_str().unwrap().to_owned());
        let mut ids: Vec<String> = ids.collect();
        ids.sort();
        ids
    }

    /// Runs the task that expires the table's items until it waits again.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

/// More items than are taken in under one lock, of which some expire.
#[tokio::test]
async fn all_items_of_a_large_table_are_taken_into_time_to_live() {
    let db = Fixture::with_table().await;
    for id in 0..1_201 {
        db.put_until(&format!("{id:04}"), 10 + i64::from(id % 2) * 60).await;
    }
    db.time_to_live(true).await;
    db.clock.advance(Duration::from_secs(10));
    db.settle().await;
    let ids = db.ids().await;
    assert_eq!((ids.len(), ids[0].as_str(), ids[599].as_str()), (600, "0001", "1199"));
}

#[tokio::test]
async fn items_are_deleted_when_they_expire() {
    let db = Fixture::with_table().await;
    db.put_until("before", 10).await;
    db.time_to_live(true).await;
    db.put_until("after", 20).await;
    db.put_until("ancient", -6 * 365 * 24 * 3600).await;
    db.put("events", json!({"id": {"S": "text"}, "until": {"S": "1"}})).await;
    db.put("events", json!({"id": {"S": "ever"}})).await;
    db.settle().await;
    assert_eq!(db.ids().await, ["after", "ancient", "before", "ever", "text"]);

    db.clock.advance(Duration::from_secs(10));
    db.settle().await;
    assert_eq!(db.ids().await, ["after", "ancient", "ever", "text"]);
    let arn =
        db.ok("DescribeTable", json!({"TableName": "events"})).await["Table"]["LatestStreamArn"].clone();
    let shard =
        db.ok("DescribeStream", json!({"StreamArn": arn})).await["StreamDescription"]["Shards"][0]["ShardId"]
            .clone();
    let start = json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
    let iterator = db.ok("GetShardIterator", start).await["ShardIterator"].clone();
    let records = db.ok("GetRecords", json!({"ShardIterator": iterator})).await["Records"].clone();
    let last = records.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["eventName"], &last["dynamodb"]["Keys"]),
        (&json!("REMOVE"), &json!({"id": {"S": "before"}}))
    );
    assert_eq!(last["userIdentity"], json!({"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}));

    db.put_until("after", 40).await;
    db.clock.advance(Duration::from_secs(15));
    db.settle().await;
    assert_eq!(db.ids().await, ["after", "ancient", "ever", "text"], "its expiry time was changed");
    db.time_to_live(false).await;
    db.clock.advance(Duration::from_mins(1));
    db.settle().await;
    assert_eq!(db.ids().await, ["after", "ancient", "ever", "text"], "time to live was switched off");
    assert_eq!(db.clock.sleepers(), 0, "no task waits for a table without time to live");
}

#[tokio::test]
async fn time_to_live_cannot_be_switched_to_its_current_state() {
    let db = Fixture::with_table().await;
    assert_eq!(
        db.time_to_live(true).await,
        json!({"TimeToLiveSpecification": {"Enabled": true, "AttributeName": "until"}})
    );
    let described = db.ok("DescribeTimeToLive", json!({"TableName": "events"})).await;
    assert_eq!(
        described,
        json!({"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}})
    );
    let check = async |enabled: bool, attribute: &str, expected: &str| {
        let specification = json!({"Enabled": enabled, "AttributeName": attribute});
        let input = json!({"TableName": "events", "TimeToLiveSpecification": specification});
        db.invalid("UpdateTimeToLive", input, expected).await;
    };
    check(true, "until", "TimeToLive is already enabled").await;
    check(
        false,
        "other",
        "TimeToLive is active on a different AttributeName: current AttributeName is until",
    )
    .await;
    db.time_to_live(false).await;
    check(false, "until", "TimeToLive is already disabled").await;
}
