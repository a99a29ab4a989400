use serde_json::{Value, json};

use super::{super::PathTree, Placeholders, item, message};
use crate::{error::ApiError, services::dynamodb::value::to_json};

fn parse(source: &str) -> Result<PathTree, ApiError> {
    PathTree::parse(source, &mut Placeholders::default())
}

#[test]
fn a_projection_shows_the_values_at_its_paths() {
    let check = |source: &str, expected: Value| {
        assert_eq!(json!(to_json(&parse(source).unwrap().project(&item()))), expected, "{source}");
    };
    check("id", json!({"id": {"S": "1"}}));
    check("id, absent, n", json!({"id": {"S": "1"}, "n": {"N": "10"}}));
    check("doc.core", json!({"doc": {"M": {"core": {"S": "value"}}}}));
    check("doc.absent, id.core", json!({}));
    check("entries[2], entries[0]", json!({"entries": {"L": [{"S": "x"}, {"N": "3"}]}}));
    check("entries[1].deep", json!({"entries": {"L": [{"M": {"deep": {"N": "7"}}}]}}));
    check("entries[9]", json!({}));
}

#[test]
fn invalid_projections_are_refused() {
    let check = |source: &str, expected: &str| {
        assert_eq!(message(parse(source)), format!("Invalid ProjectionExpression: {expected}"), "{source}");
    };
    check("", "The expression can not be empty;");
    check("id,", "Syntax error; token: \"<EOF>\", near: \",\"");
    check("id n", "Syntax error; token: \"n\", near: \"id n\"");
    check("status", "Attribute name is a reserved keyword; reserved keyword: status");
    check(
        "id, id",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [id], path two: [id]",
    );
    check(
        &format!("a{}", ".b".repeat(40)),
        "The document path has too many nesting elements; nested depth: 33",
    );
}
