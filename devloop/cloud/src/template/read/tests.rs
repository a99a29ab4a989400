//! Tests of parsing texts, and of positions in them.

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use super::{Position, Source};

/// The processor time that this thread has used, in seconds; other work of the machine does not count.
fn taken() -> i64 {
    clock_gettime(ClockId::ThreadCPUTime).tv_sec
}

/// How long parsing may take in a build without optimisation, in seconds.
const PATIENCE: i64 = 10;

fn read(text: &str) -> Result<Value, String> {
    Source::read(text).map(|(_, value)| value).map_err(|error| error.to_string())
}

#[test]
fn short_forms_are_functions() {
    let check =
        |text: &str, expected: Value| assert_eq!(read(text).unwrap(), json!({ "A": expected }), "{text}");
    check("A: !Ref X", json!({ "Ref": "X" }));
    check("A: !Condition X", json!({ "Condition": "X" }));
    check("A: !GetAtt X.Y.Z", json!({ "Fn::GetAtt": ["X", "Y.Z"] }));
    check("A: !GetAtt [X, !Ref Y]", json!({ "Fn::GetAtt": ["X", { "Ref": "Y" }] }));
    check("A: !Sub '${X}/5'", json!({ "Fn::Sub": "${X}/5" }));
    check("A: !Sub\n  - ${X}\n  - X: !Ref Y\n", json!({ "Fn::Sub": ["${X}", { "X": { "Ref": "Y" } }] }));
    check("A: !Select [0, !GetAZs '']", json!({ "Fn::Select": [0, { "Fn::GetAZs": "" }] }));
    check("A: !If [C, !Ref AWS::NoValue, x]", json!({ "Fn::If": ["C", { "Ref": "AWS::NoValue" }, "x"] }));
    check("A: !Base64\n  Fn::Sub: x", json!({ "Fn::Base64": { "Fn::Sub": "x" } }));
    check("A: !Ref 5", json!({ "Ref": "5" }));
    check("A: !!str 5", json!("5"));
    check("A: {b: [1, yes, '1', \"x\\ny\"]}", json!({ "b": [1, true, "1", "x\ny"] }));
    check("A: |\n  one\n  two\n", json!("one\ntwo\n"));
    check("A: &x {b: 1}\n", json!({ "b": 1 }));
    assert_eq!(read("A: &x [1]\nB: *x\n").unwrap(), json!({ "A": [1], "B": [1] }));
    assert_eq!(read("Version: 2012-10-17\n1: a\n").unwrap(), json!({ "Version": "2012-10-17", "1": "a" }));
    assert_eq!(read("\u{feff}{\"A\": \"\\ud83d\\ude00\"}").unwrap(), json!({ "A": "😀" }));
}

#[test]
fn errors_name_line_column_and_what_was_expected() {
    let check = |text: &str, expected: &str| {
        assert_eq!(read(text).unwrap_err(), format!("the template is not valid: {expected}"), "{text}");
    };
    check(
        "A:\n  B: !Reff X\n",
        "line 2, column 6: the tag `!Reff` is unknown; expected a short form such as !Ref, !Sub, !GetAtt or !If",
    );
    check("A: !!binary aGk=\n", "line 1, column 4: CloudFormation does not support the YAML type `binary`");
    check("A: 1\nB: 2\nA: 3\n", "line 3, column 1: the key `A` is here a second time");
    check("A: 1\n---\nB: 1\n", "line 2, column 1: a second document begins; expected one template");
    check("{\"A\": 1,\n \"B\" 2}", "line 2, column 6: expected `:`");
    check("", "it is empty; expected a map with Resources");
    check("? [a]\n: b\n", "line 1, column 3: a list or map stands where a key is expected; keys are strings");
    check(
        "a: &x {b: 1}\nc:\n  <<: *x\n",
        "line 3, column 3: CloudFormation does not support merge keys (`<<`); write the members out",
    );
    check("A: &a [*a]\n", "line 1, column 8: the alias names the value that it stands in");
    let error = read("A:\n  - b\n c: [\n").unwrap_err();
    assert!(error.contains("line 3") || error.contains("line 4"), "{error}");
}

#[test]
fn positions_of_values_are_found_in_both_formats() {
    let yaml = "Resources:\n  Table:\n    Type: T\n    Properties:\n      Name: !Sub '${Other}-x'\n      List:\n        - a\n";
    let json = "{\n \"Resources\": {\n  \"Table\": {\"Type\": \"T\", \"Properties\": {\n   \"Name\": \"${Other}-x\", \"List\": [\"a\"]}}}}";
    let check = |text: &str, path: &[&str], needle: Option<&str>, line: usize, column: usize| {
        let (source, _) = Source::read(text).unwrap();
        assert_eq!(source.position(path, needle), Some(Position { line, column }), "{path:?} {needle:?}");
    };
    check(yaml, &["Resources", "Table"], None, 2, 3);
    check(yaml, &["Resources", "Table", "Properties", "List", "0"], None, 7, 11);
    check(yaml, &["Resources", "Table", "Nothing"], None, 2, 3);
    check(yaml, &["Resources", "Table"], Some("Other"), 5, 13);
    check(json, &["Resources", "Table"], None, 3, 12);
    check(json, &["Resources", "Table"], Some("Other"), 4, 15);
    check(json, &["Resources", "Table", "Properties", "List", "0"], None, 4, 35);
}

#[test]
fn hostile_texts_fail_quickly() {
    let check = |text: &str, expected: &str| {
        let begun = taken();
        let error = read(text).unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert!(taken() - begun < PATIENCE, "{expected}: {} s", taken() - begun);
    };
    let mut bomb = "a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n".to_owned();
    for level in 1..30 {
        let before = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(","));
    }
    check(&bomb, "aliases make more than");
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a,".repeat(1000));
    check(&long, "aliases make more than");
    check(&"[".repeat(100_000), "");
    check(&format!("a: {}", "[".repeat(101)), "");
    check(&"- ".repeat(100_000), "nested more than 100 levels");
    check(&"{\"a\":".repeat(100_000), "recursion limit");
    check(&"? ".repeat(100_000), "");
    check(&"a".repeat(2_000_000), "longer than 1048576 bytes");
    check(&"!x ".repeat(100_000), "");
    check(&format!("{{{}", "\"a\":[{".repeat(50_000)), "recursion limit");
    check(&"&a ".repeat(100_000), "");
    check(&"a: b\n  ".repeat(1000), "");
}

#[test]
fn a_huge_map_is_read_in_time() {
    let text: String = (0..60_000).map(|key| format!("k{key}: v\n")).collect();
    let begun = taken();
    assert_eq!(read(&text).unwrap().as_object().unwrap().len(), 60_000);
    assert!(taken() - begun < PATIENCE, "{} s", taken() - begun);
}
