use serde_json::{Value, json};

use super::{Fixture, with};

#[tokio::test]
async fn expected_is_a_condition() {
    let db = Fixture::with_table().await;
    db.put("events", json!({"id": {"S": "1"}, "n": {"N": "5"}, "s": {"S": "hello"}})).await;
    let check = async |expected: Value, holds: bool| {
        let request =
            json!({"TableName": "events", "Item": {"id": {"S": "1"}, "n": {"N": "5"}, "s": {"S": "hello"}}});
        let outcome = db.call("PutItem", with(&request, expected.clone())).await;
        match outcome {
            Ok(_) => assert!(holds, "{expected}"),
            Err(error) => assert_eq!(
                (&*error.code, holds),
                ("ConditionalCheckFailedException", false),
                "{expected}: {error}"
            ),
        }
    };
    let comparison =
        |operator: &str, values: Value| json!({"ComparisonOperator": operator, "AttributeValueList": values});
    let one = |expected: Value| json!({"Expected": expected});
    check(one(json!({"n": {"Value": {"N": "5"}}})), true).await;
    check(one(json!({"n": {"Exists": false}})), false).await;
    check(one(json!({"zz": {"Exists": false}})), true).await;
    check(one(json!({"n": comparison("BETWEEN", json!([{"N": "1"}, {"N": "5"}]))})), true).await;
    check(one(json!({"n": comparison("IN", json!([{"N": "1"}, {"N": "2"}]))})), false).await;
    check(one(json!({"s": comparison("BEGINS_WITH", json!([{"S": "he"}]))})), true).await;
    check(one(json!({"s": comparison("NOT_CONTAINS", json!([{"S": "ell"}]))})), false).await;
    let both = json!({"n": {"Value": {"N": "6"}}, "s": {"ComparisonOperator": "NOT_NULL"}});
    check(json!({"Expected": both}), false).await;
    check(json!({"Expected": both, "ConditionalOperator": "OR"}), true).await;
}

#[tokio::test]
async fn attribute_updates_are_an_update() {
    let db = Fixture::with_table().await;
    db.put(
        "events",
        json!({"id": {"S": "1"}, "n": {"N": "5"}, "ss": {"SS": ["a", "b"]}, "gone": {"S": "x"}}),
    )
    .await;
    let update = json!({
        "TableName": "events", "Key": {"id": {"S": "1"}}, "ReturnValues": "ALL_NEW",
        "AttributeUpdates": {
            "n": {"Action": "ADD", "Value": {"N": "2"}}, "ss": {"Action": "DELETE", "Value": {"SS": ["a"]}},
            "gone": {"Action": "DELETE"}, "s": {"Value": {"S": "new"}}, "l": {"Action": "ADD", "Value": {"L": [{"N": "1"}]}},
        },
    });
    let expected = json!({"id": {"S": "1"}, "n": {"N": "7"}, "ss": {"SS": ["b"]}, "s": {"S": "new"}, "l": {"L": [{"N": "1"}]}});
    assert_eq!(db.ok("UpdateItem", update).await["Attributes"], expected);
    db.invalid(
        "UpdateItem",
        json!({"TableName": "events", "Key": {"id": {"S": "1"}}, "AttributeUpdates": {"a": {"Action": "ADD", "Value": {"S": "x"}}}}),
        "One or more parameter values were invalid: ADD action is not supported for the type S",
    )
    .await;
}

#[tokio::test]
async fn old_key_conditions_and_filters_select_items() {
    let db = Fixture::with_sorted_table().await;
    for n in 1..=5 {
        db.put("orders", json!({"p": {"S": "a"}, "s": {"N": n.to_string()}, "even": {"BOOL": n % 2 == 0}}))
            .await;
    }
    let query = json!({
        "TableName": "orders", "AttributesToGet": ["s"],
        "KeyConditions": {
            "p": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
            "s": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "1"}]},
        },
        "QueryFilter": {"even": {"ComparisonOperator": "EQ", "AttributeValueList": [{"BOOL": true}]}},
    });
    assert_eq!(db.ok("Query", query.clone()).await["Items"], json!([{"s": {"N": "2"}}, {"s": {"N": "4"}}]));
    let scan = json!({"TableName": "orders", "ScanFilter": {"even": {"ComparisonOperator": "NULL"}}, "Select": "COUNT"});
    assert_eq!(db.ok("Scan", scan).await["Count"], 0);
    db.invalid(
        "Query",
        with(&query, json!({"FilterExpression": "even = :t"})),
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet, QueryFilter, KeyConditions} Expression parameters: {FilterExpression}",
    )
    .await;
}

#[tokio::test]
async fn an_update_without_actions_creates_an_item_and_deletions_do_not() {
    let db = Fixture::with_table().await;
    let update = async |id: &str, updates: Value| {
        let key = json!({"id": {"S": id}});
        db.ok("UpdateItem", json!({"TableName": "events", "Key": key, "AttributeUpdates": updates})).await;
        db.get("events", key).await
    };
    assert_eq!(update("1", json!({})).await, json!({"id": {"S": "1"}}));
    assert_eq!(update("2", json!({"a": {"Action": "DELETE"}})).await, json!(null));
}

#[tokio::test]
async fn a_wrong_type_in_attribute_updates_has_its_own_error() {
    let db = Fixture::with_table().await;
    db.put("events", json!({"id": {"S": "1"}, "a": {"S": "text"}})).await;
    for value in [json!({"N": "1"}), json!({"SS": ["x"]}), json!({"L": []})] {
        let update = json!({"a": {"Action": "ADD", "Value": value}});
        db.invalid(
            "UpdateItem",
            json!({"TableName": "events", "Key": {"id": {"S": "1"}}, "AttributeUpdates": update}),
            "Type mismatch for attribute to update",
        )
        .await;
    }
}
