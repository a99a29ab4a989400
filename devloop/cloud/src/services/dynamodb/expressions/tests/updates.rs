use serde_json::{Value, json};

use super::{super::Update, attributes, item, message, placeholders};
use crate::{error::ApiError, services::dynamodb::value::to_json};

fn values() -> Value {
    json!({
        ":one": {"N": "1"}, ":text": {"S": "new"}, ":list": {"L": [{"N": "8"}, {"N": "9"}]},
        ":tags": {"SS": ["b", "c"]}, ":all": {"SS": ["a", "b", "c"]}, ":map": {"M": {"k": {"S": "v"}}},
    })
}

fn parse(source: &str) -> Result<Update, ApiError> {
    Update::parse(source, &mut placeholders(&values()))
}

#[test]
fn an_update_changes_the_values_at_its_paths() {
    let item = item();
    let check = |source: &str, changed: Value| {
        let after = parse(source).and_then(|update| update.apply(&item));
        let after = after.unwrap_or_else(|error| panic!("{source}: {error}"));
        let mut expected = item.clone();
        for (name, wire) in changed.as_object().unwrap() {
            expected.remove(name);
            if !wire.is_null() {
                expected.extend(attributes(&json!({ name: wire })));
            }
        }
        assert_eq!(to_json(&after), to_json(&expected), "{source}");
    };
    check("SET added = :text", json!({"added": {"S": "new"}}));
    check("set word = :text, n=:one", json!({"word": {"S": "new"}, "n": {"N": "1"}}));
    check("SET n = n + :one", json!({"n": {"N": "11"}}));
    check("SET n = :one - n", json!({"n": {"N": "-9"}}));
    check("SET n = (n - :one)", json!({"n": {"N": "9"}}));
    check("SET n = (n) + (:one), a = (:text)", json!({"n": {"N": "11"}, "a": {"S": "new"}}));
    check("SET hits = (if_not_exists((hits), (:one)) + :one)", json!({"hits": {"N": "2"}}));
    check("SET copy_of_n = n, n = :one", json!({"copy_of_n": {"N": "10"}, "n": {"N": "1"}}));
    check("SET n = if_not_exists(n, :one)", json!({}));
    check("SET hits = if_not_exists(hits, :one) + :one", json!({"hits": {"N": "2"}}));
    check("SET a = if_not_exists(b, if_not_exists(c, :one))", json!({"a": {"N": "1"}}));
    check(
        "SET doc.core = :text, doc.more = :one",
        json!({"doc": {"M": {"core": {"S": "new"}, "rest": {"N": "1"}, "more": {"N": "1"}}}}),
    );
    let (x, deep, three) = (json!({"S": "x"}), json!({"M": {"deep": {"N": "7"}}}), json!({"N": "3"}));
    let (one, new) = (json!({"N": "1"}), json!({"S": "new"}));
    let check_entries = |source: &str, elements: Value| check(source, json!({"entries": {"L": elements}}));
    check_entries("SET entries[0] = :text", json!([new, deep, three]));
    check_entries("SET entries[1].deep = :one", json!([x, {"M": {"deep": one}}, three]));
    check_entries("SET entries[9] = :text, entries[7] = :one", json!([x, deep, three, one, new]));
    check_entries(
        "SET entries = list_append(entries, :list)",
        json!([x, deep, three, {"N": "8"}, {"N": "9"}]),
    );
    check_entries(
        "SET entries = list_append(:list, entries)",
        json!([{"N": "8"}, {"N": "9"}, x, deep, three]),
    );
    check_entries("REMOVE entries[0], entries[1]", json!([three]));
    check_entries("REMOVE entries[7]", json!([x, deep, three]));
    check("REMOVE word, absent", json!({"word": null}));
    check("REMOVE doc.core", json!({"doc": {"M": {"rest": {"N": "1"}}}}));
    check("ADD n :one, fresh :one", json!({"n": {"N": "11"}, "fresh": {"N": "1"}}));
    check("ADD tags :tags, more :tags", json!({"tags": {"SS": ["a", "b", "c"]}, "more": {"SS": ["b", "c"]}}));
    check("DELETE tags :tags, absent :tags", json!({"tags": {"SS": ["a"]}}));
    check("DELETE tags :all", json!({"tags": null}));
    check(
        "SET a = :one REMOVE word ADD n :one DELETE tags :tags",
        json!({"a": {"N": "1"}, "word": null, "n": {"N": "11"}, "tags": {"SS": ["a"]}}),
    );
}

#[test]
fn invalid_updates_are_refused_in_the_services_words() {
    let check = |source: &str, expected: &str| {
        assert_eq!(message(parse(source)), format!("Invalid UpdateExpression: {expected}"), "{source}");
    };
    check("", "The expression can not be empty;");
    check("SET n = ((n))", "The expression has redundant parentheses;");
    check("SET n = ((n + :one))", "The expression has redundant parentheses;");
    check("SET n = (n + :one) - :one", "Syntax error; token: \"-\", near: \") - :one\"");
    check("SET n = (n", "Syntax error; token: \"<EOF>\", near: \"n\"");
    check("n = :one", "Syntax error; token: \"n\", near: \"n =\"");
    check("SET", "Syntax error; token: \"<EOF>\", near: \"SET\"");
    check("SET n = :one,", "Syntax error; token: \"<EOF>\", near: \",\"");
    check("SET n = :one + :one + :one", "Syntax error; token: \"+\", near: \":one + :one\"");
    check(
        "SET n = :one SET word = :one",
        "The \"SET\" section can only be used once in an update expression;",
    );
    check("SET n = f(n, :one)", "Invalid function name; function: f");
    check(
        "SET n = list_append(:list)",
        "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1",
    );
    check(
        "SET n = list_append(list_append(:list, :list), :list)",
        "The function is not allowed to be used this way in an expression; function: list_append",
    );
    check(
        "SET n = list_append(:list, :text)",
        "Incorrect operand type for operator or function; operator or function: list_append, operand type: S",
    );
    check(
        "SET n = n + :text",
        "Incorrect operand type for operator or function; operator or function: +, operand type: S",
    );
    check(
        "SET n = if_not_exists(:one, :one)",
        "Operator or function requires a document path; operator or function: if_not_exists",
    );
    check(
        "ADD n :text",
        "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
    );
    check(
        "DELETE n :one",
        "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND",
    );
    check(
        "SET a.b = :one, a = :one",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a]",
    );
    check(
        "SET a = :one REMOVE a",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]",
    );
    check(
        "SET a.b = :one, a[1] = :one",
        "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]",
    );
}

#[test]
fn an_update_that_does_not_fit_the_item_is_refused() {
    let item = item();
    let check = |source: &str, expected: &str| {
        assert_eq!(message(parse(source).and_then(|update| update.apply(&item))), expected, "{source}");
    };
    let path = "The document path provided in the update expression is invalid for update";
    let kind = "An operand in the update expression has an incorrect data type";
    let missing = "The provided expression refers to an attribute that does not exist in the item";
    check("SET absent.a = :one", path);
    check("SET word.a = :one", path);
    check("SET doc[0] = :one", path);
    check("REMOVE absent.a", path);
    check("SET a = absent", missing);
    check("SET a = :one, b = a", missing);
    check("SET a = word + :one", kind);
    check("SET a = list_append(word, :list)", kind);
    check("ADD word :one", kind);
    check("ADD n :tags", kind);
    check("DELETE numbers :tags", kind);
}

#[test]
fn an_update_knows_whether_it_only_removes() {
    assert!(parse("REMOVE a DELETE b :tags").unwrap().only_removes());
    assert!(!parse("REMOVE a ADD b :tags").unwrap().only_removes());
}
