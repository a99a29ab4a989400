//! The memory that tables have together.

use serde_json::json;

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
