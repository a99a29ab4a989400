//! The templates of a session: what is reported when they are applied; and a template that is edited while `devloop watch` runs,
//! which is applied before the next build, with its changes reported.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};
use support::{LIMIT, Lines, STACK, Tiny, eventually, send, signal_to};

/// A template with a queue of this delay, if there is to be one, and these functions.
fn template(delay: Option<u32>, functions: &[(&str, &str)]) -> String {
    let function = |binary: &str| {
        let code = json!({ "S3Bucket": "hot-reload", "S3Key": format!("/d/{binary}") });
        let role = "arn:aws:iam::000000000000:role/r";
        let properties =
            json!({ "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": role, "Code": code });
        json!({ "Type": "AWS::Lambda::Function", "Properties": properties })
    };
    let mut resources: serde_json::Map<String, Value> =
        functions.iter().map(|(logical, binary)| ((*logical).to_owned(), function(binary))).collect();
    if let Some(delay) = delay {
        let properties = json!({ "QueueName": "q", "DelaySeconds": delay });
        let queue = json!({ "Type": "AWS::SQS::Queue", "Properties": properties });
        resources.insert("Queue".to_owned(), queue);
    }
    json!({ "Resources": resources }).to_string()
}

const BOTH: [(&str, &str); 2] = [("Up", "up"), ("Mid", "mid")];

fn delay(endpoint: &str) -> String {
    let headers =
        [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "AmazonSQS.GetQueueAttributes")];
    let url = format!("{endpoint}/000000000000/q");
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["DelaySeconds"] }).to_string();
    let answer = send("POST", &format!("{endpoint}/"), &headers, asked).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["Attributes"]["DelaySeconds"].as_str().unwrap().to_owned()
}

/// The next error that is of no function: those of the workspace end as soon as they are started, which is an error each time.
fn error_of_no_function(session: &mut Lines) -> Value {
    loop {
        let error = session.wait("error", "");
        if error.get("function").is_none() {
            return error;
        }
    }
}

#[test]
fn an_edited_template_is_applied_and_told_before_the_next_build() {
    let tiny = Tiny::new();
    let file = format!("stack/templates/{STACK}.template.json");
    tiny.write(&file, &template(None, &BOTH));
    let mut session = Lines::start(tiny.devloop(&["watch", "--port", "0", "--json"]));
    let endpoint = session.wait("ready", "")["endpoint"].as_str().unwrap().to_owned();
    // In any order.
    for _ in BOTH {
        session.wait("swapped", "");
    }

    tiny.write(&file, &template(Some(1), &BOTH));
    let told = session.wait("template", "");
    assert_eq!(
        (&told["stack"], &told["changes"]),
        (&json!(STACK), &json!(["Queue (AWS::SQS::Queue) added"]))
    );
    assert_eq!(delay(&endpoint), "1");

    // Whatever the order of two saves in one burst, the template comes first.
    tiny.says("up", "two");
    tiny.write(&file, &template(Some(2), &BOTH));
    let told = session.wait("template", "");
    assert_eq!(told["changes"], json!(["Queue (AWS::SQS::Queue) changed: DelaySeconds 1 → 2"]));
    assert_eq!(delay(&endpoint), "2");
    session.wait("swapped", "up");

    tiny.write(&file, "{");
    let refused = error_of_no_function(&mut session);
    assert_eq!(refused["code"], "template_invalid", "{refused}");
    assert_eq!(delay(&endpoint), "2");

    tiny.write(&file, &template(Some(2), &[("Up", "up")]));
    let told = session.wait("template", "");
    assert_eq!(told["changes"], json!(["Mid (AWS::Lambda::Function) removed"]));
    tiny.write(&file, &template(Some(2), &BOTH));
    assert_eq!(session.wait("template", "")["changes"], json!(["Mid (AWS::Lambda::Function) added"]));
    let build = session.wait("build", "mid");
    assert_eq!(build["reasons"]["mid"], "new function", "{build}");
    assert!(session.end().success());
}

/// A template that is saved after the session has read it and before it watches it.
#[test]
fn a_template_that_is_saved_while_the_session_starts_is_applied_too() {
    let tiny = Tiny::new();
    let file = format!("stack/templates/{STACK}.template.json");
    tiny.write(&file, &template(None, &BOTH));
    // The session reads the env file after the template, and waits for whoever writes into this pipe.
    let vars = tiny.path("vars");
    let made = Command::new("mkfifo").arg(&vars).status().unwrap();
    assert!(made.success());
    let mut session = Lines::start(tiny.devloop(&["watch", "--port", "0", "--json", "--env-file", "vars"]));
    // Opening it ends when the session opens it for reading.
    let mut pipe = fs::OpenOptions::new().write(true).open(&vars).unwrap();
    tiny.write(&file, &template(Some(1), &BOTH));
    pipe.write_all(b"A=1").unwrap();
    drop(pipe);
    let endpoint = session.wait("ready", "")["endpoint"].as_str().unwrap().to_owned();
    assert_eq!(session.wait("template", "")["changes"], json!(["Queue (AWS::SQS::Queue) added"]));
    assert_eq!(delay(&endpoint), "1");
    assert!(session.end().success());
}

/// The variables of the function with this logical id.
fn variables(endpoint: &str, logical: &str) -> Value {
    let answer = send("GET", &format!("{endpoint}/2015-03-31/functions"), &[], "").unwrap().json();
    let functions = answer["Functions"].as_array().unwrap();
    let named = |one: &&Value| one["FunctionName"].as_str().unwrap().contains(&format!("-{logical}-"));
    functions.iter().find(named).unwrap_or_else(|| panic!("{answer}"))["Environment"]["Variables"].clone()
}

#[test]
fn variables_of_sams_env_file_stay_over_those_of_an_edited_template() {
    let tiny = Tiny::new();
    let file = format!("stack/templates/{STACK}.template.json");
    tiny.write(&file, &template(None, &BOTH));
    tiny.write("env.json", r#"{ "Parameters": { "ALL": "a" }, "Up": { "LIMIT": 3 } }"#);
    let arguments = ["watch", "--port", "0", "--json", "--env-file", "env.json"];
    let mut session = Lines::start(tiny.devloop(&arguments));
    let endpoint = session.wait("ready", "")["endpoint"].as_str().unwrap().to_owned();
    assert_eq!(variables(&endpoint, "Up"), json!({ "ALL": "a", "LIMIT": "3" }));
    assert_eq!(variables(&endpoint, "Mid"), json!({ "ALL": "a" }));
    for _ in BOTH {
        session.wait("swapped", "");
    }

    let mut edited: Value = serde_json::from_str(&template(None, &BOTH)).unwrap();
    edited["Resources"]["Up"]["Properties"]["Environment"] =
        json!({ "Variables": { "LIMIT": "1", "OWN": "o" } });
    tiny.write(&file, &edited.to_string());
    session.wait("template", "");
    assert_eq!(variables(&endpoint, "Up"), json!({ "ALL": "a", "LIMIT": "3", "OWN": "o" }));

    tiny.write("env.json", r#"{ "Up": { "OWN": "mine" } }"#);
    eventually("the saved file counts", LIMIT, || {
        let now = (variables(&endpoint, "Up"), variables(&endpoint, "Mid"));
        if now == (json!({ "LIMIT": "1", "OWN": "mine" }), Value::Null) { Ok(()) } else { Err(now) }
    });

    tiny.write("env.json", r#"{ "Down": {} }"#);
    let refused = loop {
        let refused = session.wait("error", "");
        if refused["code"] == "env_file_invalid" {
            break refused;
        }
    };
    assert!(refused["hint"].as_str().unwrap().contains("Mid, Up"), "{refused}");
    assert!(session.end().success());
}

#[test]
fn what_a_program_writes_into_the_env_file_is_read_once_and_kept() {
    let tiny = Tiny::new();
    let file = format!("stack/templates/{STACK}.template.json");
    tiny.write(&file, &template(None, &BOTH));
    assert!(Command::new("mkfifo").arg(tiny.path("vars")).status().unwrap().success());
    let pipe = tiny.path("vars");
    // As a shell's `<(...)`: it waits for a reader, and there is nothing more to read when that has read it.
    let writing = std::thread::spawn(move || fs::write(pipe, "ALL=a\n").unwrap());
    let arguments = ["watch", "--port", "0", "--json", "--env-file", "vars"];
    let mut session = Lines::start(tiny.devloop(&arguments));
    let endpoint = session.wait("ready", "")["endpoint"].as_str().unwrap().to_owned();
    writing.join().unwrap();
    assert_eq!(variables(&endpoint, "Up"), json!({ "ALL": "a" }));
    tiny.write(&file, &template(Some(1), &BOTH));
    let added = json!(["Queue (AWS::SQS::Queue) added"]);
    while session.wait("template", "")["changes"] != added {}
    assert_eq!(variables(&endpoint, "Up"), json!({ "ALL": "a" }));
    assert!(session.end().success());
}

/// Two resources that the cloud lacks, a function that needs neither, and in the second template one that needs one of them.
fn lacking(needs: bool) -> String {
    let mut document: Value = serde_json::from_str(&template(None, &[("Up", "up")])).unwrap();
    document["Resources"]["Pool"] = json!({ "Type": "AWS::Cognito::UserPool" });
    document["Resources"]["Site"] = json!({
        "Type": "AWS::S3::Bucket", "Properties": { "WebsiteConfiguration": { "IndexDocument": "i" } },
    });
    if needs {
        document["Resources"]["Up"]["Properties"]["Environment"] =
            json!({ "Variables": { "POOL": { "Ref": "Pool" } } });
    }
    document.to_string()
}

#[test]
fn what_the_cloud_lacks_is_one_warning_and_with_strict_an_error() {
    const LISTED: [&str; 2] =
        ["Pool (AWS::Cognito::UserPool: the type is not supported)", "Site (AWS::S3::Bucket: "];
    let tiny = Tiny::new();
    let file = format!("stack/templates/{STACK}.template.json");
    tiny.write(&file, &lacking(false));
    let mut session = Lines::start(tiny.devloop(&["watch", "--port", "0", "--json"]));
    session.wait("swapped", "up");
    let of = |session: &Lines, event: &str| -> Vec<Value> {
        session.seen().iter().filter(|line| line["event"] == event).cloned().collect()
    };
    let warnings = of(&session, "warning");
    assert_eq!((warnings.len(), &warnings[0]["code"]), (1, &json!("template_left_out")), "{warnings:?}");
    let message = warnings[0]["message"].as_str().unwrap();
    assert!(LISTED.iter().all(|listed| message.contains(listed)), "{message}");
    assert!(session.end().success());

    let mut strict = Lines::start(tiny.devloop(&["up", "--port", "0", "--json", "--strict"]));
    assert_eq!(strict.ended().code(), Some(4));
    let error = of(&strict, "error")[0].clone();
    assert_eq!(error["code"], "template_left_out");
    let message = error["message"].as_str().unwrap();
    assert!(LISTED.iter().all(|listed| message.contains(listed)), "{message}");

    // A stack that `--strict` refuses stays as it is.
    tiny.write(&file, &template(None, &[("Up", "up")]));
    let mut session = Lines::start(tiny.devloop(&["watch", "--port", "0", "--json", "--strict"]));
    let endpoint = session.wait("ready", "")["endpoint"].as_str().unwrap().to_owned();
    session.wait("swapped", "up");
    let mut refused: Value = serde_json::from_str(&lacking(false)).unwrap();
    refused["Resources"]["Queue"] = json!({ "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "q" } });
    tiny.write(&file, &refused.to_string());
    assert_eq!(error_of_no_function(&mut session)["code"], "template_left_out");
    let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "AmazonSQS.ListQueues")];
    let queues = send("POST", &format!("{endpoint}/"), &headers, "{}").unwrap().json();
    assert_eq!(queues.get("QueueUrls").cloned().unwrap_or_else(|| json!([])), json!([]));
    assert!(session.end().success());

    tiny.write(&file, &lacking(true));
    let mut needing = Lines::start(tiny.devloop(&["up", "--port", "0", "--json"]));
    assert_eq!(needing.ended().code(), Some(4));
    let error = of(&needing, "error")[0].clone();
    assert_eq!(error["code"], "template_failed");
    assert!(error["message"].as_str().unwrap().contains("Pool"), "{error}");
}

#[test]
fn each_resource_is_told_before_the_cloud_is_ready() {
    let tiny = Tiny::new();
    let file = format!("stack/templates/{STACK}.template.json");
    tiny.write(&file, &template(Some(1), &BOTH));
    let mut command = tiny.devloop(&["up", "--port", "0"]);
    let mut session = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(session.stdout.take().unwrap()).lines();
    let told: Vec<String> =
        lines.map(Result::unwrap).take_while(|line| !line.starts_with("ready ")).collect();
    signal_to(session.id() as i32, Signal::INT);
    assert!(session.wait().unwrap().success());
    let first = format!("template   {STACK}: 3 resources in ");
    assert!(told[0].starts_with(&first) && told[0].ends_with(" ms"), "{told:?}");
    let mut resources: Vec<&str> = told[1..].iter().map(|line| line.trim()).collect();
    resources.sort_unstable();
    assert_eq!(
        resources,
        [
            "Mid (AWS::Lambda::Function) added",
            "Queue (AWS::SQS::Queue) added",
            "Up (AWS::Lambda::Function) added",
        ]
    );
}

#[test]
fn build_writes_every_function_s_binary_where_deployments_take_it() {
    let tiny = Tiny::new();
    let build = |arguments: &[&str]| {
        let mut command = tiny.devloop(&[&["build"], arguments].concat());
        command.env("LAMBDA_DIST_PATH", tiny.path("out")).output().unwrap()
    };
    let output = build(&["--json"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let said = String::from_utf8_lossy(&output.stdout);
    let told: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&Value> = told.iter().map(|line| &line["function"]).collect();
    assert_eq!(names, ["mid", "up"]);
    assert_eq!(told[1]["path"], tiny.path("out/up/bootstrap").to_str().unwrap());
    assert_eq!(Tiny::word_in(&tiny.path("out/up")), "one");

    // What does not build changes nothing.
    tiny.write("up/src/main.rs", "no\n");
    let output = build(&[]);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("nothing was put in place"), "{errors}");
    assert_eq!(Tiny::word_in(&tiny.path("out/up")), "one");
}
