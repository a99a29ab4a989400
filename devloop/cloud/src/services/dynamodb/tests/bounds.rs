//! The memory that tables have together.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Fixture, simple_table};
use crate::services::dynamodb::DynamoDb;

#[tokio::test]
async fn all_tables_share_a_limit_and_items_can_be_replaced_and_deleted_beyond_it() {
    let mut db = Fixture::new();
    db.db = DynamoDb::within(db.clock.clone(), db.kinesis.clone(), 20_000).into();
    let put = async |table: usize, id: usize, length: usize| {
        let item = json!({ "id": { "S": id.to_string() }, "d": { "S": "x".repeat(length) } });
        db.call("PutItem", json!({ "TableName": format!("events{table}"), "Item": item })).await
    };
    for table in 0..10 {
        db.ok("CreateTable", simple_table(&format!("events{table}"))).await;
        put(table, 0, 1_700).await.unwrap();
    }
    let refused = put(3, 1, 1_700).await.unwrap_err();
    assert_eq!(refused.code, "RequestLimitExceeded");
    assert!(refused.message.contains("All tables together"), "{refused}");
    put(3, 0, 1_600).await.unwrap();
    let transaction = json!({ "TransactItems": [
        { "Put": { "TableName": "events4", "Item": { "id": { "S": "new" }, "d": { "S": "x".repeat(1_700) } } } },
    ] });
    let refused = db.error("TransactWriteItems", transaction).await;
    assert_eq!(refused.code, "TransactionCanceledException", "{refused}");
    db.ok("DeleteItem", json!({ "TableName": "events5", "Key": { "id": { "S": "0" } } })).await;
    put(3, 1, 1_700).await.unwrap();
    assert!(put(3, 2, 1_700).await.is_err());
    db.ok("DeleteTable", json!({ "TableName": "events6" })).await;
    put(3, 2, 1_700).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_that_waits_for_its_table_holds_up_no_other_task() {
    let db = Arc::new(Fixture::with_table().await);
    let (release, released) = std::sync::mpsc::channel();
    let (hold, held) = std::sync::mpsc::channel();
    let table = db.table("events");
    let holder = std::thread::spawn(move || {
        let _contents = table.write_contents();
        hold.send(()).unwrap();
        released.recv_timeout(std::time::Duration::from_secs(10))
    });
    held.recv().unwrap();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let waiting = tokio::spawn(async move {
        let _ = begin.send(());
        db.get("events", json!({"id": {"S": "a"}})).await
    });
    begun.await.unwrap();
    let other = tokio::spawn(async move { release.send(()) });
    assert_eq!(other.await.unwrap(), Ok(()));
    assert_eq!(waiting.await.unwrap(), Value::Null);
    assert_eq!(holder.join().unwrap(), Ok(()), "the other task ran while the request waited");
}
