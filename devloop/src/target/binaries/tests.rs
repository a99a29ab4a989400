//! Functions of templates, and the binaries that they find.

use std::collections::BTreeMap;
use std::path::Path;

use devloop_cloud::Template;
use serde_json::{Value, json};

use super::{Candidate, function_codes, serve_from};

/// Candidates as `package/binary`, with the package's directory below `/w`.
fn candidates(names: &[&str]) -> Vec<Candidate> {
    let candidate = |full: &&str| {
        let (package, binary) = full.split_once('/').unwrap_or((full, full));
        let name = if binary == "bootstrap" { package } else { binary };
        Candidate {
            name: name.to_owned(),
            binary: binary.to_owned(),
            package: package.to_owned(),
            directory: format!("/w/{package}").into(),
        }
    };
    names.iter().map(candidate).collect()
}

const BINARIES: [&str; 3] = ["downstream", "midstream", "up-stream"];

fn template(functions: &[(&str, Value)]) -> Template {
    let mut resources = json!({ "Table": { "Type": "AWS::DynamoDB::Table" } });
    for (logical_id, function) in functions {
        resources[*logical_id] = function.clone();
        resources[*logical_id]["Type"] = json!("AWS::Lambda::Function");
    }
    Template::parse(&json!({ "Resources": resources }).to_string()).unwrap()
}

fn find(binaries: &[&str], functions: &[(&str, Value)]) -> Result<Vec<String>, String> {
    let settings =
        BTreeMap::from([("Set".to_owned(), "users/get".to_owned()), ("Bad".to_owned(), "x/y".to_owned())]);
    let found = function_codes(&template(functions), &candidates(binaries), &settings, Path::new("/w/app"));
    let name = |error: super::TemplateError| {
        let problem = error.problem();
        format!("{}; {}", problem.message, problem.hint.unwrap_or_default())
    };
    found.map(|codes| codes.into_iter().map(|code| code.binary).collect()).map_err(name)
}

fn check(binaries: &[&str], logical_id: &str, function: &Value, expected: &str) {
    let found = find(binaries, &[(logical_id, function.clone())]);
    assert_eq!(found, Ok(vec![expected.to_owned()]), "{logical_id} {function}");
}

#[test]
fn a_hot_reload_key_names_the_binary() {
    let with = |key: Value| json!({ "Properties": { "Code": { "S3Bucket": "hot-reload", "S3Key": key } } });
    let check = |key: Value| check(&BINARIES, "F", &with(key), "midstream");
    check(json!("/abs/dist/midstream"));
    check(json!("/abs/dist/midstream/"));
    check(json!({ "Fn::Join": ["/", ["/abs", { "Ref": "X" }, "midstream"]] }));
    check(json!({ "Fn::Sub": "${Dist}/midstream" }));
}

#[test]
fn the_code_s_place_names_the_binary() {
    let with = |path: &str| json!({ "Metadata": { "aws:asset:path": path } });
    check(&BINARIES, "F", &with("../target/lambda/midstream"), "midstream");
    check(&BINARIES, "F", &with("midstream.zip"), "midstream");
    check(&BINARIES, "Midstream", &with("asset.0123"), "midstream");
    let bootstraps = ["orders/bootstrap", "users/bootstrap"];
    check(&bootstraps, "F", &with("../users"), "users");
    check(&bootstraps, "F", &with("./users/"), "users");
    check(&["users/get", "users/put", "orders/get-order"], "F", &with("../orders"), "get-order");
    // Where the directory holds several, the logical id tells which.
    check(&["users/get", "users/put", "orders/put-order"], "PutFunction", &with("../users"), "put");
}

#[test]
fn names_of_every_kind_name_the_binary() {
    let users = ["users/get-user", "users/put-user", "orders/list"];
    let with = |properties: Value| json!({ "Properties": properties });
    check(&users, "F", &with(json!({ "FunctionName": "put_user" })), "put-user");
    check(
        &users,
        "F",
        &with(json!({ "FunctionName": { "Fn::Sub": "${AWS::StackName}-put-user" } })),
        "put-user",
    );
    check(&users, "F", &with(json!({ "Handler": "put-user" })), "put-user");
    check(
        &users,
        "F",
        &json!({ "Metadata": { "BuildMethod": "rust-cargolambda", "BuildProperties": { "Binary": "list" } } }),
        "list",
    );
    check(&users, "F", &json!({ "Metadata": { "aws:cdk:path": "Stack/Api/PutUser/Resource" } }), "put-user");
    for logical_id in
        ["PutUser", "PutUserFunction", "PutUserFunction7F3A91C2", "RustPutUserHandler", "ApiPutUser"]
    {
        check(&users, logical_id, &json!({}), "put-user");
    }
    check(&["cf-user_get-user", "cf-user_put-user"], "GetUser", &json!({}), "cf-user_get-user");
    check(&["a/bootstrap", "b/bootstrap"], "B", &json!({}), "b");
    check(&BINARIES, "UpStreamLambda0A1B2C3D", &json!({}), "up-stream");
}

#[test]
fn what_is_left_over_is_the_only_one_left() {
    check(&["anything"], "F", &json!({}), "anything");
    let all = find(&["one", "two", "three"], &[("One", json!({})), ("Three", json!({})), ("X", json!({}))]);
    assert_eq!(all, Ok(vec!["one".to_owned(), "three".to_owned(), "two".to_owned()]));
    let two = find(&["one"], &[("X", json!({})), ("Y", json!({}))]);
    assert_eq!(two, Ok(vec!["one".to_owned(), "one".to_owned()]));
}

#[test]
fn a_setting_decides_in_any_case() {
    check(&["users/get", "users/put"], "Set", &json!({ "Properties": { "FunctionName": "put" } }), "get");
    let error = find(&["users/get"], &[("Bad", json!({}))]).unwrap_err();
    assert_eq!(
        error,
        "find the binary of the template's function Bad: the setting functions.Bad names `x/y`, and the workspace has get; \
         write it as \"package/binary\""
    );
}

#[test]
fn a_function_without_a_binary_shows_the_line_to_write() {
    let error = find(&BINARIES, &[("Processor", json!({ "Properties": { "FunctionName": "midstrem" } }))])
        .unwrap_err();
    assert_eq!(
        error,
        "find the binary of the template's function Processor: it names midstrem and Processor, and the workspace has \
         downstream, midstream, up-stream; write into devloop.toml:\n  [functions]\n  \
         Processor = \"midstream/midstream\"   # or downstream/downstream, up-stream/up-stream"
    );
    let none = find(&[], &[("F", json!({}))]).unwrap_err();
    assert!(none.contains("the workspace has none") && none.contains("[functions]"), "{none}");
}

#[test]
fn a_function_of_a_managed_language_is_left_alone() {
    let helper = json!({ "Properties": { "Runtime": "nodejs22.x" } });
    assert_eq!(find(&BINARIES, &[("Helper", helper)]), Ok(vec![]));
    assert_eq!(
        find(&BINARIES, &[("Image", json!({ "Properties": { "PackageType": "Image" } }))]),
        Ok(vec![])
    );
    check(&BINARIES, "midstream", &json!({ "Properties": { "Runtime": "provided.al2023" } }), "midstream");
}

#[test]
fn functions_are_served_from_their_directories() {
    let mut template =
        template(&[("midstream", json!({ "Properties": { "Code": { "S3Key": "x" }, "Timeout": 3 } }))]);
    let settings = BTreeMap::new();
    let functions = function_codes(&template, &candidates(&BINARIES), &settings, Path::new("/w")).unwrap();
    serve_from(&mut template, &functions, Path::new("/abs/dist"));
    let (_, function) = template.resources().find(|(id, _)| *id == "midstream").unwrap();
    let properties = function.properties();
    assert_eq!(properties["Code"], json!({ "S3Bucket": "hot-reload", "S3Key": "/abs/dist/midstream" }));
    assert_eq!(properties["Timeout"], 3);
}
