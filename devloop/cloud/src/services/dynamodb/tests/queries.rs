use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Fixture, with};
use crate::aside;

async fn filled() -> Fixture {
    let db = Fixture::with_sorted_table().await;
    for (p, s) in [("a", "-2"), ("a", "-1.5"), ("a", "0"), ("a", "2"), ("a", "10"), ("b", "1")] {
        db.put(
            "orders",
            json!({"p": {"S": p}, "s": {"N": s}, "even": {"BOOL": s.ends_with('0') || s.ends_with('2')}}),
        )
        .await;
    }
    db
}

fn sorts(output: &Value) -> Vec<&str> {
    output["Items"].as_array().unwrap().iter().map(|item| item["s"]["N"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_query_reads_a_partition_in_numeric_order() {
    let db = filled().await;
    let check = async |condition: &str, expected: &[&str]| {
        let mut values = json!({":p": {"S": "a"}});
        for (name, number) in [(":zero", "0"), (":two", "2"), (":ten", "1e1")] {
            if condition.contains(name) {
                values[name] = json!({"N": number});
            }
        }
        let input = json!({
            "TableName": "orders", "KeyConditionExpression": condition, "ExpressionAttributeValues": values,
        });
        assert_eq!(sorts(&db.ok("Query", input.clone()).await), expected, "{condition}");
        let backward = with(&input, json!({"ScanIndexForward": false}));
        let reversed: Vec<_> = expected.iter().rev().copied().collect();
        assert_eq!(sorts(&db.ok("Query", backward).await), reversed, "{condition} backward");
    };
    check("p = :p", &["-2", "-1.5", "0", "2", "10"]).await;
    check("p = :p AND s > :zero", &["2", "10"]).await;
    check("p = :p AND s >= :zero", &["0", "2", "10"]).await;
    check("p = :p AND s < :two", &["-2", "-1.5", "0"]).await;
    check("p = :p AND s <= :two", &["-2", "-1.5", "0", "2"]).await;
    check("p = :p AND s BETWEEN :zero AND :ten", &["0", "2", "10"]).await;
    check("p = :p AND s = :ten", &["10"]).await;
}

#[tokio::test]
async fn a_query_is_read_page_by_page_in_both_directions() {
    let db = filled().await;
    for (forward, expected) in
        [(true, vec!["-2", "-1.5", "0", "2", "10"]), (false, vec!["10", "2", "0", "-1.5", "-2"])]
    {
        let mut input = json!({
            "TableName": "orders", "KeyConditionExpression": "p = :p", "Limit": 2, "ScanIndexForward": forward,
            "ExpressionAttributeValues": {":p": {"S": "a"}},
        });
        let (mut seen, mut pages) = (Vec::new(), 0);
        loop {
            let output = db.ok("Query", input.clone()).await;
            seen.extend(sorts(&output).into_iter().map(str::to_owned));
            pages += 1;
            let Some(last) = output.get("LastEvaluatedKey") else { break };
            input["ExclusiveStartKey"] = last.clone();
        }
        assert_eq!((seen, pages), (expected.iter().map(ToString::to_string).collect(), 3));
    }
}

#[tokio::test]
async fn a_filter_counts_what_it_drops_as_scanned() {
    let db = filled().await;
    let input = json!({
        "TableName": "orders", "KeyConditionExpression": "p = :p", "FilterExpression": "even = :even",
        "ExpressionAttributeValues": {":p": {"S": "a"}, ":even": {"BOOL": true}}, "Limit": 4,
        "ProjectionExpression": "s",
    });
    let output = db.ok("Query", input.clone()).await;
    assert_eq!(output["Items"], json!([{"s": {"N": "-2"}}, {"s": {"N": "0"}}, {"s": {"N": "2"}}]));
    assert_eq!((output["Count"].clone(), output["ScannedCount"].clone()), (json!(3), json!(4)));
    assert_eq!(output["LastEvaluatedKey"], json!({"p": {"S": "a"}, "s": {"N": "2"}}));
    let mut count = with(&input, json!({"Select": "COUNT"}));
    count.as_object_mut().unwrap().remove("ProjectionExpression");
    let output = db.ok("Query", count).await;
    assert_eq!((output["Count"].clone(), output.get("Items")), (json!(3), None));
}

#[tokio::test]
async fn a_page_ends_at_a_megabyte() {
    let db = Fixture::with_sorted_table().await;
    for n in 0..10 {
        db.put(
            "orders",
            json!({"p": {"S": "a"}, "s": {"N": n.to_string()}, "d": {"S": "x".repeat(300_000)}}),
        )
        .await;
    }
    let input = json!({
        "TableName": "orders", "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "a"}},
        "ReturnConsumedCapacity": "TOTAL",
    });
    let output = db.ok("Query", input).await;
    assert_eq!(sorts(&output), ["0", "1", "2"]);
    assert_eq!(output["LastEvaluatedKey"]["s"], json!({"N": "2"}));
    assert_eq!(output["ConsumedCapacity"]["CapacityUnits"], 110.0);
}

#[tokio::test]
async fn a_parallel_scan_reads_everything_once() {
    let db = Fixture::with_table().await;
    for n in 0..200 {
        db.put("events", json!({"id": {"S": n.to_string()}})).await;
    }
    let mut seen = Vec::new();
    for segment in 0..3 {
        let mut input = json!({"TableName": "events", "Segment": segment, "TotalSegments": 3, "Limit": 30});
        loop {
            let output = db.ok("Scan", input.clone()).await;
            seen.extend(output["Items"].as_array().unwrap().iter().map(|item| item["id"]["S"].to_string()));
            let Some(last) = output.get("LastEvaluatedKey") else { break };
            input["ExclusiveStartKey"] = last.clone();
        }
    }
    assert_eq!((seen.len(), seen.into_iter().collect::<BTreeSet<_>>().len()), (200, 200));
}

#[tokio::test]
async fn invalid_reads_are_refused_in_the_services_words() {
    let db = filled().await;
    let query = json!({
        "TableName": "orders", "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "a"}},
    });
    let check = async |more: Value, expected: &str| db.invalid("Query", with(&query, more), expected).await;
    check(
        json!({"KeyConditionExpression": null, "ExpressionAttributeValues": null}),
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
    )
    .await;
    check(
        json!({"FilterExpression": "s > :p"}),
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: s",
    )
    .await;
    check(json!({"IndexName": "none"}), "The table does not have the specified index: none").await;
    check(
        json!({"Limit": 0}),
        "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    )
    .await;
    let start = "The provided starting key is invalid";
    check(json!({"ExclusiveStartKey": {"p": {"S": "a"}}}), start).await;
    check(json!({"ExclusiveStartKey": {"p": {"S": "a"}, "s": {"S": "x"}}}), start).await;
    check(
        json!({"ExclusiveStartKey": {"p": {"S": "other"}, "s": {"N": "1"}}}),
        "The provided starting key is outside query boundaries based on provided conditions",
    )
    .await;
    check(
        json!({"Select": "ALL_PROJECTED_ATTRIBUTES"}),
        "1 validation error detected: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
    )
    .await;
    check(
        json!({"Select": "COUNT", "ProjectionExpression": "s"}),
        "1 validation error detected: Cannot specify the ProjectionExpression when choosing to get only the Count",
    )
    .await;
    db.invalid(
        "Scan",
        json!({"TableName": "orders", "Segment": 2, "TotalSegments": 2}),
        "The Segment parameter is zero-based and must be less than parameter TotalSegments",
    )
    .await;
}

#[tokio::test]
async fn a_long_page_is_filtered_aside_and_a_short_one_is_not() {
    let db = Fixture::with_sorted_table().await;
    for s in 0..10 {
        let item = json!({"p": {"S": "a"}, "s": {"N": s.to_string()}, "t": {"S": "x".repeat(8 << 10)}});
        db.put("orders", item).await;
    }
    for (operation, condition) in
        [("Scan", json!({})), ("Query", json!({"KeyConditionExpression": "p = :a"}))]
    {
        let filter = json!({
            "TableName": "orders", "FilterExpression": "contains(t, :a)",
            "ExpressionAttributeValues": {":a": {"S": "a"}},
        });
        for (limit, expected) in [(10, 1), (1, 0)] {
            let before = aside::tests::times();
            db.ok(operation, with(&with(&filter, condition.clone()), json!({"Limit": limit}))).await;
            assert_eq!(aside::tests::times() - before, expected, "{operation} of {limit} items");
        }
    }
}
