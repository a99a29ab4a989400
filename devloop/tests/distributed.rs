//! The distributed system as a whole, D1 to D12: its committed template in a cloud of the test's own, its real functions and
//! clients, and a clock that the test drives.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use devloop_cloud::{ApiError, Clock, Cloud, Mail, Options, Template};
use serde_json::{Value, json};
use support::{Answer, LIMIT, eventually, send};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const FUNCTIONS: [&str; 4] =
    ["distributed-data", "distributed-process", "distributed-dead", "distributed-single"];

/// The folder of the functions' and clients' binaries, built once.
fn binaries() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(root()).args(["build", "--quiet", "-p", "distributed-clients"]);
        for function in FUNCTIONS {
            cargo.args(["-p", function]);
        }
        assert!(cargo.status().unwrap().success(), "the distributed system does not build");
        // target/debug/deps/<this test>
        let own = std::env::current_exe().unwrap();
        own.parent().unwrap().parent().unwrap().to_owned()
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A cloud with one of the two stacks.
struct World {
    clock: Clock,
    cloud: Cloud,
    runtime: Runtime,
    outputs: BTreeMap<String, String>,
    /// Every line of every function.
    lines: Arc<Mutex<Vec<(String, String)>>>,
    mails: Arc<Mutex<Vec<Mail>>>,
    key: String,
    _folder: TempDir,
}

impl World {
    fn new(stack: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for function in FUNCTIONS {
            let place = folder.path().join("dist").join(function);
            fs::create_dir_all(&place).unwrap();
            fs::copy(binaries().join(function), place.join("bootstrap")).unwrap();
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        // Ahead of the machine's clock, which functions compare their deadline with: only the test lets them time out.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        let clock = Clock::manual(now + 3_600_000);
        let mail = Some(folder.path().join("mail"));
        let cloud = Cloud::new(Options { clock: clock.clone(), mail, ..Options::default() });
        let (lines, mails) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<Vec<_>>>::default());
        let path = root().join(format!("stack/templates/{stack}.template.json"));
        let text = fs::read_to_string(path)
            .unwrap()
            .replace("\"/dist/", &format!("\"{}/dist/", folder.path().display()));
        let template = Template::parse(&text).unwrap();
        let outputs = runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            cloud.listens_on(listener.local_addr().unwrap());
            let (mut log, mut post) = (cloud.follow_logs(), cloud.follow_mails());
            let (lines, mails) = (Arc::clone(&lines), Arc::clone(&mails));
            tokio::spawn(async move {
                while let Ok(line) = log.recv().await {
                    lines.lock().unwrap().push((line.group.to_string(), line.message.to_string()));
                }
            });
            tokio::spawn(async move {
                while let Ok(mail) = post.recv().await {
                    mails.lock().unwrap().push(mail);
                }
            });
            tokio::spawn({
                let cloud = cloud.clone();
                async move { cloud.serve(listener, std::future::pending::<()>()).await }
            });
            let outputs = cloud.apply(stack, &template, &BTreeMap::new()).await.unwrap();
            outputs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        });
        let mut world =
            Self { clock, cloud, runtime, outputs, lines, mails, key: String::new(), _folder: folder };
        let id = world.outputs["ApiKeyId"].clone();
        let key = world.call("apigateway", "GetApiKey", json!({ "apiKey": id, "includeValue": true }));
        world.key = key["value"].as_str().unwrap().to_owned();
        world
    }

    fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let cx = self.cloud.context("us-east-1");
        self.runtime.block_on(self.cloud.call(&cx, service, operation, input)).unwrap()
    }

    /// The API's method.
    fn url(&self) -> &str {
        &self.outputs["ApiEndpoint"]
    }

    fn ask(&self, method: &str, key: Option<&str>, body: &str) -> Answer {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(key.map(|key| ("x-api-key", key)));
        send(method, self.url(), &headers, body).unwrap()
    }

    /// Sends one word through the API.
    fn word(&self, word: &str) {
        let answer = self.ask("POST", Some(&self.key), &json!({ "data": word }).to_string());
        assert_eq!(
            (answer.status, answer.json()["message"].as_str().unwrap()),
            (200, format!("Succeeded: {word}").as_str())
        );
    }

    fn client(&self, program: &str, arguments: &[&str]) -> Output {
        let data = root().join("functions/distributed/mydata.txt");
        Command::new(binaries().join(program))
            .args(arguments)
            .arg(data)
            .env("API_ENDPOINT", self.url())
            .env("API_KEY", &self.key)
            .output()
            .unwrap()
    }

    /// The physical name of a function by what its logical id begins with.
    fn count(&self, function: &str, start: &str) -> usize {
        let lines = self.lines.lock().unwrap();
        lines
            .iter()
            .filter(|(group, line)| group.contains(&format!("-{function}")) && line.starts_with(start))
            .count()
    }

    /// Waits until a function has ended this many invocations, and says that there were no more.
    fn ended(&self, function: &str, times: usize) {
        eventually(&format!("{function} ran {times} times"), LIMIT, || {
            let ended = self.count(function, "REPORT ");
            if ended == times { Ok(()) } else { Err(ended) }
        });
    }

    fn items(&self) -> Vec<Value> {
        let answer = self.call("dynamodb", "Scan", json!({ "TableName": self.outputs["TableName"] }));
        answer["Items"].as_array().unwrap().clone()
    }

    fn stored(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} items"), LIMIT, || {
            let items = self.items();
            if items.len() == count { Ok(items) } else { Err(items.len()) }
        })
    }

    /// Visible and invisible messages of both queues.
    fn messages(&self) -> Vec<String> {
        let counts = |name: &str| {
            let input = json!({ "QueueUrl": self.outputs[name], "AttributeNames": ["All"] });
            let answer = self.call("sqs", "GetQueueAttributes", input)["Attributes"].clone();
            ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
                .map(|name| answer[name].as_str().unwrap().to_owned())
        };
        ["QueueUrl", "DeadQueueUrl"].into_iter().flat_map(counts).collect()
    }

    fn queues_are_empty(&self) {
        eventually("the queues are empty", LIMIT, || {
            let counts = self.messages();
            if counts == ["0"; 4] { Ok(()) } else { Err(counts) }
        });
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn fail(&self, operation: &str, times: usize) {
        let error = ApiError::client("ResourceNotFoundException", "Requested resource not found");
        self.cloud.faults().arm(operation, times, error);
    }

    fn subjects(&self) -> Vec<String> {
        self.mails.lock().unwrap().iter().map(|mail| mail.subject.clone()).collect()
    }

    fn mailed(&self, count: usize) -> String {
        eventually(&format!("{count} mails"), LIMIT, || {
            let subjects = self.subjects();
            if subjects.len() == count { Ok(()) } else { Err(subjects) }
        });
        let mails = self.mails.lock().unwrap();
        fs::read_to_string(mails[count - 1].file.as_ref().unwrap()).unwrap()
    }

    /// The mapping that feeds `process`.
    fn mapping(&self) -> String {
        let all = self.call("lambda", "ListEventSourceMappings", json!({}));
        let own = all["EventSourceMappings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|mapping| mapping["FunctionArn"].as_str().unwrap().contains("-Process"));
        own.unwrap()["UUID"].as_str().unwrap().to_owned()
    }
}

fn lines(output: &Output) -> (usize, usize) {
    let text = String::from_utf8_lossy(&output.stdout);
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    (count("Succeeded: "), count("Failed: Invalid data syntax."))
}

#[test]
fn d1_every_valid_word_is_stored_once() {
    let world = World::new("distributed");
    let output = world.client("dist", &["100"]);
    assert_eq!((lines(&output), output.status.code()), ((114, 15), Some(1)));
    for item in world.stored(114) {
        let word = item["data"]["S"].as_str().unwrap();
        assert_eq!(item["processed"]["S"], format!("{word}_processed"));
    }
    world.queues_are_empty();
}

#[test]
fn d2_the_control_stores_the_same() {
    let world = World::new("single");
    let output = world.client("single", &[]);
    assert_eq!((lines(&output), output.status.code()), ((114, 15), Some(1)));
    assert_eq!(world.items().len(), 114);
}

#[test]
fn d4_a_word_that_cannot_be_stored_is_tried_five_times_and_told_by_mail() {
    let world = World::new("distributed");
    world.call("dynamodb", "DeleteTable", json!({ "TableName": world.outputs["TableName"] }));
    world.word("poison");
    for tried in 1..=5 {
        world.ended("Process", tried);
        world.pass(29);
        world.ended("Process", tried);
        world.pass(1);
    }
    world.ended("Dead", 1);
    let mail = world.mailed(1);
    assert!(mail.contains("\r\nSubject: DistComp: Data Processing Failure\r\n"), "{mail}");
    assert!(mail.contains("\r\nData: poison\r\nException: Failed to process after 5 tries\r\n"), "{mail}");
    world.queues_are_empty();
    assert_eq!(world.count("Process", "REPORT "), 5);
}

#[test]
fn d5_what_fails_twice_and_then_works_is_stored_once_and_told_nobody() {
    let world = World::new("distributed");
    world.fail("dynamodb:PutItem", 2);
    world.word("word");
    for tried in 1..=2 {
        world.ended("Process", tried);
        world.pass(30);
    }
    world.ended("Process", 3);
    assert_eq!(world.stored(1)[0]["attempt"]["N"], "3");
    assert_eq!(world.subjects(), Vec::<String>::new());
    world.queues_are_empty();
}

#[test]
fn d6_one_bad_message_of_ten_returns_alone() {
    let world = World::new("distributed");
    let uuid = world.mapping();
    let update = |options: Value| {
        let mut input = json!({ "UUID": uuid });
        input.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        world.call("lambda", "UpdateEventSourceMapping", input);
    };
    let state = |wanted: &str| {
        eventually(wanted, LIMIT, || {
            let shown = world.call("lambda", "GetEventSourceMapping", json!({ "UUID": uuid }));
            if shown["State"] == wanted { Ok(()) } else { Err(shown) }
        });
    };
    update(json!({ "Enabled": false }));
    state("Disabled");
    let body =
        |n: usize| if n == 4 { "{".to_owned() } else { json!({ "data": format!("w{n}") }).to_string() };
    let entries: Vec<_> = (0..10).map(|n| json!({ "Id": n.to_string(), "MessageBody": body(n) })).collect();
    world.call(
        "sqs",
        "SendMessageBatch",
        json!({ "QueueUrl": world.outputs["QueueUrl"], "Entries": entries }),
    );
    update(json!({ "Enabled": true, "BatchSize": 10 }));
    world.ended("Process", 1);
    assert_eq!(world.stored(9).len(), 9);
    assert_eq!(world.messages()[..2], ["0", "1"]);
    world.pass(30);
    world.ended("Process", 2);
    assert_eq!(world.items().len(), 9);
    let lines = world.lines.lock().unwrap();
    let records: Vec<_> = lines
        .iter()
        .filter_map(|(_, line)| serde_json::from_str::<Value>(line).ok()?["records"].as_u64())
        .collect();
    assert_eq!(records, [10, 1]);
}

#[test]
fn d7_keys_bursts_and_quotas_keep_requests_from_the_function() {
    let world = World::new("distributed");
    let word = r#"{"data":"word"}"#;
    let refused = |answer: Answer| (answer.status, answer.json()["message"].as_str().unwrap().to_owned());
    assert_eq!(refused(world.ask("POST", None, word)), (403, "Forbidden".to_owned()));
    assert_eq!(refused(world.ask("POST", Some("wrong"), word)), (403, "Forbidden".to_owned()));
    let plans = world.call("apigateway", "GetUsagePlans", json!({}));
    let plan = plans["item"][0]["id"].as_str().unwrap().to_owned();
    let change = |path: &str, value: &str| {
        let patch = json!([{ "op": "replace", "path": path, "value": value }]);
        world.call("apigateway", "UpdateUsagePlan", json!({ "usagePlanId": plan, "patchOperations": patch }));
    };
    change("/throttle/burstLimit", "2");
    for _ in 0..2 {
        world.word("word");
    }
    assert_eq!(refused(world.ask("POST", Some(&world.key), word)), (429, "Too Many Requests".to_owned()));
    change("/throttle/burstLimit", "500");
    change("/quota/limit", "5");
    for _ in 0..3 {
        world.word("word");
    }
    assert_eq!(refused(world.ask("POST", Some(&world.key), word)), (429, "Limit Exceeded".to_owned()));
    world.ended("Data", 5);
}

#[test]
fn d8_bodies_are_checked_by_the_gateway_and_then_by_the_function() {
    let world = World::new("distributed");
    let check = |body: &str, message: &str| {
        let answer = world.ask("POST", Some(&world.key), body);
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["message"].as_str().unwrap().starts_with(message), "{body}: {answer:?}");
    };
    check("{", "Invalid request body");
    check(r#"{"data":7}"#, "Invalid request body");
    world.ended("Data", 0);
    check("{}", "Failed: The body has no text named data.");
    check(r#"{"data":"two words"}"#, "Failed: Invalid data syntax. Only alphanumeric characters");
    world.ended("Data", 2);
}

#[test]
fn d9_options_needs_no_key() {
    let world = World::new("distributed");
    let answer = world.ask("OPTIONS", None, "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST,OPTIONS"));
    assert!(answer.header("access-control-allow-headers").unwrap().contains("X-Api-Key"), "{answer:?}");
}

#[test]
fn d10_a_message_that_is_delivered_twice_is_stored_once() {
    let world = World::new("distributed");
    let functions = world.call("lambda", "ListFunctions", json!({}));
    let names = functions["Functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|function| function["FunctionName"].as_str().unwrap());
    let process = names.into_iter().find(|name| name.contains("-Process")).unwrap();
    let record = json!({ "messageId": "m", "body": json!({ "data": "word" }).to_string(), "attributes": {} });
    let event = json!({ "Records": [record] }).to_string();
    for _ in 0..2 {
        let url = format!("{}/2015-03-31/functions/{process}/invocations", world.cloud.endpoint());
        let answer = send("POST", &url, &[], &event).unwrap();
        assert_eq!(answer.body, r#"{"batchItemFailures":[]}"#);
    }
    assert_eq!(world.items().len(), 1);
}

#[test]
fn d11_a_topic_that_is_down_delays_the_mail() {
    let world = World::new("distributed");
    world.fail("sns:Publish", 1);
    let message = json!({ "QueueUrl": world.outputs["DeadQueueUrl"], "MessageBody": "{\"data\":\"word\"}" });
    world.call("sqs", "SendMessage", message);
    world.ended("Dead", 1);
    assert_eq!(world.messages()[2..], ["0", "1"]);
    world.pass(30);
    assert!(world.mailed(1).contains("Data: word"), "the same message");
    world.queues_are_empty();
}

#[test]
fn d12_a_function_that_takes_too_long_has_used_a_try() {
    let world = World::new("distributed");
    let functions = world.call("lambda", "ListFunctions", json!({}));
    let functions = functions["Functions"].as_array().unwrap();
    let process =
        functions.iter().find(|one| one["FunctionName"].as_str().unwrap().contains("-Process")).unwrap();
    let delay = |ms: &str| {
        let mut variables = process["Environment"]["Variables"].clone();
        variables["DELAY_MS"] = ms.into();
        let input =
            json!({ "FunctionName": process["FunctionName"], "Environment": { "Variables": variables } });
        world.call("lambda", "UpdateFunctionConfiguration", input);
    };
    delay("60000");
    // An environment that waits: what passes from now on is the time of the invocation and of nothing else.
    let url = format!(
        "{}/2015-03-31/functions/{}/invocations",
        world.cloud.endpoint(),
        process["FunctionName"].as_str().unwrap()
    );
    let answer = send("POST", &url, &[], r#"{"Records":[]}"#).unwrap();
    assert_eq!(answer.body, r#"{"batchItemFailures":[]}"#);
    world.ended("Process", 1);
    world.word("word");
    eventually("the message is received", LIMIT, || match &world.messages()[..2] {
        [_, hidden] if hidden == "1" => Ok(()),
        seen => Err(seen.to_vec()),
    });
    let mut passed = 0;
    eventually("process is ended by its time-out", LIMIT, || {
        if passed < 29 {
            world.pass(1);
            passed += 1;
        }
        let ended = world.count("Process", "REPORT ");
        if ended == 2 { Ok(()) } else { Err(ended) }
    });
    delay("0");
    world.pass(30);
    assert_eq!(world.stored(1)[0]["attempt"]["N"], "2");
    world.queues_are_empty();
}
