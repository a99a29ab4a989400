use serde_json::json;

use super::{Fixture, with};

#[tokio::test]
async fn an_item_is_put_read_updated_and_deleted() {
    let db = Fixture::with_table().await;
    let key = json!({"id": {"S": "1"}});
    let item = json!({"id": {"S": "1"}, "n": {"N": "1.50"}, "list": {"L": [{"BOOL": true}]}});
    assert_eq!(db.ok("PutItem", json!({"TableName": "events", "Item": item})).await, json!({}));
    let stored = json!({"id": {"S": "1"}, "n": {"N": "1.5"}, "list": {"L": [{"BOOL": true}]}});
    assert_eq!(db.get("events", key.clone()).await, stored);
    assert_eq!(db.get("events", json!({"id": {"S": "2"}})).await, json!(null));
    let projected = db
        .ok(
            "GetItem",
            json!({
                "TableName": "events", "Key": key, "ProjectionExpression": "#l[0]",
                "ExpressionAttributeNames": {"#l": "list"},
            }),
        )
        .await;
    assert_eq!(projected, json!({"Item": {"list": {"L": [{"BOOL": true}]}}}));

    let update = json!({
        "TableName": "events", "Key": key, "UpdateExpression": "SET n = n + :n REMOVE #l",
        "ExpressionAttributeValues": {":n": {"N": "2"}}, "ExpressionAttributeNames": {"#l": "list"},
        "ReturnValues": "ALL_NEW",
    });
    assert_eq!(
        db.ok("UpdateItem", update).await,
        json!({"Attributes": {"id": {"S": "1"}, "n": {"N": "3.5"}}})
    );
    let delete = json!({"TableName": "events", "Key": key, "ReturnValues": "ALL_OLD"});
    assert_eq!(
        db.ok("DeleteItem", delete.clone()).await,
        json!({"Attributes": {"id": {"S": "1"}, "n": {"N": "3.5"}}})
    );
    assert_eq!(db.ok("DeleteItem", delete).await, json!({}));
}

#[tokio::test]
async fn each_return_value_shows_its_part() {
    let db = Fixture::with_table().await;
    let update = json!({
        "TableName": "events", "Key": {"id": {"S": "1"}},
        "UpdateExpression": "SET a = if_not_exists(a, :zero) + :one, m.x = :one",
        "ExpressionAttributeValues": {":zero": {"N": "0"}, ":one": {"N": "1"}},
    });
    let check = async |returned: &str, expected: serde_json::Value| {
        db.put(
            "events",
            json!({"id": {"S": "1"}, "a": {"N": "5"}, "b": {"N": "1"}, "m": {"M": {"y": {"N": "2"}}}}),
        )
        .await;
        let output = db.ok("UpdateItem", with(&update, json!({"ReturnValues": returned}))).await;
        assert_eq!(output, expected, "{returned}");
    };
    check("NONE", json!({})).await;
    check("UPDATED_OLD", json!({"Attributes": {"a": {"N": "5"}}})).await;
    check("UPDATED_NEW", json!({"Attributes": {"a": {"N": "6"}, "m": {"M": {"x": {"N": "1"}}}}})).await;
    let (id, b) = (json!({"S": "1"}), json!({"N": "1"}));
    check(
        "ALL_OLD",
        json!({"Attributes": {"id": id, "a": {"N": "5"}, "b": b, "m": {"M": {"y": {"N": "2"}}}}}),
    )
    .await;
    check(
        "ALL_NEW",
        json!({"Attributes": {"id": id, "a": {"N": "6"}, "b": b, "m": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}}}),
    )
    .await;
    db.invalid(
        "PutItem",
        json!({"TableName": "events", "Item": {"id": {"S": "1"}}, "ReturnValues": "ALL_NEW"}),
        "1 validation error detected: ReturnValues can only be ALL_OLD or NONE",
    )
    .await;
    db.invalid(
        "PutItem",
        json!({"TableName": "events", "Item": {"id": {"S": "1"}}, "ReturnValues": "ALL_NEW", "ConditionExpression": "a = :no"}),
        "1 validation error detected: ReturnValues can only be ALL_OLD or NONE",
    )
    .await;
    // A deletion counts it among the violations, unless the key is missing.
    let bad_name = "Value 'a b' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
    db.invalid(
        "DeleteItem",
        json!({"TableName": "a b", "Key": {"id": {"S": "1"}}, "ReturnValues": "ALL_NEW"}),
        &format!("2 validation errors detected: {bad_name}; ReturnValues can only be ALL_OLD or NONE"),
    )
    .await;
    db.invalid(
        "DeleteItem",
        json!({"TableName": "events", "ReturnValues": "ALL_NEW"}),
        "1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null",
    )
    .await;
    db.invalid(
        "GetItem",
        json!({"TableName": "a b", "Key": {"id": {"S": "1"}}, "AttributesToGet": []}),
        &format!(
            "2 validation errors detected: {bad_name}; Value '[]' at 'attributesToGet' failed to satisfy constraint: Member must have \
             length greater than or equal to 1"
        ),
    )
    .await;
}

#[tokio::test]
async fn a_guarded_put_replaces_only_what_is_older() {
    let db = Fixture::with_table().await;
    let put = |seq: &str| {
        json!({
            "TableName": "events", "Item": {"id": {"S": "1"}, "kinesisSeq": {"S": seq}},
            "ConditionExpression": "attribute_not_exists(id) OR kinesisSeq < :seq",
            "ExpressionAttributeValues": {":seq": {"S": seq}},
        })
    };
    db.ok("PutItem", put("005")).await;
    db.ok("PutItem", put("006")).await;
    let error = db.error("PutItem", put("006")).await;
    assert_eq!(
        (&*error.code, &*error.message),
        ("ConditionalCheckFailedException", "The conditional request failed")
    );
    assert!(error.details.is_empty());
    let shown = with(&put("001"), json!({"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}));
    let error = db.error("PutItem", shown).await;
    assert_eq!(error.details["Item"], json!({"id": {"S": "1"}, "kinesisSeq": {"S": "006"}}));
}

#[tokio::test]
async fn an_update_creates_a_missing_item_unless_it_only_removes() {
    let db = Fixture::with_table().await;
    let key = json!({"id": {"S": "new"}});
    let update = json!({"TableName": "events", "Key": key});
    db.ok("UpdateItem", with(&update, json!({"UpdateExpression": "REMOVE a"}))).await;
    assert_eq!(db.get("events", key.clone()).await, json!(null));
    db.ok("UpdateItem", update).await;
    assert_eq!(db.get("events", key.clone()).await, key);
}

#[tokio::test]
async fn invalid_items_and_keys_are_refused_in_the_services_words() {
    let db = Fixture::with_table().await;
    let put = async |item: serde_json::Value, expected: &str| {
        db.invalid("PutItem", json!({"TableName": "events", "Item": item}), expected).await;
    };
    put(
        json!({"x": {"S": "1"}}),
        "One or more parameter values were invalid: Missing the key id in the item",
    )
    .await;
    put(
        json!({"id": {"N": "1"}}),
        "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N",
    )
    .await;
    let empty = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id";
    put(json!({"id": {"S": ""}}), empty).await;
    put(
        json!({"id": {"S": "k".repeat(2049)}}),
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
    )
    .await;
    put(
        json!({"id": {"S": "1"}, "data": {"S": "x".repeat(400 * 1024)}}),
        "Item size has exceeded the maximum allowed size",
    )
    .await;
    db.put("events", json!({"id": {"S": "1"}, "data": {"S": "x".repeat(400 * 1024 - 7)}})).await;

    let get = async |key: serde_json::Value, expected: &str| {
        db.invalid("GetItem", json!({"TableName": "events", "Key": key}), expected).await;
    };
    get(json!({}), "The provided key element does not match the schema").await;
    get(json!({"id": {"S": "1"}, "x": {"S": "1"}}), "The provided key element does not match the schema")
        .await;
    get(json!({"x": {"S": "1"}}), "The provided key element does not match the schema").await;
    get(json!({"id": {"N": "1"}}), "The provided key element does not match the schema").await;
    get(json!({"id": {"S": ""}}), empty).await;

    db.invalid(
        "UpdateItem",
        json!({
            "TableName": "events", "Key": {"id": {"S": "1"}}, "UpdateExpression": "SET id = :v",
            "ExpressionAttributeValues": {":v": {"S": "2"}},
        }),
        "One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key",
    )
    .await;
    db.invalid(
        "UpdateItem",
        json!({
            "TableName": "events", "Key": {"id": {"S": "1"}}, "UpdateExpression": "SET d = :v",
            "ExpressionAttributeValues": {":v": {"S": "y".repeat(10)}},
        }),
        "Item size to update has exceeded the maximum allowed size",
    )
    .await;
    let error = db.error("GetItem", json!({"TableName": "none", "Key": {"id": {"S": "1"}}})).await;
    assert_eq!(
        (&*error.code, &*error.message),
        ("ResourceNotFoundException", "Requested resource not found")
    );
}

#[tokio::test]
async fn unsupported_operations_are_refused_by_name() {
    let db = Fixture::with_table().await;
    let error = db.error("ExportTableToPointInTime", json!({})).await;
    assert_eq!(error.message, "the embedded cloud does not support dynamodb:ExportTableToPointInTime");
}

#[tokio::test]
async fn batches_write_and_read_many_items() {
    let db = Fixture::with_table().await;
    let puts: Vec<_> =
        (0..25).map(|n| json!({"PutRequest": {"Item": {"id": {"S": n.to_string()}}}})).collect();
    let output = db
        .ok("BatchWriteItem", json!({"RequestItems": {"events": puts}, "ReturnConsumedCapacity": "TOTAL"}))
        .await;
    assert_eq!(
        output,
        json!({"UnprocessedItems": {}, "ConsumedCapacity": [{"TableName": "events", "CapacityUnits": 25.0}]})
    );
    db.ok(
        "BatchWriteItem",
        json!({"RequestItems": {"events": [{"DeleteRequest": {"Key": {"id": {"S": "3"}}}}]}}),
    )
    .await;
    let keys: Vec<_> = (2..5).map(|n| json!({"id": {"S": n.to_string()}})).collect();
    let output = db.ok("BatchGetItem", json!({"RequestItems": {"events": {"Keys": keys}}})).await;
    let found = json!([{"id": {"S": "2"}}, {"id": {"S": "4"}}]);
    assert_eq!(output, json!({"Responses": {"events": found}, "UnprocessedKeys": {}}));

    let many: Vec<_> =
        (0..26).map(|n| json!({"PutRequest": {"Item": {"id": {"S": n.to_string()}}}})).collect();
    let error = db.error("BatchWriteItem", json!({"RequestItems": {"events": many}})).await;
    let constraint = "at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]";
    assert!(error.message.ends_with(constraint), "{error}");
    let twice =
        json!([{"PutRequest": {"Item": {"id": {"S": "1"}}}}, {"DeleteRequest": {"Key": {"id": {"S": "1"}}}}]);
    let duplicates = "Provided list of item keys contains duplicates";
    db.invalid("BatchWriteItem", json!({"RequestItems": {"events": twice}}), duplicates).await;
    let twice = json!([{"id": {"S": "1"}}, {"id": {"S": "1"}}]);
    db.invalid("BatchGetItem", json!({"RequestItems": {"events": {"Keys": twice}}}), duplicates).await;
    let many: Vec<_> = (0..101).map(|n| json!({"id": {"S": n.to_string()}})).collect();
    db.invalid(
        "BatchGetItem",
        json!({"RequestItems": {"events": {"Keys": many}}}),
        "1 validation error detected: Value at 'RequestItems.events.member.Keys' failed to satisfy constraint: Member must have length less than or equal to 100",
    )
    .await;
}

#[tokio::test]
async fn a_large_batch_get_leaves_keys_unprocessed() {
    let db = Fixture::with_table().await;
    for n in 0..45 {
        db.put("events", json!({"id": {"S": n.to_string()}, "data": {"S": "x".repeat(399 * 1024)}})).await;
    }
    let keys: Vec<_> = (0..45).map(|n| json!({"id": {"S": n.to_string()}})).collect();
    let output = db.ok("BatchGetItem", json!({"RequestItems": {"events": {"Keys": keys}}})).await;
    let read = output["Responses"]["events"].as_array().unwrap().len();
    let left = output["UnprocessedKeys"]["events"]["Keys"].as_array().unwrap().len();
    assert_eq!((read, left), (42, 3));
}

#[tokio::test]
async fn capacity_is_counted_as_on_aws() {
    let db = Fixture::with_table().await;
    let put = json!({
        "TableName": "events", "Item": {"id": {"S": "1"}, "d": {"S": "x".repeat(1500)}}, "ReturnConsumedCapacity": "INDEXES",
    });
    assert_eq!(
        db.ok("PutItem", put).await["ConsumedCapacity"],
        json!({"TableName": "events", "CapacityUnits": 2.0, "Table": {"CapacityUnits": 2.0}})
    );
    let get = json!({"TableName": "events", "Key": {"id": {"S": "1"}}, "ReturnConsumedCapacity": "TOTAL"});
    assert_eq!(db.ok("GetItem", get.clone()).await["ConsumedCapacity"]["CapacityUnits"], 0.5);
    let get = with(&get, json!({"ConsistentRead": true}));
    assert_eq!(db.ok("GetItem", get).await["ConsumedCapacity"]["CapacityUnits"], 1.0);
}
