use serde_json::{Value, json};

use super::{Fixture, sorted_table, with};

#[expect(clippy::needless_pass_by_value, reason = "a literal reads better without a borrow")]
fn global(name: &str, projection: Value) -> Value {
    json!({
        "IndexName": name,
        "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "rank", "KeyType": "RANGE"}],
        "Projection": projection,
    })
}

fn definitions() -> Value {
    json!([
        {"AttributeName": "p", "AttributeType": "S"},
        {"AttributeName": "s", "AttributeType": "N"},
        {"AttributeName": "kind", "AttributeType": "S"},
        {"AttributeName": "rank", "AttributeType": "N"},
    ])
}

async fn indexed() -> Fixture {
    let db = Fixture::new();
    let table = with(
        &sorted_table("orders"),
        json!({
            "AttributeDefinitions": definitions(),
            "GlobalSecondaryIndexes": [global("by-kind", json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": ["note"]}))],
            "LocalSecondaryIndexes": [{
                "IndexName": "by-rank",
                "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "rank", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }],
        }),
    );
    db.ok("CreateTable", table).await;
    db
}

fn order(s: u32, kind: &str, rank: u32) -> Value {
    json!({
        "p": {"S": "a"}, "s": {"N": s.to_string()}, "kind": {"S": kind}, "rank": {"N": rank.to_string()},
        "note": {"S": "n"}, "secret": {"S": "h"},
    })
}

fn by_kind(kind: &str) -> Value {
    json!({
        "TableName": "orders", "IndexName": "by-kind", "KeyConditionExpression": "kind = :k",
        "ExpressionAttributeValues": {":k": {"S": kind}},
    })
}

fn sorts(output: &Value) -> Vec<u64> {
    let items = output["Items"].as_array().unwrap();
    items.iter().map(|item| item["s"]["N"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn a_global_index_follows_every_change_and_shows_its_projection() {
    let db = indexed().await;
    for (s, kind, rank) in [(1, "x", 30), (2, "x", 4), (3, "y", 1), (4, "x", 4)] {
        db.put("orders", order(s, kind, rank)).await;
    }
    db.put("orders", json!({"p": {"S": "a"}, "s": {"N": "5"}, "kind": {"S": "x"}})).await;
    let output = db.ok("Query", by_kind("x")).await;
    assert_eq!(sorts(&output), [2, 4, 1]);
    let mut shown = order(2, "x", 4);
    shown.as_object_mut().unwrap().remove("secret");
    assert_eq!(output["Items"][0], shown);

    db.put("orders", order(2, "y", 2)).await;
    db.ok("DeleteItem", json!({"TableName": "orders", "Key": {"p": {"S": "a"}, "s": {"N": "4"}}})).await;
    assert_eq!(sorts(&db.ok("Query", by_kind("x")).await), [1]);
    assert_eq!(sorts(&db.ok("Query", by_kind("y")).await), [3, 2]);
    let all = db.ok("Scan", json!({"TableName": "orders", "IndexName": "by-kind"})).await;
    assert_eq!(all["Count"], 3);
    let table = db.ok("DescribeTable", json!({"TableName": "orders"})).await;
    assert_eq!(table["Table"]["ItemCount"], 4);
    assert_eq!(table["Table"]["GlobalSecondaryIndexes"][0]["ItemCount"], 3);
}

#[tokio::test]
async fn equal_index_keys_are_paged_without_loss() {
    let db = indexed().await;
    for s in 0..7 {
        db.put("orders", order(s, "x", 1)).await;
    }
    let mut input = with(&by_kind("x"), json!({"Limit": 2}));
    let mut seen = Vec::new();
    loop {
        let output = db.ok("Query", input.clone()).await;
        seen.extend(sorts(&output));
        let Some(last) = output.get("LastEvaluatedKey") else { break };
        assert_eq!(last.as_object().unwrap().len(), 4);
        input["ExclusiveStartKey"] = last.clone();
    }
    assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_local_index_fetches_what_it_does_not_show() {
    let db = indexed().await;
    db.put("orders", order(1, "x", 9)).await;
    db.put("orders", order(2, "x", 3)).await;
    let query = json!({
        "TableName": "orders", "IndexName": "by-rank", "KeyConditionExpression": "p = :p", "ConsistentRead": true,
        "ExpressionAttributeValues": {":p": {"S": "a"}},
    });
    let output = db.ok("Query", query.clone()).await;
    assert_eq!(sorts(&output), [2, 1]);
    assert_eq!(output["Items"][0], json!({"p": {"S": "a"}, "s": {"N": "2"}, "rank": {"N": "3"}}));
    let all = db.ok("Query", with(&query, json!({"Select": "ALL_ATTRIBUTES"}))).await;
    assert_eq!(all["Items"][0], order(2, "x", 3));
    let one = db.ok("Query", with(&query, json!({"ProjectionExpression": "secret"}))).await;
    assert_eq!(one["Items"][0], json!({"secret": {"S": "h"}}));
    let put = json!({
        "TableName": "orders", "Item": order(3, "x", 1), "ReturnItemCollectionMetrics": "SIZE", "ReturnConsumedCapacity": "INDEXES",
    });
    let output = db.ok("PutItem", put).await;
    assert_eq!(
        output["ItemCollectionMetrics"],
        json!({"ItemCollectionKey": {"p": {"S": "a"}}, "SizeEstimateRangeGB": [0.0, 1.0]})
    );
    assert_eq!(
        output["ConsumedCapacity"],
        json!({
            "TableName": "orders", "CapacityUnits": 3.0, "Table": {"CapacityUnits": 1.0},
            "GlobalSecondaryIndexes": {"by-kind": {"CapacityUnits": 1.0}},
            "LocalSecondaryIndexes": {"by-rank": {"CapacityUnits": 1.0}},
        })
    );
}

#[tokio::test]
async fn unsupported_uses_of_an_index_are_refused() {
    let db = indexed().await;
    db.invalid(
        "Query",
        with(&by_kind("x"), json!({"ConsistentRead": true})),
        "Consistent reads are not supported on global secondary indexes",
    )
    .await;
    db.invalid(
        "Query",
        with(&by_kind("x"), json!({"Select": "ALL_ATTRIBUTES"})),
        "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index by-kind because its projection type is not ALL",
    )
    .await;
    db.invalid(
        "Query",
        with(&by_kind("x"), json!({"ProjectionExpression": "secret"})),
        "One or more parameter values were invalid: Global secondary index by-kind does not project [secret]",
    )
    .await;
    db.invalid(
        "PutItem",
        json!({"TableName": "orders", "Item": {"p": {"S": "a"}, "s": {"N": "1"}, "kind": {"N": "1"}}}),
        "One or more parameter values were invalid: Type mismatch for Index Key kind Expected: S Actual: N IndexName: by-kind",
    )
    .await;
    db.invalid(
        "PutItem",
        json!({"TableName": "orders", "Item": {"p": {"S": "a"}, "s": {"N": "1"}, "kind": {"S": ""}}}),
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-kind, IndexKey: kind",
    )
    .await;
}

#[tokio::test]
async fn an_index_that_is_being_filled_is_told_and_cannot_be_read() {
    let db = indexed().await;
    db.put("orders", order(1, "x", 1)).await;
    let table = db.table("orders");
    let set = |is_filling| {
        let mut contents = table.write_contents();
        let index = contents.indexes.iter_mut().find(|index| index.definition.name == "by-kind");
        index.unwrap().is_filling = is_filling;
    };
    set(true);
    let refusal = "Cannot read from backfilling global secondary index: by-kind";
    db.invalid("Query", by_kind("x"), refusal).await;
    db.invalid("Scan", json!({"TableName": "orders", "IndexName": "by-kind"}), refusal).await;
    let described = db.ok("DescribeTable", json!({"TableName": "orders"})).await;
    let index = &described["Table"]["GlobalSecondaryIndexes"][0];
    assert_eq!((&index["IndexStatus"], &index["Backfilling"]), (&json!("CREATING"), &json!(true)));
    set(false);
    assert_eq!(sorts(&db.ok("Query", by_kind("x")).await), [1]);
    let described = db.ok("DescribeTable", json!({"TableName": "orders"})).await;
    let index = &described["Table"]["GlobalSecondaryIndexes"][0];
    assert_eq!((&index["IndexStatus"], index.get("Backfilling")), (&json!("ACTIVE"), None));
}

#[tokio::test]
async fn a_new_index_is_filled_and_a_deleted_one_is_gone() {
    let db = Fixture::with_sorted_table().await;
    for s in 0..3 {
        db.put("orders", order(s, "x", 10 - s)).await;
    }
    let update = json!({
        "TableName": "orders", "AttributeDefinitions": definitions(),
        "GlobalSecondaryIndexUpdates": [{"Create": global("by-kind", json!({"ProjectionType": "ALL"}))}],
    });
    let output = db.ok("UpdateTable", update.clone()).await;
    assert_eq!(output["TableDescription"]["GlobalSecondaryIndexes"][0]["IndexStatus"], "ACTIVE");
    assert_eq!(sorts(&db.ok("Query", by_kind("x")).await), [2, 1, 0]);
    db.invalid("UpdateTable", update, "Attempting to create an index which already exists").await;
    let both = json!([
        {"Delete": {"IndexName": "by-kind"}},
        {"Create": global("second", json!({"ProjectionType": "ALL"}))},
    ]);
    let error =
        db.error("UpdateTable", json!({"TableName": "orders", "GlobalSecondaryIndexUpdates": both})).await;
    assert_eq!(error.code, "LimitExceededException");
    let absent = json!([{"Delete": {"IndexName": "none"}}]);
    let error =
        db.error("UpdateTable", json!({"TableName": "orders", "GlobalSecondaryIndexUpdates": absent})).await;
    assert_eq!(error.message, "Requested resource not found: Index: none not found");
    let delete =
        json!({"TableName": "orders", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-kind"}}]});
    let output = db.ok("UpdateTable", delete).await;
    assert_eq!(output["TableDescription"].get("GlobalSecondaryIndexes"), None);
    assert_eq!(output["TableDescription"]["AttributeDefinitions"].as_array().unwrap().len(), 2);
    db.invalid("Query", by_kind("x"), "The table does not have the specified index: by-kind").await;
}

/// The index is filled some items at a time, and writes come in between.
#[test]
fn an_index_that_is_filled_while_items_change_has_what_the_table_has() {
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let db = runtime().block_on(async {
        let db = Fixture::with_sorted_table().await;
        for s in 0..3_000 {
            db.put("orders", order(s, "x", s)).await;
        }
        db
    });
    let update = json!({
        "TableName": "orders", "AttributeDefinitions": definitions(),
        "GlobalSecondaryIndexUpdates": [{"Create": global("by-kind", json!({"ProjectionType": "ALL"}))}],
    });
    let started = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            started.wait();
            runtime().block_on(db.ok("UpdateTable", update));
        });
        started.wait();
        runtime().block_on(async {
            for s in (0..3_000).rev() {
                match s % 3 {
                    0 => db.put("orders", order(s, "y", s)).await,
                    1 => db.put("orders", order(s, "x", s + 10_000)).await,
                    _ => {
                        let key = json!({"p": {"S": "a"}, "s": {"N": s.to_string()}});
                        db.ok("DeleteItem", json!({"TableName": "orders", "Key": key})).await;
                    }
                }
            }
        });
    });
    runtime().block_on(async {
        for (kind, rest) in [("x", 1), ("y", 0)] {
            let mut found = sorts(&db.ok("Query", by_kind(kind)).await);
            found.sort_unstable();
            let expected: Vec<u64> = (0..3_000).filter(|s| s % 3 == rest).collect();
            assert_eq!(found, expected, "{kind}");
        }
    });
}

#[tokio::test]
async fn an_index_may_have_several_attributes_of_each_kind() {
    let db = Fixture::new();
    let kind = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    db.ok(
        "CreateTable",
        json!({
            "TableName": "games", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [kind("id"), kind("cup"), kind("place"), kind("round"), kind("bracket")],
            "KeySchema": [key("id", "HASH")],
            "GlobalSecondaryIndexes": [{
                "IndexName": "by-round", "Projection": {"ProjectionType": "ALL"},
                "KeySchema": [key("cup", "HASH"), key("place", "HASH"), key("round", "RANGE"), key("bracket", "RANGE")],
            }],
        }),
    )
    .await;
    for (id, place, round, bracket) in [
        ("1", "NA", "FINAL", "A"),
        ("2", "NA", "FINAL", "B"),
        ("3", "NA", "SEMI", "A"),
        ("4", "EU", "FINAL", "A"),
    ] {
        let text = |text: &str| json!({"S": text});
        let item = json!({"id": text(id), "cup": text("c"), "place": text(place), "round": text(round), "bracket": text(bracket)});
        db.put("games", item).await;
    }
    db.put("games", json!({"id": {"S": "5"}, "cup": {"S": "c"}, "place": {"S": "NA"}})).await;
    let check = async |condition: &str, expected: &[&str]| {
        let values = json!({":c": {"S": "c"}, ":na": {"S": "NA"}, ":f": {"S": "FINAL"}, ":b": {"S": "B"}});
        let used = values.as_object().unwrap().iter().filter(|(name, _)| condition.contains(name.as_str()));
        let values: serde_json::Map<_, _> = used.map(|(name, value)| (name.clone(), value.clone())).collect();
        let query = json!({
            "TableName": "games", "IndexName": "by-round", "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values, "ExpressionAttributeNames": {"#round": "round"}, "Limit": 1,
        });
        let mut query = query;
        if !condition.contains("#round") {
            query.as_object_mut().unwrap().remove("ExpressionAttributeNames");
        }
        let mut found = Vec::new();
        loop {
            let mut page = db.ok("Query", query.clone()).await;
            found.extend(
                page["Items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["id"]["S"].as_str().unwrap().to_owned()),
            );
            match page["LastEvaluatedKey"].take() {
                serde_json::Value::Null => break,
                key => query["ExclusiveStartKey"] = key,
            }
        }
        assert_eq!(found, expected, "{condition}");
    };
    check("cup = :c AND place = :na", &["1", "2", "3"]).await;
    check("cup = :c AND place = :na AND #round = :f", &["1", "2"]).await;
    check("cup = :c AND place = :na AND #round = :f AND bracket >= :b", &["2"]).await;
    check("cup = :c AND place = :na AND begins_with(#round, :f)", &["1", "2"]).await;
}
