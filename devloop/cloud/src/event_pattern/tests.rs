use serde_json::{Value, json};

use super::*;

fn check(pattern: Value, event: Value, expected: bool) {
    let read = Pattern::parse(&pattern.to_string()).unwrap();
    assert_eq!(read.accepts(&event), expected, "{pattern} of {event}");
}

#[test]
fn members_are_anded_and_list_values_are_ored() {
    let pattern = json!({ "city": ["Rome", "Oslo"], "sensor": { "kind": ["wind"] } });
    check(pattern.clone(), json!({ "city": "Oslo", "sensor": { "kind": "wind" }, "more": 1 }), true);
    check(pattern.clone(), json!({ "city": "Oslo", "sensor": { "kind": "rain" } }), false);
    check(pattern.clone(), json!({ "city": "Oslo" }), false);
    check(pattern, json!({ "city": "Bonn", "sensor": { "kind": "wind" } }), false);
    check(json!({}), json!({ "anything": 1 }), true);
}

#[test]
fn each_operator_compares_as_its_name_says() {
    let each = |comparison: Value, fits: &[Value], others: &[Value]| {
        for (values, expected) in [(fits, true), (others, false)] {
            for value in values {
                check(json!({ "v": [comparison] }), json!({ "v": value }), expected);
            }
        }
    };
    each(json!("a"), &[json!("a"), json!(["b", "a"])], &[json!("A"), json!(1), json!(null), json!({})]);
    each(json!(1), &[json!(1), json!(1.0)], &[json!("1"), json!(2), json!(true)]);
    each(json!(true), &[json!(true)], &[json!(false), json!("true")]);
    each(json!(null), &[json!(null)], &[json!(""), json!(0)]);
    each(json!(""), &[json!("")], &[json!(null), json!("a")]);
    each(json!({ "prefix": "ab" }), &[json!("ab"), json!("abc")], &[json!("ABc"), json!("xab"), json!(1)]);
    each(json!({ "prefix": { "equals-ignore-case": "Ab" } }), &[json!("aBc")], &[json!("xab")]);
    each(json!({ "suffix": ".png" }), &[json!("a.png")], &[json!("a.png.txt"), json!("a.PNG")]);
    each(json!({ "suffix": { "equals-ignore-case": ".PNG" } }), &[json!("a.pNg")], &[json!("png")]);
    each(json!({ "equals-ignore-case": "Oslo" }), &[json!("OSLO"), json!("oslo")], &[json!("oslo2")]);
    each(json!({ "anything-but": "a" }), &[json!("b"), json!(1), json!(null)], &[json!("a"), json!({})]);
    each(json!({ "anything-but": ["a", 2] }), &[json!("b"), json!(1)], &[json!("a"), json!(2)]);
    each(json!({ "anything-but": { "prefix": "a" } }), &[json!("b")], &[json!("ab")]);
    each(json!({ "anything-but": { "suffix": ["a", "b"] } }), &[json!("c")], &[json!("xa"), json!("xb")]);
    each(json!({ "anything-but": { "equals-ignore-case": "A" } }), &[json!("b")], &[json!("a")]);
    each(
        json!({ "wildcard": "a*.p*g" }),
        &[json!("a.png"), json!("abc.pg")],
        &[json!("a.pn"), json!("xa.png")],
    );
    each(json!({ "wildcard": "a\\*b" }), &[json!("a*b")], &[json!("axb")]);
    each(json!({ "wildcard": "*" }), &[json!(""), json!("x")], &[json!(1)]);
    each(
        json!({ "wildcard": "aba*aba" }),
        &[json!("abaaba"), json!("abaxaba")],
        &[json!("aba"), json!("ababa")],
    );
    each(json!({ "anything-but": { "wildcard": ["a*", "*z"] } }), &[json!("b")], &[json!("ab"), json!("bz")]);
    each(
        json!({ "cidr": "10.0.0.0/24" }),
        &[json!("10.0.0.255")],
        &[json!("10.0.1.0"), json!("::1"), json!("x"), json!(1)],
    );
    each(
        json!({ "cidr": "2001:db8::/32" }),
        &[json!("2001:db8:1::2")],
        &[json!("2001:db9::"), json!("10.0.0.1")],
    );
    each(json!({ "cidr": "0.0.0.0/0" }), &[json!("10.0.0.255")], &[json!("::1")]);
    each(json!({ "numeric": ["=", 5] }), &[json!(5), json!(5.0)], &[json!(6), json!("5")]);
    each(
        json!({ "numeric": [">", 0, "<=", 5] }),
        &[json!(5), json!(0.1)],
        &[json!(0), json!(5.1), json!("3")],
    );
    each(json!({ "exists": true }), &[json!(1), json!(null), json!(["a"])], &[json!({ "x": 1 }), json!([])]);
    each(json!({ "exists": false }), &[json!({ "x": 1 })], &[json!(1), json!(null)]);
}

#[test]
fn a_missing_member_fits_only_what_asks_for_its_absence() {
    check(json!({ "v": [{ "exists": false }] }), json!({}), true);
    check(json!({ "a": { "b": [{ "exists": false }] } }), json!({}), true);
    check(json!({ "v": [{ "exists": true }] }), json!({}), false);
    check(json!({ "v": [null] }), json!({}), false);
    check(json!({ "v": [{ "anything-but": "a" }] }), json!({}), false);
}

#[test]
fn or_joins_patterns_of_the_same_object() {
    let pattern = json!({ "kind": ["k"], "$or": [{ "a": [1] }, { "b": { "c": [2] } }] });
    check(pattern.clone(), json!({ "kind": "k", "a": 1 }), true);
    check(pattern.clone(), json!({ "kind": "k", "b": { "c": 2 } }), true);
    check(pattern.clone(), json!({ "kind": "k", "a": 2 }), false);
    check(pattern, json!({ "kind": "x", "a": 1 }), false);
}

#[test]
fn an_object_in_an_array_is_looked_into() {
    check(json!({ "items": { "id": [3] } }), json!({ "items": [{ "id": 1 }, { "id": 3 }] }), true);
    check(json!({ "items": { "id": [3] } }), json!({ "items": [{ "id": 1 }] }), false);
}

#[test]
fn text_that_is_not_a_pattern_is_refused() {
    for text in [
        "",
        "not json",
        "[]",
        r#""a""#,
        r#"{"v": "a"}"#,
        r#"{"v": 1}"#,
        r#"{"v": []}"#,
        r#"{"v": {}}"#,
        r#"{"v": null}"#,
        r#"{"v": [["a"]]}"#,
        r#"{"v": [{}]}"#,
        r#"{"v": [{"prefix": "a", "suffix": "b"}]}"#,
        r#"{"v": [{"prefix": 1}]}"#,
        r#"{"v": [{"like": "a"}]}"#,
        r#"{"v": [{"exists": "yes"}]}"#,
        r#"{"v": [{"numeric": []}]}"#,
        r#"{"v": [{"numeric": ["<"]}]}"#,
        r#"{"v": [{"numeric": ["~", 1]}]}"#,
        r#"{"v": [{"numeric": ["<", "1"]}]}"#,
        r#"{"v": [{"anything-but": []}]}"#,
        r#"{"v": [{"anything-but": {"numeric": ["<", 1]}}]}"#,
        r#"{"$or": [{"a": [1]}]}"#,
        r#"{"$or": [1, 2]}"#,
    ] {
        assert!(Pattern::parse(text).is_err(), "{text}");
    }
}
