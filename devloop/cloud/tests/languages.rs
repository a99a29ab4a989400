//! Functions in JavaScript and Python, run by this machine's own interpreters.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use devloop_cloud::Options;
use serde_json::{Value, json};
use support::{Answer, TestCloud};

/// A folder of sources.
struct Sources(tempfile::TempDir);

impl Sources {
    fn new(files: &[(&str, &str)]) -> Self {
        let sources = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            sources.save(path, text);
        }
        sources
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn save(&self, path: &str, text: &str) {
        let file = self.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

/// Creates the function `f` in a cloud of its own.
async fn deployed(runtime: &str, handler: &str, sources: &Sources, more: Value) -> TestCloud {
    deployed_with(Options::default(), runtime, handler, sources, more).await
}

async fn deployed_with(
    options: Options,
    runtime: &str,
    handler: &str,
    sources: &Sources,
    more: Value,
) -> TestCloud {
    test_tools::program(if runtime.starts_with("node") { "node" } else { "python3" });
    let cloud = TestCloud::with(options).await;
    let mut settings = json!({ "Runtime": runtime, "Handler": handler, "Timeout": 10 });
    for (name, value) in more.as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    let created = cloud.create_hot("f", sources.path(), settings).await;
    assert_eq!(created.status, 201, "{created:?}");
    cloud
}

fn log_of(answer: &Answer) -> String {
    String::from_utf8(BASE64_STANDARD.decode(answer.header("x-amz-log-result").unwrap()).unwrap()).unwrap()
}

/// The answer of a function that succeeded.
async fn answer(cloud: &TestCloud, event: Value) -> Value {
    let answer = cloud.invoke("f", event).await;
    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, None), "{answer:?}");
    answer.json()
}

/// The error document of a function that failed, and its log.
async fn failure(cloud: &TestCloud, event: Value) -> (Value, String) {
    let answer = cloud.invoke("f", event).await;
    assert_eq!(answer.header("x-amz-function-error"), Some("Unhandled"), "{answer:?}");
    (answer.json(), log_of(&answer))
}

/// The messages of the function's log group, in order.
async fn messages(cloud: &TestCloud) -> Vec<String> {
    let headers =
        [("x-amz-target", "Logs_20140328.FilterLogEvents"), ("content-type", "application/x-amz-json-1.1")];
    let body = json!({ "logGroupName": "/aws/lambda/f" }).to_string();
    let answer = cloud.send("POST", "/", &headers, body).await.json();
    let events = answer["events"].as_array().unwrap();
    events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

const PYTHON: &str = r#"
import json, logging, os, sys
from decimal import Decimal

logging.getLogger().setLevel(logging.INFO)
count = 0


class Odd(Exception):
    pass


def handler(event, context):
    global count
    count += 1
    do = event.get("do")
    if do == "context":
        return {
            "name": context.function_name, "version": context.function_version, "memory": context.memory_limit_in_mb,
            "arn": context.invoked_function_arn, "request": context.aws_request_id, "group": context.log_group_name,
            "stream": context.log_stream_name, "left": context.get_remaining_time_in_millis(),
            "custom": context.client_context.custom if context.client_context else None,
            "app": context.client_context.client.app_title if context.client_context else None,
            "cognito": context.identity.cognito_identity_id,
        }
    if do == "environment":
        return dict(os.environ)
    if do == "print":
        print("to stdout")
        print("to stderr", file=sys.stderr)
        logging.info("two\nlines")
    if do == "raise":
        raise Odd("as asked")
    if do == "exit":
        sys.exit(3)
    if do == "set":
        return {1, 2}
    if do == "decimal":
        return {"price": Decimal("1.5"), "text": "Grüße"}
    return {"count": count, "event": event}
"#;

#[tokio::test]
async fn a_python_function_answers_and_keeps_its_state() {
    let sources = Sources::new(&[("shop/orders.py", PYTHON)]);
    let cloud = deployed("python3.12", "shop/orders.handler", &sources, json!({ "MemorySize": 256 })).await;
    assert_eq!(answer(&cloud, json!({ "n": 1 })).await, json!({ "count": 1, "event": { "n": 1 } }));
    assert_eq!(answer(&cloud, json!({})).await["count"], 2, "the environment is used again");
    assert_eq!(answer(&cloud, json!({ "do": "decimal" })).await, json!({ "price": 1.5, "text": "Grüße" }));
    let found = answer(&cloud, json!({ "do": "context" })).await;
    assert_eq!(
        (&found["name"], &found["version"], &found["memory"], &found["group"]),
        (&json!("f"), &json!("$LATEST"), &json!("256"), &json!("/aws/lambda/f"))
    );
    assert_eq!(found["arn"], "arn:aws:lambda:us-east-1:000000000000:function:f");
    assert!((1..=10_000).contains(&found["left"].as_i64().unwrap()), "{found}");
    let environment = answer(&cloud, json!({ "do": "environment" })).await;
    let root = sources.path().to_str().unwrap();
    for (name, value) in [
        ("_HANDLER", "shop/orders.handler"),
        ("LAMBDA_TASK_ROOT", root),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12"),
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    assert!(environment["_X_AMZN_TRACE_ID"].as_str().unwrap().starts_with("Root=1-"));
    assert!(!sources.path().join("shop/__pycache__").exists(), "the developer's folder stays as it is");
}

#[tokio::test]
async fn the_client_context_reaches_a_python_function() {
    let sources = Sources::new(&[("app.py", PYTHON)]);
    let cloud = deployed("python3.12", "app.handler", &sources, json!({})).await;
    let context = json!({ "custom": { "a": "b" }, "client": { "app_title": "Shop" } }).to_string();
    let header = BASE64_STANDARD.encode(context);
    let path = "/2015-03-31/functions/f/invocations";
    let body = json!({ "do": "context" }).to_string();
    let found = cloud.send("POST", path, &[("x-amz-client-context", &header)], body).await.json();
    assert_eq!((&found["custom"], &found["app"]), (&json!({ "a": "b" }), &json!("Shop")), "{found}");
}

#[tokio::test]
async fn what_a_python_function_prints_is_in_its_log() {
    let sources = Sources::new(&[("app.py", PYTHON)]);
    let cloud = deployed("python3.12", "app.handler", &sources, json!({})).await;
    answer(&cloud, json!({ "do": "print" })).await;
    let log = messages(&cloud).await;
    assert!(
        log[0].starts_with("INIT_START Runtime Version: python3.12 (this machine's Python 3."),
        "{log:?}"
    );
    for line in ["to stdout", "to stderr"] {
        assert!(log.iter().any(|message| message == line), "{log:?}");
    }
    let record = log.iter().find(|message| message.starts_with("[INFO]\t")).unwrap();
    assert!(record.ends_with("\ttwo\nlines"), "a record of several lines is one event: {record:?}");
}

#[tokio::test]
async fn a_python_functions_failures_are_named_as_lambda_names_them() {
    let sources = Sources::new(&[("app.py", PYTHON)]);
    let cloud = deployed("python3.12", "app.handler", &sources, json!({})).await;
    let (document, log) = failure(&cloud, json!({ "do": "raise" })).await;
    assert_eq!((&document["errorType"], &document["errorMessage"]), (&json!("Odd"), &json!("as asked")));
    let trace = document["stackTrace"].as_array().unwrap();
    assert_eq!(trace.len(), 1, "the client's own frames are left out: {document}");
    assert!(trace[0].as_str().unwrap().ends_with("in handler\n    raise Odd(\"as asked\")\n"), "{document}");
    assert!(log.contains("[ERROR] Odd: as asked\nTraceback (most recent call last):\n  File "), "{log}");
    let (document, _) = failure(&cloud, json!({ "do": "set" })).await;
    assert_eq!(document["errorType"], "Runtime.MarshalError");
    assert_eq!(
        document["errorMessage"],
        "Unable to marshal response: Object of type set is not JSON serializable"
    );
    let (document, _) = failure(&cloud, json!({ "do": "exit" })).await;
    assert_eq!(document["errorType"], "Runtime.ExitError");
    assert_eq!(answer(&cloud, json!({})).await["count"], 1, "a new environment");
}

/// The function's own lines in the JSON log format: those with a level, parsed, without what differs from run to run. `requestId` and
/// `timestamp` must be there.
async fn records(cloud: &TestCloud) -> Vec<Value> {
    let records =
        messages(cloud).await.into_iter().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    let mut own: Vec<Value> = records.filter(|record| record.get("level").is_some()).collect();
    for record in &mut own {
        let members = record.as_object_mut().unwrap();
        let id = members.remove("requestId").unwrap();
        assert_eq!(id.as_str().unwrap().len(), 36, "{id}");
        let time = members.remove("timestamp").unwrap();
        let time = time.as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    }
    own
}

fn json_format(level: &str) -> Value {
    json!({ "LoggingConfig": { "LogFormat": "JSON", "ApplicationLogLevel": level } })
}

const PYTHON_LOGS: &str = r#"
import logging

logger = logging.getLogger("shop")


def handler(event, context):
    if event.get("raise"):
        raise KeyError("as asked")
    logger.debug("left out by default")
    logger.info("sold %d", 2, extra={"order": "o-1"})
    logger.warning("two\nlines")
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("caught")
    print("plain")
"#;

/// Log and monitor Python Lambda functions, "Using Lambda advanced logging controls with Python".
#[tokio::test]
async fn a_python_function_logs_json_as_lambda_documents_it() {
    let sources = Sources::new(&[("app.py", PYTHON_LOGS)]);
    let cloud = deployed("python3.12", "app.handler", &sources, json_format("INFO")).await;
    answer(&cloud, json!({})).await;
    let logged = records(&cloud).await;
    assert_eq!(
        logged[..2],
        [
            json!({ "level": "INFO", "message": "sold 2", "logger": "shop", "order": "o-1" }),
            json!({ "level": "WARNING", "message": "two\nlines", "logger": "shop" }),
        ]
    );
    let caught = &logged[2];
    assert_eq!((&caught["level"], &caught["message"]), (&json!("ERROR"), &json!("caught")));
    assert_eq!(
        (&caught["errorType"], &caught["errorMessage"]),
        (&json!("ZeroDivisionError"), &json!("division by zero"))
    );
    assert!(caught["stackTrace"][0].as_str().unwrap().contains("in handler\n    1 / 0\n"), "{caught}");
    assert!(caught["location"].as_str().unwrap().ends_with("app.py:handler:16"), "{caught}");
    assert_eq!(logged.len(), 3, "{logged:?}");
    assert!(messages(&cloud).await.iter().any(|line| line == "plain"), "what is printed stays as it is");

    failure(&cloud, json!({ "raise": true })).await;
    let mut failed = records(&cloud).await.pop().unwrap();
    let trace = failed.as_object_mut().unwrap().remove("stackTrace").unwrap();
    assert_eq!(
        failed,
        json!({ "level": "ERROR", "errorType": "KeyError", "errorMessage": "'as asked'" }),
        "an error that nobody catches is one record too"
    );
    assert_eq!(trace.as_array().unwrap().len(), 1, "{trace}");
}

#[tokio::test]
async fn a_python_functions_level_is_that_of_its_logging_config() {
    let sources = Sources::new(&[("app.py", PYTHON_LOGS)]);
    let levels = async |level: &str| {
        let cloud = deployed("python3.12", "app.handler", &sources, json_format(level)).await;
        answer(&cloud, json!({})).await;
        let logged = records(&cloud).await;
        logged.iter().map(|record| record["level"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(levels("TRACE").await, ["DEBUG", "INFO", "WARNING", "ERROR"]);
    assert_eq!(levels("ERROR").await, ["ERROR"]);
}

#[tokio::test]
async fn python_code_that_cannot_be_loaded_is_reported() {
    let check = async |text: &str, handler: &str, error_type: &str, message: &str| {
        let sources = Sources::new(&[("app.py", text)]);
        let cloud = deployed("python3.12", handler, &sources, json!({})).await;
        let (document, log) = failure(&cloud, json!({})).await;
        assert_eq!(document["errorType"], error_type, "{document}");
        assert!(document["errorMessage"].as_str().unwrap().contains(message), "{document}");
        assert!(document["stackTrace"].is_array() && document["requestId"].is_string(), "{document}");
        assert!(log.contains(&format!("[ERROR] {error_type}: ")), "{log}");
        log
    };
    check(
        "import nothing_such",
        "app.handler",
        "Runtime.ImportModuleError",
        "Unable to import module 'app': No module named 'nothing_such'",
    )
    .await;
    check("", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'").await;
    check("", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'").await;
    check("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'")
        .await;
    let log = check("1 / 0", "app.handler", "ZeroDivisionError", "division by zero").await;
    assert!(log.contains("app.py\", line 1, in <module>"), "{log}");
}

const NODE: &str = r"
let count = 0;
exports.handler = async (event, context) => {
  count += 1;
  if (event.do === 'context') return { ...context, left: context.getRemainingTimeInMillis() };
  if (event.do === 'environment') return process.env;
  if (event.do === 'print') {
    console.log('first\nsecond', { a: 1 });
    console.error('to stderr');
    process.stdout.write('plain\n');
  }
  if (event.do === 'raise') throw Object.assign(new RangeError('as asked'), { code: 'E_ASKED' });
  if (event.do === 'raise text') throw 'a text';
  if (event.do === 'later') { setTimeout(() => { throw new TypeError('nobody waits'); }, 1); await new Promise(() => {}); }
  if (event.do === 'reject') { Promise.reject(new Error('left alone')); await new Promise((done) => setTimeout(done, 1000)); }
  if (event.do === 'exit') process.exit(3);
  if (event.do === 'circle') { const circle = {}; circle.circle = circle; return circle; }
  if (event.do === 'nothing') return undefined;
  return { count, event };
};
";

#[tokio::test]
async fn a_node_function_answers_and_keeps_its_state() {
    let sources = Sources::new(&[("shop/index.js", NODE)]);
    let cloud = deployed("nodejs22.x", "shop/index.handler", &sources, json!({ "MemorySize": 256 })).await;
    assert_eq!(answer(&cloud, json!({ "n": 1 })).await, json!({ "count": 1, "event": { "n": 1 } }));
    assert_eq!(answer(&cloud, json!({})).await["count"], 2, "the environment is used again");
    assert_eq!(answer(&cloud, json!({ "do": "nothing" })).await, Value::Null);
    let found = answer(&cloud, json!({ "do": "context" })).await;
    for (name, value) in [
        ("functionName", json!("f")),
        ("functionVersion", json!("$LATEST")),
        ("memoryLimitInMB", json!("256")),
        ("logGroupName", json!("/aws/lambda/f")),
        ("invokedFunctionArn", json!("arn:aws:lambda:us-east-1:000000000000:function:f")),
        ("callbackWaitsForEmptyEventLoop", json!(true)),
    ] {
        assert_eq!(found[name], value, "{name}");
    }
    assert!((1..=10_000).contains(&found["left"].as_i64().unwrap()), "{found}");
    let environment = answer(&cloud, json!({ "do": "environment" })).await;
    assert_eq!(environment["AWS_EXECUTION_ENV"], "AWS_Lambda_nodejs22.x");
    assert_eq!(environment["_HANDLER"], "shop/index.handler");
    assert_eq!(environment["NODE_PATH"], "/opt/nodejs/node22/node_modules:/opt/nodejs/node_modules");
}

#[tokio::test]
async fn what_a_node_function_prints_is_in_its_log() {
    let sources = Sources::new(&[("index.js", NODE)]);
    let cloud = deployed("nodejs22.x", "index.handler", &sources, json!({})).await;
    answer(&cloud, json!({ "do": "print" })).await;
    let log = messages(&cloud).await;
    assert!(log[0].starts_with("INIT_START Runtime Version: nodejs22.x (this machine's Node.js "), "{log:?}");
    assert!(log.iter().any(|message| message.ends_with("\tINFO\tfirst\nsecond { a: 1 }")), "{log:?}");
    assert!(log.iter().any(|message| message.ends_with("\tERROR\tto stderr")), "{log:?}");
    assert!(log.iter().any(|message| message == "plain"), "{log:?}");
}

#[tokio::test]
async fn a_node_functions_failures_are_named_as_lambda_names_them() {
    let sources = Sources::new(&[("index.js", NODE)]);
    let cloud = deployed("nodejs22.x", "index.handler", &sources, json!({})).await;
    let check = async |event: &str, error_type: &str, message: &str| {
        let (document, log) = failure(&cloud, json!({ "do": event })).await;
        assert_eq!(
            (document["errorType"].as_str(), document["errorMessage"].as_str()),
            (Some(error_type), Some(message)),
            "{document} {log}"
        );
        (document, log)
    };
    let (document, log) = check("raise", "RangeError", "as asked").await;
    let trace = document["trace"].as_array().unwrap();
    assert_eq!(trace[0], "RangeError: as asked");
    assert!(trace[1].as_str().unwrap().contains("index.js:12:"), "{document}");
    assert!(!document.to_string().contains("stdin"), "the client's own frames are left out: {document}");
    assert!(log.contains("\tERROR\tInvoke Error \t{\"errorType\":\"RangeError\",\"errorMessage\":\"as asked\",\"code\":\"E_ASKED\""), "{log}");
    check("raise text", "string", "a text").await;
    check("later", "TypeError", "nobody waits").await;
    check("reject", "Runtime.UnhandledPromiseRejection", "Error: left alone").await;
    let (document, _) = failure(&cloud, json!({ "do": "circle" })).await;
    assert_eq!(document["errorType"], "Runtime.MarshalError", "{document}");
    let (document, _) = failure(&cloud, json!({ "do": "exit" })).await;
    assert_eq!(document["errorType"], "Runtime.ExitError");
    assert_eq!(answer(&cloud, json!({})).await["count"], 1, "a new environment");
}

const NODE_LOGS: &str = r"
exports.handler = async (event) => {
  if (event.raise) throw Object.assign(new RangeError('as asked'), { code: 'E_ASKED' });
  console.trace('much');
  console.debug('left out by default');
  console.log({ sold: 2 });
  console.info('two\nlines', 3);
  console.warn(new TypeError('alone'));
  console.error('with text', new RangeError('beside'));
  const circle = {};
  circle.circle = circle;
  console.fatal(circle);
  process.stdout.write('plain\n');
};
";

/// Log and monitor Node.js Lambda functions, "Using Lambda advanced logging controls with Node.js".
#[tokio::test]
async fn a_node_function_logs_json_as_lambda_documents_it() {
    let sources = Sources::new(&[("index.js", NODE_LOGS)]);
    let cloud = deployed("nodejs22.x", "index.handler", &sources, json_format("INFO")).await;
    answer(&cloud, json!({})).await;
    let logged = records(&cloud).await;
    assert_eq!(logged.len(), 5, "{logged:?}");
    assert_eq!(logged[0], json!({ "level": "INFO", "message": { "sold": 2 } }));
    assert_eq!(logged[1], json!({ "level": "INFO", "message": "two\nlines 3" }));
    let error = |record: &Value, kind: &str, message: &str| {
        assert_eq!(
            (&record["errorType"], &record["errorMessage"]),
            (&json!(kind), &json!(message)),
            "{record}"
        );
        assert_eq!(record["stackTrace"][0], format!("{kind}: {message}"), "{record}");
        assert!(record["stackTrace"][1].as_str().unwrap().contains("index.js:"), "{record}");
    };
    assert_eq!(logged[2]["level"], "WARN");
    error(&logged[2]["message"], "TypeError", "alone");
    assert_eq!(logged[3]["level"], "ERROR");
    assert!(
        logged[3]["message"].as_str().unwrap().starts_with("with text RangeError: beside\n"),
        "{logged:?}"
    );
    error(&logged[3], "RangeError", "beside");
    assert_eq!(
        (&logged[4]["level"], logged[4]["message"].is_string()),
        (&json!("FATAL"), true),
        "{logged:?}"
    );
    assert!(messages(&cloud).await.iter().any(|line| line == "plain"), "what is printed stays as it is");

    failure(&cloud, json!({ "raise": true })).await;
    let failed = records(&cloud).await.pop().unwrap();
    assert_eq!(
        (&failed["level"], &failed["message"]["code"]),
        (&json!("ERROR"), &json!("E_ASKED")),
        "{failed}"
    );
    error(&failed["message"], "RangeError", "as asked");
}

#[tokio::test]
async fn a_node_functions_level_is_that_of_its_logging_config() {
    let sources = Sources::new(&[("index.js", NODE_LOGS)]);
    let levels = async |level: &str| {
        let cloud = deployed("nodejs22.x", "index.handler", &sources, json_format(level)).await;
        answer(&cloud, json!({})).await;
        let logged = records(&cloud).await;
        logged.iter().map(|record| record["level"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(levels("TRACE").await, ["TRACE", "DEBUG", "INFO", "INFO", "WARN", "ERROR", "FATAL"]);
    assert_eq!(levels("FATAL").await, ["FATAL"]);
}

#[tokio::test]
async fn node_code_that_cannot_be_loaded_is_reported() {
    let check = async |text: &str, handler: &str, error_type: &str, message: &str| {
        let sources = Sources::new(&[("index.js", text)]);
        let cloud = deployed("nodejs22.x", handler, &sources, json!({})).await;
        let (document, log) = failure(&cloud, json!({})).await;
        assert_eq!(document["errorType"], error_type, "{document}");
        assert!(document["errorMessage"].as_str().unwrap().contains(message), "{document}");
        assert!(log.contains("\tERROR\tUncaught Exception \t"), "{log}");
        document
    };
    check(
        "require('nothing-such')",
        "index.handler",
        "Runtime.ImportModuleError",
        "Cannot find module 'nothing-such'",
    )
    .await;
    check("", "index.handler", "Runtime.HandlerNotFound", "index.handler is undefined or not exported").await;
    check(
        "exports.handler = 1",
        "index.handler",
        "Runtime.HandlerNotFound",
        "index.handler is not a function",
    )
    .await;
    check("", "index", "Runtime.MalformedHandlerName", "Bad handler").await;
    check("", "../index.handler", "Runtime.MalformedHandlerName", "not a valid handler name").await;
    let document = check("let = ;", "index.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: ").await;
    assert!(document["trace"].to_string().contains("index.js:1"), "{document}");
    check("null.x", "index.handler", "TypeError", "Cannot read properties of null").await;
}

#[tokio::test]
async fn node_modules_are_found_in_every_form() {
    let check = async |files: &[(&str, &str)], handler: &str| {
        let sources = Sources::new(files);
        let cloud = deployed("nodejs22.x", handler, &sources, json!({})).await;
        assert_eq!(answer(&cloud, json!({})).await, "found", "{files:?}");
    };
    check(&[("index.mjs", "export const handler = async () => 'found';")], "index.handler").await;
    check(&[("index.cjs", "exports.handler = async () => 'found';")], "index.handler").await;
    check(
        &[
            ("package.json", r#"{"type": "module"}"#),
            ("src/app.js", "export const handler = async () => 'found';"),
        ],
        "src/app.handler",
    )
    .await;
    check(&[("index.js", "exports.api = { get: async () => 'found' };")], "index.api.get").await;
    check(
        &[
            ("index.js", "exports.handler = async () => require('words').word;"),
            ("node_modules/words/index.js", "exports.word = 'found';"),
        ],
        "index.handler",
    )
    .await;
}

/// A project with a part of the AWS SDK among its packages, and functions that use it as they do on Lambda, where it is there.
#[tokio::test]
async fn the_sdk_of_lambdas_node_is_the_projects_own() {
    let project = Sources::new(&[
        ("node_modules/@aws-sdk/client-x/package.json", r#"{"main": "index.js"}"#),
        (
            "node_modules/@aws-sdk/client-x/index.js",
            "exports.from = `project with ${require('@smithy/core').core}`;",
        ),
        ("node_modules/@smithy/core/index.js", "exports.core = 'core';"),
        ("node_modules/left-pad/index.js", "exports.from = 'project';"),
        ("infra/app.js", ""),
    ]);
    let below = project.path().join("infra");
    let options = || Options { node_packages: vec![below.clone(), "/nowhere".into()], ..Options::default() };
    let from = async |files: &[(&str, &str)]| {
        let sources = Sources::new(files);
        let cloud = deployed_with(options(), "nodejs22.x", "index.handler", &sources, json!({})).await;
        let answer = cloud.invoke("f", json!({})).await;
        cloud.stop().await;
        answer.json()
    };
    let commonjs =
        ("index.js", "const sdk = require('@aws-sdk/client-x'); exports.handler = async () => sdk.from;");
    let module =
        ("index.mjs", "import sdk from '@aws-sdk/client-x'; export const handler = async () => sdk.from;");
    for source in [commonjs, module] {
        assert_eq!(from(&[source]).await, "project with core", "{source:?}");
        let own = ("node_modules/@aws-sdk/client-x/index.js", "exports.from = 'own';");
        assert_eq!(from(&[source, own]).await, "own", "{source:?}");
        let missing = (source.0, &*source.1.replace("client-x", "client-y"));
        let answer = from(&[missing]).await;
        assert_eq!(answer["errorType"], "Runtime.ImportModuleError", "{answer}");
        let hint = format!("npm install --prefix {} @aws-sdk/client-y", below.display());
        assert!(answer["errorMessage"].as_str().unwrap().ends_with(&hint), "{answer}");
        // Lambda has no other package of the project.
        let other = (source.0, &*source.1.replace("@aws-sdk/client-x", "left-pad"));
        let answer = from(&[other]).await;
        assert_eq!(answer["errorType"], "Runtime.ImportModuleError", "{answer}");
        assert!(!answer["errorMessage"].as_str().unwrap().contains("npm install"), "{answer}");
    }
    let late = "exports.handler = async () => { try { return require('@aws-sdk/client-y'); } catch (e) { return [e.code, e.message]; } };";
    let answer = from(&[("index.js", late)]).await;
    assert_eq!(answer[0], "MODULE_NOT_FOUND", "{answer}");
    assert!(answer[1].as_str().unwrap().contains("npm install --prefix"), "{answer}");
}

/// A layer's packages are found by `require` and by `import` [How do I resolve the "Cannot find module" or "Cannot find Package"
/// error, AWS re:Post].
#[tokio::test]
async fn packages_of_a_layer_are_required_and_imported() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (path, text) in [
        (
            "nodejs/node_modules/words/package.json",
            r#"{"exports": {"import": "./index.mjs", "require": "./index.cjs"}}"#,
        ),
        ("nodejs/node_modules/words/index.mjs", "export const word = 'imported';"),
        ("nodejs/node_modules/words/index.cjs", "exports.word = 'required';"),
    ] {
        zip.start_file(path, options).unwrap();
        std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
    }
    let content = BASE64_STANDARD.encode(zip.finish().unwrap().into_inner());
    for (file, text, expected) in [
        ("index.mjs", "import { word } from 'words'; export const handler = async () => word;", "imported"),
        ("index.js", "exports.handler = async () => require('words').word;", "required"),
    ] {
        test_tools::program("node");
        let sources = Sources::new(&[(file, text)]);
        let cloud = TestCloud::start().await;
        let layer = json!({ "Content": { "ZipFile": content } }).to_string();
        let layer = cloud.send("POST", "/2018-10-31/layers/words/versions", &[], layer).await.json();
        let settings = json!({
            "Runtime": "nodejs22.x", "Handler": "index.handler", "Layers": [layer["LayerVersionArn"]],
        });
        let created = cloud.create_hot("f", sources.path(), settings).await;
        assert_eq!(created.status, 201, "{created:?}");
        assert_eq!(answer(&cloud, json!({})).await, expected);
        cloud.stop().await;
    }
}

#[tokio::test]
async fn callbacks_answer_as_lambda_documents_them() {
    let text = r"
        let late = 0;
        exports.handler = (event, context, callback) => {
          if (event.do === 'wait') { setTimeout(() => { late += 1; }, 30); return callback(null, { late }); }
          if (event.do === 'at once') {
            context.callbackWaitsForEmptyEventLoop = false;
            setTimeout(() => { late += 1; }, 60000).unref();
            return callback(null, 'at once');
          }
          if (event.do === 'error') return callback(new TypeError('by callback'));
          if (event.do === 'text') return callback('only a text');
          if (event.do === 'late') return callback(null, late);
          if (event.do === 'done') return context.done(null, 'by done');
          if (event.do === 'fail') return context.fail(new Error('by fail'));
          if (event.do === 'object') { const answer = {}; setTimeout(() => { answer.late = true; }, 5); return callback(null, answer); }
        };";
    let sources = Sources::new(&[("index.js", text)]);
    let cloud = deployed("nodejs20.x", "index.handler", &sources, json!({})).await;
    answer(&cloud, json!({ "do": "wait" })).await;
    assert_eq!(answer(&cloud, json!({ "do": "late" })).await, 1, "the answer waited for the timer");
    assert_eq!(answer(&cloud, json!({ "do": "object" })).await, json!({ "late": true }));
    assert_eq!(answer(&cloud, json!({ "do": "at once" })).await, "at once");
    assert_eq!(answer(&cloud, json!({ "do": "done" })).await, "by done");
    assert_eq!(answer(&cloud, json!({ "do": "nothing at all" })).await, Value::Null);
    for (event, error_type, message) in [
        ("error", "TypeError", "by callback"),
        ("text", "string", "only a text"),
        ("fail", "Error", "by fail"),
    ] {
        let (document, _) = failure(&cloud, json!({ "do": event })).await;
        assert_eq!(
            (&document["errorType"], &document["errorMessage"]),
            (&json!(error_type), &json!(message))
        );
    }
    let new = deployed("nodejs24.x", "index.handler", &sources, json!({})).await;
    let (document, _) = failure(&new, json!({})).await;
    assert_eq!(document["errorType"], "Runtime.CallbackHandlerDeprecated");
}

#[tokio::test]
async fn streamed_answers_arrive_whole() {
    let text = r"
        exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
          if (event.do === 'break') { stream.write('some'); await new Promise(setImmediate); throw new RangeError('midway'); }
          if (event.do === 'fail') throw new RangeError('before');
          if (event.http) stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'x-a': 'b' } });
          else stream.setContentType('text/plain');
          for (let n = 0; n < 3; n += 1) stream.write(`part ${n};`);
          stream.end();
        });";
    let sources = Sources::new(&[("index.js", text)]);
    let cloud = deployed("nodejs22.x", "index.handler", &sources, json!({})).await;
    let plain = cloud.invoke("f", json!({})).await;
    assert_eq!(plain.body, "part 0;part 1;part 2;");
    let with_head = cloud.invoke("f", json!({ "http": true })).await;
    let expected = b"{\"statusCode\":201,\"headers\":{\"x-a\":\"b\"}}\0\0\0\0\0\0\0\0part 0;part 1;part 2;";
    assert_eq!(&with_head.body[..], expected);
    for (event, message) in [("break", "midway"), ("fail", "before")] {
        let (document, log) = failure(&cloud, json!({ "do": event })).await;
        assert_eq!(
            (&document["errorType"], &document["errorMessage"]),
            (&json!("RangeError"), &json!(message))
        );
        assert!(log.contains("Invoke Error"), "{log}");
    }
    assert_eq!(cloud.invoke("f", json!({})).await.body, "part 0;part 1;part 2;");
}

#[tokio::test]
async fn an_edit_in_the_folder_is_live_with_the_next_event() {
    let sources = Sources::new(&[
        ("app.py", "import words\ndef handler(event, context): return words.WORD\n"),
        ("words.py", "WORD = 'one'\n"),
    ]);
    let cloud = deployed("python3.12", "app.handler", &sources, json!({})).await;
    assert_eq!(answer(&cloud, json!({})).await, "one");
    // Of the same length and within the same second: only caches of compiled files would take it for the same.
    for word in ["two", "six"] {
        sources.save("words.py", &format!("WORD = '{word}'\n"));
        assert_eq!(answer(&cloud, json!({})).await, word);
    }
    sources.save("words.py", "WORD = ");
    assert_eq!(failure(&cloud, json!({})).await.0["errorType"], "Runtime.UserCodeSyntaxError");
    sources.save("words.py", "WORD = 'ten'\n");
    assert_eq!(answer(&cloud, json!({})).await, "ten");

    let sources = Sources::new(&[
        ("index.js", "exports.handler = async () => require('./lib/words');"),
        ("lib/words.js", "module.exports = 'one';"),
    ]);
    let cloud = deployed("nodejs22.x", "index.handler", &sources, json!({})).await;
    assert_eq!(answer(&cloud, json!({})).await, "one");
    sources.save("lib/words.js", "module.exports = 'two';");
    assert_eq!(answer(&cloud, json!({})).await, "two");
}

#[tokio::test]
async fn runtimes_that_cannot_run_here_are_refused_by_name() {
    let sources = Sources::new(&[("app.py", "")]);
    let cloud = TestCloud::start().await;
    for runtime in ["java21", "dotnet8", "ruby3.4", "python2.7", "nodejs4.3"] {
        let refused = cloud.create_hot("f", sources.path(), json!({ "Runtime": runtime })).await;
        let message = refused.json().to_string();
        assert!(refused.status == 501 && message.contains(runtime), "{message}");
    }
    let image = json!({ "PackageType": "Image", "Code": { "ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/a:1" } });
    let refused = cloud.create_hot("f", sources.path(), image).await;
    assert!(refused.status == 501 && refused.json().to_string().contains("container images"), "{refused:?}");
}
