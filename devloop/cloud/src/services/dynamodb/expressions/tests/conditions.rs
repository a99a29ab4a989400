use serde_json::{Value, json};

use super::{super::Condition, Placeholders, attributes, item, message, placeholders};

fn values() -> Value {
    json!({
        ":ten": {"N": "10.0"}, ":nine": {"N": "9"}, ":eleven": {"N": "11"}, ":hello": {"S": "hello"},
        ":he": {"S": "he"}, ":ll": {"S": "ll"}, ":a": {"S": "a"}, ":z": {"S": "z"}, ":one": {"N": "1"},
        ":bytes": {"B": "AQID"}, ":head": {"B": "AQ=="}, ":S": {"S": "S"}, ":SS": {"S": "SS"}, ":M": {"S": "M"},
        ":list": {"L": []}, ":odd": {"S": "ODD"}, ":five": {"N": "5"}, ":two": {"N": "2"}, ":yes": {"BOOL": true},
        ":tags": {"SS": ["b", "a"]}, ":three": {"N": "3"},
    })
}

fn parse(source: &str) -> Result<Condition, crate::error::ApiError> {
    Condition::parse("ConditionExpression", source, &mut placeholders(&values()))
}

#[test]
fn conditions_are_true_or_false() {
    let item = item();
    let check = |source: &str, expected: bool| {
        let condition = parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(condition.holds(&item), expected, "{source}");
    };
    check("n = :ten", true);
    check("#n <> :ten", false);
    check("n < :eleven", true);
    check("n < :nine", false);
    check("n <= :ten AND n >= :ten", true);
    check("n > :nine", true);
    check("n = :hello", false);
    check("n <> :hello", true);
    check("n < :hello", false);
    check("yes = :yes", true);
    check("tags = :tags", true);
    check("bytes = :bytes", true);
    check(":nine < n", true);
    check("absent = :ten", false);
    check("absent <> :ten", true);
    check("absent < :ten", false);
    check("NOT absent < :ten", true);
    check("n BETWEEN :nine AND :eleven", true);
    check("n between :ten and :ten", true);
    check("n BETWEEN :nine AND :nine", false);
    check("n BETWEEN :nine AND :eleven AND word = :hello", true);
    check("n IN (:nine, :ten)", true);
    check("n in (:nine)", false);
    check("n IN (:nine, entries[2])", false);
    check("absent IN (:nine)", false);
    check("attribute_exists(doc.core)", true);
    check("attribute_exists(doc.absent)", false);
    check("attribute_exists(n.core)", false);
    check("attribute_not_exists(entries[3])", true);
    check("attribute_not_exists(entries[1].deep)", false);
    check("attribute_type(word, :S)", true);
    check("attribute_type(tags, :SS)", true);
    check("attribute_type(word, :M)", false);
    check("begins_with(word, :he)", true);
    check("begins_with(word, :ll)", false);
    check("begins_with(bytes, :head)", true);
    check("begins_with(n, :he)", false);
    check("contains(word, :ll)", true);
    check("contains(tags, :a)", true);
    check("contains(tags, :z)", false);
    check("contains(numbers, :one)", true);
    check("contains(entries, :three)", true);
    check("contains(entries, :a)", false);
    check("contains(bytes, :head)", true);
    check("size(word) = :five", true);
    check("size(tags) = :two", true);
    check("size(doc) = :two", true);
    check("size(entries) = :three", true);
    check("size(bytes) > :two", true);
    check("size(n) = :two", false);
    check("size(absent) = :two", false);
    check("NOT n = :nine AND n = :nine", false);
    check("n = :ten OR n = :nine AND n = :nine", true);
    check("(n = :ten OR n = :nine) AND n = :nine", false);
    check("NOT (n = :ten AND n = :nine)", true);
    check("attribute_not_exists(id) OR n < :eleven", true);
}

#[test]
fn a_missing_item_has_no_attributes() {
    let nothing = attributes(&json!({}));
    let check = |source: &str, expected: bool| {
        assert_eq!(parse(source).unwrap().holds(&nothing), expected, "{source}");
    };
    check("attribute_not_exists(id)", true);
    check("attribute_exists(id)", false);
    check("n <> :ten", true);
}

#[test]
fn a_placeholder_may_stand_for_any_name() {
    let item = attributes(&json!({"a.b c": {"S": "ODD"}}));
    assert!(parse("#odd = :odd").unwrap().holds(&item));
}

#[test]
fn invalid_conditions_are_refused_in_the_services_words() {
    let check = |source: &str, expected: &str| {
        assert_eq!(message(parse(source)), format!("Invalid ConditionExpression: {expected}"), "{source}");
    };
    check("", "The expression can not be empty;");
    check("  ", "The expression can not be empty;");
    check("n =", "Syntax error; token: \"<EOF>\", near: \"=\"");
    check("n == :ten", "Syntax error; token: \"=\", near: \"== :ten\"");
    check("n = :ten n", "Syntax error; token: \"n\", near: \":ten n\"");
    check("_n = :ten", "Syntax error; token: \"_\", near: \"_n\"");
    check("n", "Syntax error; token: \"<EOF>\", near: \"n\"");
    check("(n = :ten", "Syntax error; token: \"<EOF>\", near: \":ten\"");
    check("n[x] = :ten", "Syntax error; token: \"x\", near: \"[x]\"");
    // Words of conditions name no function.
    check("n = OR (n <> :ten)", "Syntax error; token: \"OR\", near: \"= OR (\"");
    check("n = :ten AND or(n)", "Syntax error; token: \"or\", near: \"AND or(\"");
    check("status = :ten", "Attribute name is a reserved keyword; reserved keyword: status");
    check("doc.name = :ten", "Attribute name is a reserved keyword; reserved keyword: name");
    check(
        "n = :missing",
        "An expression attribute value used in expression is not defined; attribute value: :missing",
    );
    check(
        "#missing = :ten",
        "An expression attribute name used in the document path is not defined; attribute name: #missing",
    );
    check("ATTRIBUTE_EXISTS(n)", "Invalid function name; function: ATTRIBUTE_EXISTS");
    check(
        "attribute_exists(n, word)",
        "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
    );
    check(
        "begins_with(word)",
        "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1",
    );
    check(
        "begins_with(word, :ten)",
        "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
    );
    check(
        "n < :list",
        "Incorrect operand type for operator or function; operator or function: <, operand type: L",
    );
    check(
        "attribute_exists(:ten)",
        "Operator or function requires a document path; operator or function: attribute_exists",
    );
    check(
        "attribute_type(n, :he)",
        "Invalid attribute type name found; type: he, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
    );
    check(
        "contains(n, n)",
        "The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [n]",
    );
    check(
        "n BETWEEN :ten AND :nine",
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: {N:9}",
    );
    check("((n = :ten))", "The expression has redundant parentheses;");
    check(
        "n = attribute_exists(n)",
        "The function is not allowed to be used this way in an expression; function: attribute_exists",
    );
    // Of several errors, the syntax goes first, then parentheses, then functions.
    check("((n = attribute_exists(n)))", "The expression has redundant parentheses;");
    check(
        "n = attribute_exists(size)",
        "The function is not allowed to be used this way in an expression; function: attribute_exists",
    );
    check("n = attribute_exists(n) AND foo(n)", "Invalid function name; function: foo");
    check("foo(n) AND ((n = :ten))", "The expression has redundant parentheses;");
    check("((n = attribute_exists(n))) AND", "Syntax error; token: \"<EOF>\", near: \"AND\"");
    check("attribute_exists(n) = :ten", "Syntax error; token: \"=\", near: \") = :ten\"");
}

#[test]
fn no_nesting_overflows_the_stack() {
    let check = |source: &str| {
        assert_eq!(
            message(parse(source)),
            "Invalid ConditionExpression: The expression contains too many nested levels"
        );
    };
    check(&"(".repeat(4000));
    check(&"NOT ".repeat(1000));
    let long = format!("n = :ten{}", " OR n = :ten".repeat(400));
    assert!(message(parse(&long)).starts_with("Invalid ConditionExpression: Expression size has exceeded"));
}

#[test]
fn placeholders_must_be_well_formed_and_used() {
    let check = |names: Value, values: Value, without: Option<&str>, expected: &str| {
        let placeholders = Placeholders::new(Some(names), Some(values), without);
        assert_eq!(message(placeholders.and_then(|placeholders| placeholders.finish())), expected);
    };
    let none = Value::Null;
    check(json!({}), none.clone(), None, "ExpressionAttributeNames must not be empty");
    check(none.clone(), json!({}), None, "ExpressionAttributeValues must not be empty");
    check(
        json!({"n": "n"}),
        none.clone(),
        None,
        "ExpressionAttributeNames contains invalid key: Syntax error; key: \"n\"",
    );
    check(
        none.clone(),
        json!({":": {"N": "1"}}),
        None,
        "ExpressionAttributeValues contains invalid key: Syntax error; key: \":\"",
    );
    check(
        none.clone(),
        json!({":v": {"N": "x"}}),
        None,
        "The parameter cannot be converted to a numeric value: x",
    );
    check(
        json!({"#b": "b", "#a": "a"}),
        none.clone(),
        None,
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}",
    );
    check(
        none.clone(),
        json!({":v": {"N": "1"}}),
        None,
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}",
    );
    check(
        none,
        json!({":v": {"N": "1"}}),
        Some(": ConditionExpression is null"),
        "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
    );
}
