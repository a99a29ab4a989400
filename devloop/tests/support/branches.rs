//! A workspace of five functions in a chain with two branches that know nothing of devloop. It compiles in a moment: its only
//! dependency is a runtime of a few lines.
//!
//! `entry` has a URL and puts each request into the stream `orders`. From there `left` writes an item of the table `items`, whose
//! stream `left-end` reads, and `right` puts into the stream `parcels`, which `right-end` reads. All but `entry` and `right` log the
//! requests' ids; none knows `bench`.

use std::fs::{self, File};
use std::path::Path;

use serde_json::{Value, json};

use super::{Workspace, manifest, workspace_manifest, write};

/// The workspace's functions.
pub const BRANCHES: [&str; 5] = ["entry", "left", "right", "left-end", "right-end"];

/// As much of the Runtime API and of service calls as these functions need.
const RUNTIME: &str = r##"use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// Gives every event to the function.
pub fn serve(mut handle: impl FnMut(&str)) {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").expect("Lambda names its API");
    let mut stream = BufReader::new(TcpStream::connect(&api).expect("Lambda answers"));
    loop {
        let next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1";
        let (id, event) = exchange(&mut stream, next, &api, "", "");
        handle(&event);
        let answer = format!("POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1");
        exchange(&mut stream, &answer, &api, "", r#"{"statusCode":202,"body":"taken"}"#);
    }
}

/// Calls an operation of a service.
pub fn call(target: &str, body: &str) {
    let endpoint = std::env::var("AWS_ENDPOINT_URL").expect("Lambda names the services");
    let host = endpoint.trim_start_matches("http://").to_owned();
    let mut stream = BufReader::new(TcpStream::connect(&host).expect("the services answer"));
    let more = format!("content-type: application/x-amz-json-1.1\r\nx-amz-target: {target}\r\n");
    exchange(&mut stream, "POST / HTTP/1.1", &host, &more, body);
}

/// The texts that stand between two others.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}

/// The value of a variable.
pub fn variable(name: &str) -> String {
    std::env::var(name).expect("the variable is set")
}

/// Puts a record of this key into a stream.
pub fn put(stream: &str, key: &str) {
    let body = format!(r#"{{"StreamName":"{stream}","PartitionKey":"{key}","Data":"e30="}}"#);
    call("Kinesis_20131202.PutRecord", &body);
}

/// Returns the request id, where the answer has one, and the body.
fn exchange(stream: &mut BufReader<TcpStream>, line: &str, host: &str, more: &str, body: &str) -> (String, String) {
    let head = format!("{line}\r\nhost: {host}\r\n{more}content-length: {}\r\n\r\n", body.len());
    stream.get_mut().write_all(format!("{head}{body}").as_bytes()).expect("it listens");
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).expect("it answers") == 0 {
            std::process::exit(0);
        }
        let lower = line.trim_end().to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("lambda-runtime-aws-request-id: ") {
            id = value.to_owned();
        } else if let Some(value) = lower.strip_prefix("content-length: ") {
            length = value.parse().expect("a length");
        } else if lower.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the body follows");
    (id, String::from_utf8(body).expect("a text"))
}
"##;

/// Each function's program.
const PROGRAMS: [&str; 5] = [
    r#"use lambda_runtime::{between, put, serve, variable};

fn main() {
    let stream = variable("ORDERS_STREAM");
    serve(|event| {
        for id in between(event, "\\\"id\\\":\\\"", "\\\"") {
            put(&stream, id);
        }
    });
}
"#,
    r#"use lambda_runtime::{between, call, serve, variable};

fn main() {
    let table = variable("TABLE");
    serve(|event| {
        for id in between(event, "\"partitionKey\":\"", "\"") {
            println!("storing {id}");
            let item = format!("{{\"TableName\":\"{table}\",\"Item\":{{\"id\":{{\"S\":\"{id}\"}}}}}}");
            call("DynamoDB_20120810.PutItem", &item);
        }
    });
}
"#,
    r#"use lambda_runtime::{between, put, serve, variable};

fn main() {
    let stream = variable("PARCELS");
    serve(|event| {
        for id in between(event, "\"partitionKey\":\"", "\"") {
            put(&stream, id);
        }
    });
}
"#,
    r#"use lambda_runtime::{between, serve};

fn main() {
    serve(|event| {
        for keys in between(event, "\"Keys\":", "}}") {
            for id in between(keys, "\"S\":\"", "\"") {
                println!("{{\"message\":\"stored\",\"item\":\"{id}\"}}");
            }
        }
    });
}
"#,
    r#"use lambda_runtime::{between, serve};

fn main() {
    serve(|event| {
        for id in between(event, "\"partitionKey\":\"", "\"") {
            println!("parcel of {id} is on its way.");
        }
    });
}
"#,
];

/// The resource of a function.
pub(super) fn function(name: &str, variables: Value) -> Value {
    json!({ "Type": "AWS::Lambda::Function", "Properties": {
        "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap",
        "Role": "arn:aws:iam::000000000000:role/any", "Environment": { "Variables": variables },
        "Code": { "S3Bucket": "hot-reload", "S3Key": format!("/dist/{name}") },
    } })
}

/// The template that connects them.
fn template() -> Value {
    let mapping = |function: &str, source: Value| {
        json!({ "Type": "AWS::Lambda::EventSourceMapping", "Properties": {
            "FunctionName": { "Ref": function }, "EventSourceArn": source, "StartingPosition": "TRIM_HORIZON", "BatchSize": 10,
        } })
    };
    let stream = |name: &str| json!({ "Type": "AWS::Kinesis::Stream", "Properties": { "Name": name, "ShardCount": 1 } });
    json!({ "Resources": {
        "Orders": stream("orders"),
        "Parcels": stream("parcels"),
        "Items": { "Type": "AWS::DynamoDB::Table", "Properties": {
            "TableName": "items", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "StreamSpecification": { "StreamViewType": "KEYS_ONLY" },
        } },
        "Entry": function("entry", json!({ "ORDERS_STREAM": { "Ref": "Orders" } })),
        "Left": function("left", json!({ "TABLE": { "Ref": "Items" } })),
        "Right": function("right", json!({ "PARCELS": { "Ref": "Parcels" } })),
        "LeftEnd": function("left-end", json!({ "TABLE": "items" })),
        "RightEnd": function("right-end", json!({ "GREETING": "hello" })),
        "Url": { "Type": "AWS::Lambda::Url", "Properties": {
            "TargetFunctionArn": { "Fn::GetAtt": ["Entry", "Arn"] }, "AuthType": "NONE",
        } },
        "OrdersToLeft": mapping("Left", json!({ "Fn::GetAtt": ["Orders", "Arn"] })),
        "OrdersToRight": mapping("Right", json!({ "Fn::GetAtt": ["Orders", "Arn"] })),
        "ItemsToLeftEnd": mapping("LeftEnd", json!({ "Fn::GetAtt": ["Items", "StreamArn"] })),
        "ParcelsToRightEnd": mapping("RightEnd", json!({ "Fn::GetAtt": ["Parcels", "Arn"] })),
    } })
}

impl Workspace {
    /// A fresh copy of the workspace, with its template in `branches.template.json`; cargo's output is reused.
    pub fn branches() -> Self {
        Self::of_programs("branches", &BRANCHES.into_iter().zip(PROGRAMS).collect::<Vec<_>>(), &template())
    }

    /// A workspace of this name with these functions on the small runtime, and its template in `NAME.template.json`.
    pub(super) fn of_programs(name: &str, programs: &[(&str, &str)], template: &Value) -> Self {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let root = home.join(name);
        fs::create_dir_all(&root).unwrap();
        let turn = File::create(home.join(format!("{name}.lock"))).unwrap();
        turn.lock().unwrap();
        let workspace = Self::of(root, turn);
        let functions = programs.iter().map(|(function, _)| *function);
        let members: Vec<&str> = ["lambda_runtime"].into_iter().chain(functions).collect();
        let manifest_of_all = workspace_manifest(&members) + "[profile.dev]\ndebug = false\n";
        put_file(&workspace, "Cargo.toml", &manifest_of_all);
        put_file(&workspace, &format!("{name}.template.json"), &template.to_string());
        put_file(&workspace, "lambda_runtime/Cargo.toml", &manifest("lambda_runtime", &[]));
        put_file(&workspace, "lambda_runtime/src/lib.rs", RUNTIME);
        for (function, program) in programs {
            let manifest = manifest(function, &[("lambda_runtime", "../lambda_runtime")]);
            put_file(&workspace, &format!("{function}/Cargo.toml"), &manifest);
            put_file(&workspace, &format!("{function}/src/main.rs"), program);
        }
        let _ = fs::remove_dir_all(workspace.dist());
        workspace
    }
}

/// Writes the file unless it has this text already, so that cargo builds nothing anew.
fn put_file(workspace: &Workspace, path: &str, text: &str) {
    let path = workspace.root().join(path);
    if fs::read_to_string(&path).ok().as_deref() != Some(text) {
        write(&path, text);
    }
}
