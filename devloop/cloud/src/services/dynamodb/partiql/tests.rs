use serde_json::json;

use super::{Returning, Statement};
use crate::services::dynamodb::value::AttributeValue;

fn parse(source: &str) -> Statement {
    Statement::parse(source, Vec::new()).unwrap_or_else(|error| panic!("{source}: {error}"))
}

#[test]
fn keywords_may_have_any_case_and_names_may_be_quoted() {
    let check = |source: &str, table: &str, index: Option<&str>| {
        let Statement::Select(select) = parse(source) else { panic!("{source} is no SELECT") };
        assert_eq!((select.table.as_str(), select.index.as_deref()), (table, index), "{source}");
    };
    check("SELECT * FROM orders", "orders", None);
    check("select a, b.c[0] from \"my-orders\".\"by-date\" where p = 'x';", "my-orders", Some("by-date"));
    check("SELECT \"a\"\"b\" FROM orders WHERE NOT (a = 1 OR b <> 2) AND c IS NOT MISSING", "orders", None);
    check("SELECT * FROM orders WHERE p = 'it''s' ORDER BY s DESC", "orders", None);
}

#[test]
fn literals_become_values() {
    let Statement::Insert { item, .. } = parse(
        "INSERT INTO t VALUE {'p': 'x', 'n': -1.5e2, 'l': [1, 'a', NULL], 's': <<'a', 'b'>>, 'm': {'k': TRUE}}",
    ) else {
        panic!("no INSERT")
    };
    let expected = json!({
        "p": {"S": "x"}, "n": {"N": "-150"}, "l": {"L": [{"N": "1"}, {"S": "a"}, {"NULL": true}]},
        "s": {"SS": ["a", "b"]}, "m": {"M": {"k": {"BOOL": true}}},
    });
    assert_eq!(serde_json::Value::Object(crate::services::dynamodb::value::to_json(&item)), expected);
}

#[test]
fn invalid_statements_are_refused() {
    let check = |source: &str, parameters: Vec<AttributeValue>, expected: &str| {
        assert_eq!(Statement::parse(source, parameters).unwrap_err().message, expected, "{source}");
    };
    let malformed =
        |token: &str| format!("Statement wasn't well formed, can't be processed: Unexpected {token}");
    let count = "Number of parameters in request and statement don't match.";
    check("DROP TABLE t", Vec::new(), &malformed("DROP"));
    check("SELECT * FROM t WHERE", Vec::new(), &malformed("the end"));
    check("SELECT * FROM t WHERE p = 'x", Vec::new(), &malformed("'x"));
    check("SELECT * FROM t garbage", Vec::new(), &malformed("garbage"));
    check("SELECT * FROM t WHERE p = ?", Vec::new(), count);
    check("SELECT * FROM t", vec![AttributeValue::Null], count);
    check(
        "DELETE FROM t WHERE p = 'x' RETURNING ALL NEW *",
        Vec::new(),
        "Invalid returning clause: RETURNING ALL NEW *. Only RETURNING ALL OLD * is allowed in DELETE statements.",
    );
    check("UPDATE t.i SET a = 1 WHERE p = 'x'", Vec::new(), "This operation is not supported on an index");
    let deep = format!("SELECT * FROM t WHERE {}", "NOT ".repeat(5000));
    check(&deep, Vec::new(), "Nesting Levels have exceeded supported limits");
}

#[test]
fn an_update_knows_what_it_returns() {
    let source =
        "UPDATE t SET a = b + 1 SET c = list_append(c, [1]) REMOVE d WHERE p = 'x' RETURNING MODIFIED NEW *";
    assert_eq!(parse(source).returning(), Some(Returning::ModifiedNew));
}
