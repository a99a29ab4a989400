//! Tests of the intrinsic functions and their values.

use serde_json::json;

use super::*;
use crate::template::tests::{parameters, pseudo, template};

struct World;

impl Lookup for World {
    fn physical_id(&self, logical: &str) -> Option<Value> {
        (logical == "Table").then(|| "the-table".into())
    }

    fn attribute(&self, logical: &str, attribute: &str) -> Option<Value> {
        (logical == "Table" && attribute == "Arn").then(|| "arn:table".into())
    }

    fn import(&self, name: &str) -> Option<String> {
        (name == "shared").then(|| "imported".to_owned())
    }
}

fn value(expression: &Value) -> Result<Option<Value>, Problem> {
    let conditions = BTreeMap::from([("Yes".to_owned(), true), ("No".to_owned(), false)]);
    let template = template(&json!({}));
    let (parameters, pseudo) = (parameters(), pseudo());
    let scope = Scope {
        template: &template,
        parameters: &parameters,
        pseudo: &pseudo,
        conditions: &conditions,
        lookup: &World,
        budget: &Budget::default(),
    };
    scope.value(expression)
}

#[test]
fn functions_compute_their_values() {
    let check = |expression: Value, expected: Value| {
        assert_eq!(value(&expression), Ok(Some(expected)), "{expression}");
    };
    check(json!({"Ref": "Size"}), json!("small"));
    check(json!({"Ref": "Table"}), json!("the-table"));
    check(json!({"Ref": "AWS::Region"}), json!("eu-west-1"));
    check(json!({"Ref": "AWS::AccountId"}), json!("000000000000"));
    check(json!({"Ref": "AWS::Partition"}), json!("aws"));
    check(json!({"Ref": "AWS::URLSuffix"}), json!("amazonaws.com"));
    check(json!({"Ref": "AWS::StackName"}), json!("stack"));
    check(json!({"Ref": "AWS::StackId"}), json!("stack-id"));
    check(json!({"Fn::GetAtt": ["Table", "Arn"]}), json!("arn:table"));
    check(json!({"Fn::GetAtt": "Table.Arn"}), json!("arn:table"));
    check(json!({"Fn::Join": ["-", ["a", {"Ref": "Size"}, 3]]}), json!("a-small-3"));
    check(json!({"Fn::Join": [",", {"Ref": "List"}]}), json!("a,b"));
    check(json!({"Fn::Join": ["", ["x", {"Ref": "AWS::NoValue"}]]}), json!("x"));
    check(
        json!({"Fn::Sub": "${Table}/${Table.Arn}/${AWS::Region}/${!Kept}"}),
        json!("the-table/arn:table/eu-west-1/${Kept}"),
    );
    check(json!({"Fn::Sub": ["${x}-${Size}", {"x": {"Ref": "Table"}}]}), json!("the-table-small"));
    check(json!({"Fn::Sub": "no ${end"}), json!("no ${end"));
    check(json!({"Fn::If": ["Yes", 1, 2]}), json!(1));
    check(json!({"Fn::If": ["No", {"Ref": "Absent"}, 2]}), json!(2));
    check(json!({"Fn::Select": [1, {"Ref": "List"}]}), json!("b"));
    check(json!({"Fn::Select": ["0", ["x"]]}), json!("x"));
    check(json!({"Fn::Split": ["/", "a/b"]}), json!(["a", "b"]));
    check(json!({"Fn::FindInMap": ["Sizes", {"Ref": "Size"}, "memory"]}), json!(128));
    check(
        json!({"Fn::FindInMap": ["Sizes", "big", "memory", {"DefaultValue": {"Ref": "Size"}}]}),
        json!("small"),
    );
    check(json!({"Fn::Base64": "hi"}), json!("aGk="));
    check(json!({"Fn::Cidr": ["10.0.0.0/16", 2, "8"]}), json!(["10.0.0.0/24", "10.0.1.0/24"]));
    check(json!({"Fn::Cidr": ["fd00::/56", 2, 64]}), json!(["fd00::/64", "fd00:0:0:1::/64"]));
    check(json!({"Fn::Length": {"Ref": "List"}}), json!(2));
    check(json!({"Fn::ToJsonString": {"a": {"Ref": "Size"}}}), json!("{\"a\":\"small\"}"));
    check(json!({"Fn::Select": [1, {"Fn::Split": [",", {"Fn::Join": [",", {"Ref": "List"}]}]}]}), json!("b"));
    check(json!({"Fn::ImportValue": "shared"}), json!("imported"));
    check(json!({"Fn::GetAZs": ""}), json!(["eu-west-1a", "eu-west-1b", "eu-west-1c"]));
    check(json!({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}), json!({"b": [1]}));
    check(json!({"Condition": {"StringEquals": {}}}), json!({"Condition": {"StringEquals": {}}}));
    check(
        json!({"Fn::Join": ["", ["https://ab.execute-api.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}, "/prod/"]]}),
        json!("http://127.0.0.1:1/_aws/execute-api/ab/prod/"),
    );
    assert_eq!(value(&json!({"Ref": "AWS::NoValue"})), Ok(None));
}

#[test]
fn errors_name_the_value_that_cannot_be_computed() {
    let check = |expression: Value, expected: &str| {
        assert_eq!(value(&expression).unwrap_err().to_string(), expected, "{expression}");
    };
    check(json!({"Ref": "Nobody"}), "`Nobody` is neither a parameter nor a resource of the template");
    check(
        json!({"Ref": "AWS::Nothing"}),
        "`AWS::Nothing` is neither a parameter nor a resource of the template",
    );
    check(json!({"Ref": "Absent"}), "`Absent` is left out by its condition");
    check(json!({"Fn::GetAtt": ["Table", "Colour"]}), "`Table` has no attribute `Colour`");
    check(json!({"Fn::GetAtt": ["Table"]}), "`Fn::GetAtt` needs a resource and an attribute");
    check(json!({"Fn::Cidr": []}), "`Fn::Cidr` needs a block, a count and the bits");
    check(json!({"Fn::Cidr": ["10.0.0.0/16", 300, 8]}), "`Fn::Cidr` needs a count from 1 to 256, not `300`");
    check(
        json!({"Fn::Cidr": ["10.0.0.0/24", 6, 8]}),
        "`Fn::Cidr` finds no room for 6 blocks of 8 bits in 10.0.0.0/24",
    );
    check(json!({"Fn::Cidr": ["x", 1, 8]}), "`Fn::Cidr` needs a block such as 10.0.0.0/16, not `x`");
    check(
        json!({"Fn::Transform": {"Name": "x"}}),
        "the embedded cloud does not support the intrinsic function `Fn::Transform`",
    );
    check(json!({"Fn::ToJsonString": "x"}), "`Fn::ToJsonString` needs a map or a list");
    let long = "x".repeat(LONGEST / 2);
    check(json!({"Fn::Join": [long, ["", "", ""]]}), "`Fn::Join` makes a string of more than 1048576 bytes");
    check(
        json!({"Fn::Equals": [1, 1]}),
        "the embedded cloud does not support the intrinsic function `Fn::Equals`",
    );
    check(json!({"Fn::If": ["Maybe", 1, 2]}), "the condition `Maybe` is not declared");
    check(json!({"Fn::Join": ["-"]}), "`Fn::Join` needs a list of 2 values");
    check(json!({"Fn::Join": ["-", [{}]]}), "`Fn::Join` needs a list of strings");
    check(json!({"Fn::Select": [2, ["a"]]}), "`Fn::Select` finds no item 2 in its list");
    check(json!({"Fn::Split": ["", "a"]}), "`Fn::Split` needs a separator");
    check(
        json!({"Fn::FindInMap": ["Sizes", "big", "memory"]}),
        "the mappings have no entry Sizes.big.memory",
    );
    check(json!({"Fn::ImportValue": "none"}), "no stack exports `none`");
    check(json!({"Fn::Sub": "${List}"}), "`Fn::Sub` needs a string for `List`");
}
