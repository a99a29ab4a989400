//! Workspaces that are somebody else's, in the manner of those that are public: `devloop watch` in each without any setting, a call the
//! way its users make one, an edit, the new code live, and `invoke`, `logs`, `events` and `replay`. The one without a template is in
//! `stranger.rs`.
//!
//! They share cargo's target folder and lock file, so that every dependency is compiled once for all of them.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

#[path = "../support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::{Answer, LIMIT, Session, Workspace, eventually, send, without_settings};

/// A fresh copy of one of the workspaces.
fn workspace(name: &str) -> Workspace {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("strangers");
    fs::create_dir_all(home.join(".cargo")).unwrap();
    let turn = File::create(home.join("lock")).unwrap();
    turn.lock().unwrap();
    // Cargo finds it from every folder below.
    save(&home.join(".cargo/config.toml"), "[build]\ntarget-dir = \"target\"\n[net]\noffline = true\n");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = home.join(name);
    copy(&tests.join("tests/strangers").join(name), &root);
    // The versions that building devloop's tests has brought to this machine.
    fs::copy(tests.parent().unwrap().join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    let _ = fs::remove_dir_all(home.join("target/devloop/dist"));
    Workspace::of(root, turn)
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::create_dir_all(to).unwrap();
            save(&target, &fs::read_to_string(&path).unwrap());
        }
    }
}

/// What is the same already keeps its time, so that cargo builds nothing anew.
fn save(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap();
    }
}

/// A session of `devloop watch` in one of the workspaces.
struct Stranger(Session);

impl Stranger {
    /// With these functions live, and no setting but the port, which may be taken on this machine.
    fn watches(name: &str, functions: &[&str]) -> Self {
        Self::watches_with(name, functions, &[])
    }

    fn watches_with(name: &str, functions: &[&str], more: &[&str]) -> Self {
        let arguments = [&["watch", "--port", "0", "--json"], more].concat();
        Self(Session::live_in(workspace(name), &arguments, functions))
    }

    /// Runs a command of devloop against the session's cloud: its output, which must be a success.
    fn says(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_devloop"));
        let output = command.args(arguments).args(["--endpoint", &self.0.endpoint]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// An answer of the HTTP or REST API whose address this output has.
    fn asks(&self, method: &str, output: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let url = self.0.outputs[output].as_str().unwrap_or_else(|| panic!("{}", self.0.outputs));
        send(method, &format!("{}{path}", url.trim_end_matches('/')), headers, "").unwrap()
    }

    /// Calls an operation of a service with JSON.
    fn call(&self, target: &str, input: &Value) -> Value {
        let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target)];
        let answer = send("POST", &self.0.endpoint, &headers, input.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        answer.json()
    }

    /// Waits until the session's log has a line with this text, and returns the line.
    fn tells(&self, part: &str) -> String {
        let log = self.0.workspace.root().parent().unwrap().join("target/devloop/session.jsonl");
        eventually(&format!("the session tells `{part}`"), LIMIT, || {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let mut told = lines.filter_map(|line| line["line"].as_str().map(str::to_owned));
            told.find(|line| line.contains(part)).ok_or(text)
        })
    }

    /// Waits until the function has logged this.
    fn logs(&self, function: &str, text: &str) {
        eventually(&format!("{function} logs `{text}`"), LIMIT, || {
            let lines = self.says(&["logs", function]);
            if lines.contains(text) { Ok(()) } else { Err(lines) }
        });
    }

    /// Edits the binary's source, waits until the new code is live, and sends the last event of its function again to it.
    fn edits(&mut self, binary: &str, function: &str, source: &str) {
        let (before, after) = (format!("{binary} first"), format!("{binary} second"));
        let events = self.says(&["events", function, "--json"]);
        let last = events.lines().last().unwrap_or_else(|| panic!("no event of {function}"));
        let last: Value = serde_json::from_str(last).unwrap();
        let text = self.0.workspace.read(source);
        assert!(text.contains(&before), "{source}: {text}");
        self.0.workspace.save(source, &text.replace(&before, &after));
        self.0.next_live(binary);
        let answer = self.says(&["replay", &last["number"].to_string()]);
        assert!(answer.contains(&after), "{answer}");
        self.logs(function, &after);
    }
}

#[test]
fn orders_by_http_a_tables_stream_and_a_schedule() {
    let mut orders = Stranger::watches("orders", &["api", "changes", "nightly"]);
    let answer = orders.asks("PUT", "ApiUrl", "/orders/7", &[]);
    assert_eq!((answer.status, answer.body.as_str()), (200, "api first: PUT /orders/7 7"));
    let log = orders.call("Logs_20140328.FilterLogEvents", &json!({ "logGroupName": "/http/orders" }));
    assert_eq!(log["events"][0]["message"], "PUT /orders/7 200", "{log}");
    let table = orders.0.outputs["TableName"].as_str().unwrap().to_owned();
    orders.call(
        "DynamoDB_20120810.PutItem",
        &json!({ "TableName": table, "Item": { "id": { "S": "seven" } } }),
    );
    orders.logs("changes", "changes first: ");
    orders.logs("changes", "seven");
    orders.says(&["fire", "NightlyFunctionReport"]);
    orders.logs("nightly", "nightly first: ");
    assert!(orders.says(&["invoke", "nightly", "--example", "schedule"]).contains("nightly first"));
    orders.edits("api", "api", "src/bin/api.rs");
    assert_eq!(orders.asks("PUT", "ApiUrl", "/orders/8", &[]).body, "api second: PUT /orders/8 8");
    orders.edits("changes", "changes", "src/bin/changes.rs");
}

#[test]
fn four_functions_of_one_package_through_a_shared_crate() {
    let functions = ["create-user", "delete-user", "get-user", "list-user"];
    let mut users = Stranger::watches("users", &functions);
    for (method, path, expected) in [
        ("POST", "/users", "create-user first: POST all"),
        ("DELETE", "/users/3", "delete-user first: DELETE 3"),
        ("GET", "/users/3", "get-user first: GET 3"),
        ("GET", "/users", "list-user first: GET all"),
    ] {
        let answer = users.asks(method, "ApiUrl", path, &[]);
        assert_eq!((answer.status, answer.body.as_str()), (200, expected));
    }
    assert!(users.says(&["invoke", "get-user", "--example", "http"]).contains("get-user first: POST all"));
    users.edits("get-user", "get-user", "users/src/bin/get-user.rs");
    assert_eq!(users.asks("GET", "ApiUrl", "/users/4", &[]).body, "get-user second: GET 4");
}

#[test]
fn a_cdk_app_whose_assets_say_nothing() {
    let mut jobs = Stranger::watches("cdk", &["app"]);
    let queue = jobs.0.outputs["QueueUrl"].as_str().unwrap().to_owned();
    jobs.call("AmazonSQS.SendMessage", &json!({ "QueueUrl": queue, "MessageBody": "a job" }));
    jobs.logs("worker", "a job");
    assert!(jobs.says(&["invoke", "worker", "--example", "sqs"]).contains("app first"));
    jobs.edits("app", "worker", "app/src/main.rs");
    jobs.call("AmazonSQS.SendMessage", &json!({ "QueueUrl": queue, "MessageBody": "another job" }));
    jobs.logs("worker", "another job");
}

#[test]
fn a_router_behind_a_function_url() {
    let mut site = Stranger::watches("url", &["url"]);
    // The address that is shown needs no name server.
    let ask = |site: &Stranger, path: &str| {
        let answer = site.asks("GET", "SiteUrl", path, &[]);
        (answer.status, answer.body)
    };
    assert_eq!(ask(&site, "/hello/you"), (200, "url first: hello you".to_owned()));
    assert_eq!(ask(&site, "/nowhere"), (404, "url first: no GET /nowhere".to_owned()));
    assert!(site.says(&["invoke", "site", "--example", "http"]).contains("url first: no POST /my/path"));
    site.edits("url", "site", "src/main.rs");
    assert_eq!(ask(&site, "/"), (200, "url second: home".to_owned()));
}

#[test]
fn plain_cloudformation_with_an_authorizer_and_an_alarm() {
    let mut pets = Stranger::watches("pets", &["gate", "pets"]);
    let ask = |pets: &Stranger, word: &str| pets.asks("GET", "ApiUrl", "/pets/7", &[("authorization", word)]);
    let answer = ask(&pets, "open");
    assert_eq!((answer.status, answer.body.as_str()), (200, "pets first: GET /pets/7 7"));
    assert_eq!(ask(&pets, "shut").status, 403);
    let alarms = pets.call("GraniteServiceVersion20100801.DescribeAlarms", &json!({}));
    assert_eq!(alarms["MetricAlarms"].as_array().map(Vec::len), Some(1), "{alarms}");
    assert!(pets.says(&["invoke", "pets", "--example", "apigateway"]).contains("pets first: GET"));
    pets.edits("gate", "gate", "src/bin/gate.rs");
    pets.edits("pets", "pets", "src/bin/pets.rs");
    assert_eq!(ask(&pets, "open").body, "pets second: GET /pets/7 7");
}

#[test]
fn a_cron_job_a_table_and_functions_in_python_and_javascript() {
    for interpreter in ["node", "python3"] {
        test_tools::program(interpreter);
    }
    let mut cron = Stranger::watches_with("cron", &["cron"], &["--env-file", "vars.env"]);
    cron.says(&["fire", "hourly"]);
    cron.logs("cron", "cron first: ");
    let expected = json!([{ "id": { "S": "from-the-schedule" }, "by": { "S": "cron first" } }]);
    eventually("the row is in the table", LIMIT, || {
        let rows = &cron.call("DynamoDB_20120810.Scan", &json!({ "TableName": "rows" }))["Items"];
        if *rows == expected { Ok(()) } else { Err(rows.clone()) }
    });
    for (function, file) in [("report", "report/words.py"), ("notify", "notify/index.mjs")] {
        let word = |word: &str| json!({ "says": format!("{function} {word}"), "function": function });
        let ask = |cron: &Stranger| serde_json::from_str::<Value>(&cron.says(&["invoke", function])).unwrap();
        assert_eq!(ask(&cron), word("first"));
        let text = cron.0.workspace.read(file);
        cron.0.workspace.save(file, &text.replace("first", "second"));
        assert_eq!(ask(&cron), word("second"), "live with the next event, without a build");
        cron.logs(function, &format!("{function} second"));
    }
    cron.0.edit("vars.env", "'report'", "moin");
    cron.tells("report has new variables from the env file");
    assert!(cron.says(&["invoke", "report"]).contains("moin"));
    cron.edits("cron", "cron", "src/main.rs");
}

#[test]
fn an_upload_a_rule_and_a_queue() {
    let mut photos = Stranger::watches_with("photos", &["photos"], &["--replay-last"]);
    let put = |photos: &Stranger, key: &str| {
        let mut command = test_tools::command("aws");
        without_settings(&mut command).current_dir(photos.0.workspace.root());
        command.args(["s3", "cp", "Cargo.toml", &format!("s3://photos/{key}")]);
        command.args(["--endpoint-url", &photos.0.endpoint, "--region", "us-east-1"]);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    put(&photos, "notes.txt");
    put(&photos, "cat.jpg");
    photos.logs("resize", "cat.jpg");
    assert!(!photos.says(&["logs", "resize"]).contains("notes.txt"));
    assert!(photos.says(&["invoke", "resize", "--example", "sqs"]).contains("photos first"));
    photos.0.edit("src/main.rs", "\"says\": \"photos first\"", "\"says\": \"photos second\"");
    photos.0.next_live("photos");
    let told = photos.tells(" again gave ");
    assert!(told.contains("photos second"), "{told}");
    photos.edits("photos", "resize", "src/main.rs");
}
