//! A workspace that was not made for devloop: no template, no settings, one package with five functions.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::{Session, Workspace, send};

const FUNCTIONS: [&str; 5] = ["health", "orders", "prices", "stock", "users"];

/// The empty `[workspace]` table is needed because the tests' folder is inside of this workspace.
const MANIFEST: &str = r#"[workspace]

[package]
name = "shop"
version = "0.1.0"
edition = "2024"

[dependencies]
lambda_http = { version = "1", default-features = false, features = ["apigw_http"] }
tokio = { version = "1", features = ["macros", "rt"] }
"#;

const FUNCTION: &str = r#"use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};

async fn answer(request: Request) -> Result<Response<Body>, Error> {
    let parameters = request.query_string_parameters();
    let who = parameters.first("who").unwrap_or("nobody");
    let text = format!("NAME answers {} {} for {who}", request.method(), request.uri().path());
    Ok(Response::builder().status(200).header("x-function", "NAME").body(text.into())?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}
"#;

/// The workspace. It outlives the tests, and so does cargo's output in it.
fn workspace() -> Workspace {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let root = home.join("stranger");
    fs::create_dir_all(root.join("src/bin")).unwrap();
    let turn = File::create(home.join("stranger.lock")).unwrap();
    turn.lock().unwrap();
    write(&root.join("Cargo.toml"), MANIFEST);
    // Uses the versions that building devloop's tests has downloaded.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("Cargo.lock");
    fs::copy(lock, root.join("Cargo.lock")).unwrap();
    for entry in fs::read_dir(root.join("src/bin")).unwrap() {
        let path = entry.unwrap().path();
        if !FUNCTIONS.iter().any(|name| path.file_stem().unwrap() == *name) {
            fs::remove_file(path).unwrap();
        }
    }
    for name in FUNCTIONS {
        write(&source(&root, name), &FUNCTION.replace("NAME", name));
    }
    match fs::remove_dir_all(root.join("target/devloop/dist")) {
        Err(error) if error.kind() != ErrorKind::NotFound => panic!("empty the dist folder: {error}"),
        _ => Workspace::of(root, turn),
    }
}

fn source(root: &Path, function: &str) -> PathBuf {
    root.join(format!("src/bin/{function}.rs"))
}

/// Writes the file unless it has this text already, so that cargo builds nothing anew.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap();
    }
}

/// An event of a function URL.
fn event(path: &str, query: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": {},
        "queryStringParameters": { "who": "invoke" },
        "requestContext": {
            "accountId": "000000000000", "apiId": "x", "domainName": "x", "domainPrefix": "x", "requestId": "r",
            "routeKey": "$default", "stage": "$default", "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1_583_348_638_390_u64,
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test" }
        },
        "isBase64Encoded": false
    })
}

fn assert_answers_by_url(url: &str, function: &str, says: &str) {
    let answer = send("GET", &format!("{url}things?who=url"), &[], "").unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, format!("{says} GET /things for url").as_str()));
    assert_eq!(answer.header("x-function"), Some(function));
}

/// Runs a command of devloop against a session's cloud. Returns its exit code and both outputs.
fn devloop(endpoint: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devloop"));
    let output = command.args(arguments).args(["--endpoint", endpoint]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn all_five_functions_are_served_by_invoke_and_by_url() {
    let mut session = Session::start(workspace(), &["watch", "--port", "0", "--json"]);
    session.wait_for_all_live(&FUNCTIONS);
    for function in FUNCTIONS {
        let url = session.outputs[format!("{function}Url")].as_str().unwrap();
        assert_answers_by_url(url, function, &format!("{function} answers"));
        let invoke = format!("{}/2015-03-31/functions/{function}/invocations", session.endpoint);
        let answer = send("POST", &invoke, &[], event("/", "who=invoke").to_string()).unwrap();
        let expected = format!("{function} answers GET / for invoke");
        assert_eq!(
            (answer.status, answer.json()["body"].as_str()),
            (200, Some(expected.as_str())),
            "{answer:?}"
        );
        assert_eq!(answer.json()["statusCode"], 200);
    }

    let told = |arguments: &[&str]| devloop(&session.endpoint, arguments);
    let payload = event("/", "who=invoke").to_string();
    let (code, out, errors) = told(&["invoke", "order", "--payload", &payload]);
    assert!(code == Some(0) && out.contains("orders answers GET / for invoke"), "{out}{errors}");
    assert!(errors.contains("orders answered: request "), "{errors}");
    let (code, out, _) = told(&["logs", "orders"]);
    assert!(code == Some(0) && out.contains("START RequestId: "), "{out}");
    let (_, out, _) = told(&["events", "orders", "--json"]);
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["payload"], &last["state"]), (&event("/", "who=invoke"), &json!("succeeded")));
    let number = last["number"].to_string();
    let fixture = session.workspace.root().join("target/events/order.json");
    // Those of an earlier run of this test.
    let _ = fs::remove_dir_all(fixture.parent().unwrap());
    let save = ["events", "save", &number, fixture.to_str().unwrap()];
    assert_eq!(told(&save).0, Some(0));
    let (code, _, errors) = told(&save);
    assert!(code == Some(1) && errors.contains("--force"), "{errors}");
    assert_eq!(told(&[&save[..], &["--force"]].concat()).0, Some(0));
    let saved: Value = serde_json::from_str(&fs::read_to_string(fixture).unwrap()).unwrap();
    assert_eq!(saved, event("/", "who=invoke"));
    let mut secret = event("/", "who=invoke&token=t0p");
    secret["headers"] = json!({ "authorization": "Bearer t0p", "accept": "*/*" });
    told(&["invoke", "orders", "--payload", &secret.to_string()]);
    let (_, out, _) = told(&["events", "orders", "--json"]);
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(last["payload"]["rawQueryString"], "who=invoke&token=***");
    assert_eq!(last["payload"]["headers"], json!({ "authorization": "***", "accept": "*/*" }));
    let masked = session.workspace.root().join("target/events/masked.json");
    told(&["events", "save", &last["number"].to_string(), masked.to_str().unwrap(), "--mask"]);
    assert_eq!(serde_json::from_str::<Value>(&fs::read_to_string(masked).unwrap()).unwrap(), last["payload"]);
    let (_, out, _) = told(&["events"]);
    assert!(out.contains("***") && !out.contains("t0p"), "a list has no secrets: {out}");
    let whole = session.workspace.root().join("target/events/whole.json");
    told(&["events", "save", &last["number"].to_string(), whole.to_str().unwrap()]);
    assert_eq!(serde_json::from_str::<Value>(&fs::read_to_string(whole).unwrap()).unwrap(), secret);
    assert_eq!(told(&["replay", &last["number"].to_string()]).0, Some(0));
    let page = |path: &str| send("GET", &format!("{}{path}", session.endpoint), &[], "").unwrap().json();
    let latest = page("/_devloop/events")["events"].as_array().unwrap().last().unwrap().clone();
    let again = page(&format!("/_devloop/events/{}", latest["number"]));
    assert_eq!(again["payload"], secret, "what is sent again is the event as it was");
    let (code, _, errors) = told(&["invoke", "none"]);
    assert!(code == Some(2) && errors.contains("there is no function `none`"), "{errors}");
    let (code, _, errors) = told(&["fire", "nightly"]);
    assert!(code == Some(2) && errors.contains("`nightly`; there are none"), "{errors}");

    // Only one of the package's five binaries is edited: the others are not built, swapped or started.
    session.edit("src/bin/orders.rs", "orders answers", "orders now answers");
    let (_, functions, reason) = session.next_build();
    assert_eq!((functions, reason.as_str()), (vec!["orders".to_owned()], "src/bin/orders.rs"));
    session.wait("orders goes live, and nothing else", |line| {
        if ["swapped", "live", "unchanged"].iter().any(|event| line["event"] == *event) {
            assert_eq!(line["function"], "orders", "{line}");
        }
        (line["event"] == "live").then_some(())
    });
    assert_answers_by_url(session.outputs["ordersUrl"].as_str().unwrap(), "orders", "orders now answers");
    let (code, out, errors) = devloop(&session.endpoint, &["replay", &number, "--times", "2"]);
    assert_eq!(
        (code, out.matches("orders now answers GET / for invoke").count()),
        (Some(0), 2),
        "{out}{errors}"
    );

    // A sixth function appears while devloop watches.
    session.workspace.save("src/bin/returns.rs", &FUNCTION.replace("NAME", "returns"));
    let (_, functions, reason) = session.next_build();
    assert_eq!((functions, reason.as_str()), (vec!["returns".to_owned()], "new function"));
    let url = session.wait("the new function gets a URL", |line| {
        (line["event"] == "added" && line["function"] == "returns")
            .then(|| line["url"].as_str().unwrap().to_owned())
    });
    session.next_live("returns");
    assert_answers_by_url(&url, "returns", "returns answers");

    fs::remove_file(session.workspace.root().join("src/bin/returns.rs")).unwrap();
    let gone =
        session.wait("the deleted function is named", |line| (line["event"] == "gone").then(|| line.clone()));
    assert_eq!((&gone["function"], &gone["removed"]), (&json!("returns"), &json!(true)), "{gone}");
    let path = format!("{}/2015-03-31/functions/returns", session.endpoint);
    assert_eq!(send("GET", &path, &[], "").unwrap().status, 404, "the session made it, and has removed it");
    assert_eq!(send("GET", &url, &[], "").unwrap().status, 403, "as AWS answers for a URL that nobody has");
}
