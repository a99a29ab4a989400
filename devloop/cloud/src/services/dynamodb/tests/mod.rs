//! Tests of the service through its operations, with a clock that does not move by itself.

mod bounds;
mod cases;
mod destinations;
mod indexes;
mod items;
mod legacy;
mod partiql;
mod queries;
mod streams;
mod tables;
mod throughput;
mod time_to_live;
mod transactions;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{DynamoDb, table::Table};
use crate::{
    Limits,
    clock::Clock,
    context::Context,
    error::ApiError,
    services::{cloudwatch::CloudWatch, kinesis::Kinesis},
};

const START_MS: i64 = 1_700_000_000_250;

/// A service, and what its callers have in common.
struct Fixture {
    db: Arc<DynamoDb>,
    kinesis: Arc<Kinesis>,
    cx: Context,
    clock: Clock,
}

impl Fixture {
    fn new() -> Self {
        let clock = Clock::manual(START_MS);
        let cx = Context {
            region: "us-east-1".into(),
            account: "000000000000".into(),
            endpoint: "http://127.0.0.1:4566".into(),
            request_id: "r".into(),
            access_key: None,
        };
        let kinesis =
            Arc::new(Kinesis::new(clock.clone(), Limits::Machine, Arc::new(CloudWatch::new(clock.clone()))));
        let db = Arc::new(DynamoDb::new(clock.clone(), Arc::clone(&kinesis)));
        Self { db, kinesis, cx, clock }
    }

    /// A service with the table `events`. Its key is `id` (a text), and its stream contains both images.
    async fn with_table() -> Self {
        let fixture = Self::new();
        fixture.ok("CreateTable", simple_table("events")).await;
        fixture
    }

    /// A service with the table `orders`, with the partition key `p` (a text) and the sort key `s` (a number).
    async fn with_sorted_table() -> Self {
        let fixture = Self::new();
        fixture.ok("CreateTable", sorted_table("orders")).await;
        fixture
    }

    fn table(&self, name: &str) -> Arc<Table> {
        self.db.stores.of(&self.cx.region).table(name).unwrap()
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        self.db.call(&self.cx, operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let shown = input.to_string();
        self.call(operation, input).await.unwrap_or_else(|error| panic!("{operation} {shown}: {error}"))
    }

    async fn error(&self, operation: &str, input: Value) -> ApiError {
        let shown = input.to_string();
        match self.call(operation, input).await {
            Err(error) => error,
            Ok(output) => panic!("{operation} {shown} gave {output}"),
        }
    }

    /// Expects a `ValidationException` with this message.
    async fn invalid(&self, operation: &str, input: Value, expected: &str) {
        let shown = input.to_string();
        let error = self.error(operation, input).await;
        assert_eq!((&*error.code, &*error.message), ("ValidationException", expected), "{shown}");
    }

    async fn put(&self, table: &str, item: Value) {
        self.ok("PutItem", json!({"TableName": table, "Item": item})).await;
    }

    async fn get(&self, table: &str, key: Value) -> Value {
        self.ok("GetItem", json!({"TableName": table, "Key": key})).await["Item"].take()
    }
}

fn simple_table(name: &str) -> Value {
    json!({
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    })
}

fn sorted_table(name: &str) -> Value {
    json!({
        "TableName": name,
        "AttributeDefinitions": [
            {"AttributeName": "p", "AttributeType": "S"},
            {"AttributeName": "s", "AttributeType": "N"},
        ],
        "KeySchema": [
            {"AttributeName": "p", "KeyType": "HASH"},
            {"AttributeName": "s", "KeyType": "RANGE"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    })
}

/// The input with members added or replaced.
#[expect(clippy::needless_pass_by_value, reason = "a literal reads better without a borrow")]
fn with(input: &Value, more: Value) -> Value {
    let mut members: Map<String, Value> = input.as_object().unwrap().clone();
    members.extend(more.as_object().unwrap().clone());
    Value::Object(members)
}
