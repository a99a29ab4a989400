use serde_json::{Value, json};

use super::{
    super::{Condition, KeyConditions, key_condition::KeyCondition},
    Placeholders, message, text,
};
use crate::{
    error::ApiError,
    services::dynamodb::{
        key::SortCondition,
        key_schema::{KeyAttribute, KeyKind, KeySchema},
    },
};

fn key(name: &str) -> KeyAttribute {
    KeyAttribute { name: name.to_owned(), kind: KeyKind::String }
}

fn schema() -> KeySchema {
    KeySchema { partition: vec![key("p")], sort: vec![key("s")] }
}

fn values() -> Value {
    json!({":p": {"S": "p"}, ":a": {"S": "a"}, ":b": {"S": "b"}, ":n": {"N": "1"}, ":empty": {"S": ""}})
}

fn parse(source: &str) -> Result<KeyCondition, ApiError> {
    parse_for(source, &schema())
}

fn parse_for(source: &str, schema: &KeySchema) -> Result<KeyCondition, ApiError> {
    let mut placeholders = Placeholders::new(None, Some(values()), None).unwrap();
    KeyConditions::of(Condition::parse("KeyConditionExpression", source, &mut placeholders)?)?.bind(schema)
}

#[test]
fn a_key_condition_selects_a_partition_or_a_range_in_it() {
    let check = |source: &str, sort: Option<SortCondition>| {
        let (equal, last) = match sort {
            Some(SortCondition::Equal(value)) => (vec![value], None),
            last => (Vec::new(), last),
        };
        assert_eq!(
            parse(source).unwrap(),
            KeyCondition { partition: vec![text("p")], equal, last },
            "{source}"
        );
    };
    let (a, b) = (text("a"), text("b"));
    check("p = :p", None);
    check("(p = :p)", None);
    check(":p = p", None);
    check("p = :p AND s = :a", Some(SortCondition::Equal(a.clone())));
    check("s < :a AND p = :p", Some(SortCondition::Less(a.clone())));
    check("(p = :p) AND (s <= :a)", Some(SortCondition::AtMost(a.clone())));
    check("p = :p and :a < s", Some(SortCondition::Greater(a.clone())));
    check("p = :p AND s >= :a", Some(SortCondition::AtLeast(a.clone())));
    check("p = :p AND s BETWEEN :a AND :b", Some(SortCondition::Between(a.clone(), b)));
    check("p = :p AND begins_with(s, :a)", Some(SortCondition::BeginsWith(a)));
}

#[test]
fn invalid_key_conditions_are_refused() {
    let check = |source: &str, expected: &str| assert_eq!(message(parse(source)), expected, "{source}");
    let operator = "Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: ";
    check("", "Invalid KeyConditionExpression: The expression can not be empty;");
    check("s = :a", "Query condition missed key schema element: p");
    check("p > :p", "Query key condition not supported");
    check("p = :p AND x = :a", "Query condition missed key schema element: s");
    check(
        "p = :p AND p = :p",
        "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key",
    );
    check(
        "p = :p AND s = :a AND x = :a",
        "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
    );
    check("p = :p OR s = :a", &format!("{operator}OR"));
    check("p = :p AND s <> :a", &format!("{operator}<>"));
    check("p = :p AND contains(s, :a)", &format!("{operator}contains"));
    check("p = :p AND NOT s = :a", &format!("{operator}NOT"));
    check("p = :p AND size(s) = :a", &format!("{operator}size"));
    check(
        "p.x = :p",
        "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
    );
    check(
        "p = :n",
        "One or more parameter values were invalid: Condition parameter type does not match schema type",
    );
    check(
        "p = :empty",
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: p",
    );
}

#[test]
fn conditions_on_a_key_of_several_attributes_start_with_the_first() {
    let schema = KeySchema { partition: vec![key("p"), key("q")], sort: vec![key("s"), key("t"), key("u")] };
    let check = |source: &str, expected: &str| {
        assert_eq!(message(parse_for(source, &schema)), expected, "{source}");
    };
    let parsed = parse_for("p = :p AND q = :p AND s = :a AND t > :b", &schema).unwrap();
    assert_eq!(parsed.partition, [text("p"), text("p")]);
    assert_eq!((parsed.equal, parsed.last), (vec![text("a")], Some(SortCondition::Greater(text("b")))));
    check("p = :p", "HASH key attributes q must have equality conditions specified in the query");
    check(
        "p = :p AND q = :p AND t = :a",
        "RANGE key attributes s must have equality conditions specified in the query because a condition is present on key attribute t",
    );
}
