use serde_json::{Value, json};

use super::{Fixture, simple_table, with};

async fn two_tables() -> Fixture {
    let db = Fixture::with_table().await;
    db.ok("CreateTable", simple_table("other")).await;
    db
}

fn put(table: &str, id: &str, n: u32) -> Value {
    json!({"Put": {"TableName": table, "Item": {"id": {"S": id}, "n": {"N": n.to_string()}}}})
}

/// dynoxide 3.2 ignores them too, and examines them.
#[tokio::test]
async fn values_that_no_expression_of_a_transaction_uses_must_be_valid() {
    let db = two_tables().await;
    let mut item = put("events", "new", 1);
    item["Put"]["ExpressionAttributeValues"] = json!({":a": {"S": "a"}});
    db.ok("TransactWriteItems", json!({"TransactItems": [item]})).await;
    item["Put"]["ExpressionAttributeValues"] = json!({":a": {}});
    let error = db.error("TransactWriteItems", json!({"TransactItems": [item]})).await;
    assert_eq!(error.code, "ValidationException");
    assert!(
        error.message.contains("must contain exactly one of the supported datatypes"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_transaction_writes_all_or_nothing() {
    let db = two_tables().await;
    db.put("events", json!({"id": {"S": "old"}, "n": {"N": "1"}})).await;
    let update = json!({"Update": {
        "TableName": "events", "Key": {"id": {"S": "old"}}, "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }});
    let check = json!({"ConditionCheck": {
        "TableName": "other", "Key": {"id": {"S": "guard"}}, "ConditionExpression": "attribute_exists(id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }});
    let items = json!([put("other", "new", 1), update, check]);
    let error = db.error("TransactWriteItems", json!({"TransactItems": items})).await;
    assert_eq!(
        (&*error.code, &*error.message),
        (
            "TransactionCanceledException",
            "Transaction cancelled, please refer cancellation reasons for specific reasons [None, None, ConditionalCheckFailed]"
        )
    );
    assert_eq!(
        error.details["CancellationReasons"],
        json!([{"Code": "None"}, {"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}])
    );
    assert_eq!(db.get("other", json!({"id": {"S": "new"}})).await, json!(null));
    assert_eq!(db.get("events", json!({"id": {"S": "old"}})).await["n"], json!({"N": "1"}));

    db.put("other", json!({"id": {"S": "guard"}})).await;
    db.ok("TransactWriteItems", json!({"TransactItems": items})).await;
    let gets = json!([
        {"Get": {"TableName": "other", "Key": {"id": {"S": "new"}}, "ProjectionExpression": "n"}},
        {"Get": {"TableName": "events", "Key": {"id": {"S": "old"}}}},
        {"Get": {"TableName": "events", "Key": {"id": {"S": "none"}}}},
    ]);
    let output =
        db.ok("TransactGetItems", json!({"TransactItems": gets, "ReturnConsumedCapacity": "TOTAL"})).await;
    assert_eq!(
        output["Responses"],
        json!([{"Item": {"n": {"N": "1"}}}, {"Item": {"id": {"S": "old"}, "n": {"N": "2"}}}, {}])
    );
    assert_eq!(
        output["ConsumedCapacity"],
        json!([
            {"TableName": "events", "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0},
            {"TableName": "other", "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0},
        ])
    );
}

#[tokio::test]
async fn an_update_that_does_not_fit_its_item_cancels_the_transaction() {
    let db = two_tables().await;
    db.put("events", json!({"id": {"S": "1"}, "n": {"S": "text"}})).await;
    let update = json!({"Update": {
        "TableName": "events", "Key": {"id": {"S": "1"}}, "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }});
    let error =
        db.error("TransactWriteItems", json!({"TransactItems": [put("other", "1", 1), update]})).await;
    assert_eq!(
        error.details["CancellationReasons"][1],
        json!({"Code": "ValidationError", "Message": "An operand in the update expression has an incorrect data type"})
    );
    assert_eq!(db.get("other", json!({"id": {"S": "1"}})).await, json!(null));
}

#[tokio::test]
async fn an_empty_key_cancels_reads_and_refuses_writes() {
    let db = two_tables().await;
    let empty = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \
                 string value. Key: id";
    let key = json!({"TableName": "events", "Key": {"id": {"S": ""}}});
    let error = db.error("TransactGetItems", json!({"TransactItems": [{"Get": key}]})).await;
    assert_eq!(error.details["CancellationReasons"], json!([{"Code": "ValidationError", "Message": empty}]));
    db.invalid("TransactWriteItems", json!({"TransactItems": [{"Delete": key}]}), empty).await;
}

#[tokio::test]
async fn a_token_makes_a_transaction_run_once() {
    let db = two_tables().await;
    let add = json!([{"Update": {
        "TableName": "events", "Key": {"id": {"S": "1"}}, "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }}]);
    let request = json!({"TransactItems": add, "ClientRequestToken": "t"});
    db.ok("TransactWriteItems", request.clone()).await;
    db.ok("TransactWriteItems", request.clone()).await;
    assert_eq!(db.get("events", json!({"id": {"S": "1"}})).await["n"], json!({"N": "1"}));
    let other = with(&request, json!({"TransactItems": [put("events", "1", 9)]}));
    let error = db.error("TransactWriteItems", other).await;
    assert_eq!(error.code, "IdempotentParameterMismatchException");
    db.clock.advance(std::time::Duration::from_secs(601));
    db.ok("TransactWriteItems", request).await;
    assert_eq!(db.get("events", json!({"id": {"S": "1"}})).await["n"], json!({"N": "2"}));
}

#[tokio::test]
async fn invalid_transactions_are_refused() {
    let db = two_tables().await;
    db.invalid(
        "TransactWriteItems",
        json!({"TransactItems": [put("events", "1", 1), {"Delete": {"TableName": "events", "Key": {"id": {"S": "1"}}}}]}),
        "Transaction request cannot include multiple operations on one item",
    )
    .await;
    db.invalid(
        "TransactWriteItems",
        json!({"TransactItems": [{}]}),
        "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request",
    )
    .await;
    let many: Vec<Value> = (0..101).map(|n| put("events", &n.to_string(), n)).collect();
    let error = db.error("TransactWriteItems", json!({"TransactItems": many})).await;
    assert!(error.message.contains("Member must have length less than or equal to 100"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn transactions_on_the_same_tables_never_deadlock_and_lose_nothing() {
    let db = std::sync::Arc::new(two_tables().await);
    let workers: Vec<_> = [("events", "other"), ("other", "events")]
        .into_iter()
        .map(|(first, second)| {
            let db = std::sync::Arc::clone(&db);
            tokio::spawn(async move {
                for _ in 0..500 {
                    let add = |table: &str| {
                        json!({"Update": {
                            "TableName": table, "Key": {"id": {"S": "1"}}, "UpdateExpression": "ADD n :one",
                            "ExpressionAttributeValues": {":one": {"N": "1"}},
                        }})
                    };
                    db.ok("TransactWriteItems", json!({"TransactItems": [add(first), add(second)]})).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    for table in ["events", "other"] {
        assert_eq!(db.get(table, json!({"id": {"S": "1"}})).await["n"], json!({"N": "1000"}));
    }
}
