//! The whole distributed system: its committed template in the test's own cloud, its real functions and clients, and a clock that
//! the test drives.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use devloop_cloud::{ApiError, Clock, Cloud, Mail, Options, Template};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::{Answer, LIMIT, built, eventually, root, send};

const FUNCTIONS: [&str; 4] =
    ["distributed-data", "distributed-process", "distributed-dead", "distributed-single"];

const CLIENTS: [&str; 2] = ["dist", "single"];

/// The folder of the functions' and clients' binaries, built once.
pub fn binaries() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built(&[&FUNCTIONS[..], &CLIENTS].concat()))
}

/// A cloud with one of the two stacks, and a clock that the test drives.
pub struct World {
    pub clock: Clock,
    pub cloud: Cloud,
    pub runtime: Runtime,
    pub outputs: BTreeMap<String, String>,
    /// Every line of every function.
    pub lines: Arc<Mutex<Vec<(String, String)>>>,
    pub mails: Arc<Mutex<Vec<Mail>>>,
    pub key: String,
    pub folder: TempDir,
}

impl World {
    pub fn new(stack: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for function in FUNCTIONS {
            let place = folder.path().join("dist").join(function);
            fs::create_dir_all(&place).unwrap();
            fs::copy(binaries().join(function), place.join("bootstrap")).unwrap();
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        // Ahead of the machine's clock, with which functions compare their deadline, so that they only time out when the test wants
        // it.
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
        let mut world = Self { clock, cloud, runtime, outputs, lines, mails, key: String::new(), folder };
        let id = world.outputs["ApiKeyId"].clone();
        let key = world.call("apigateway", "GetApiKey", json!({ "apiKey": id, "includeValue": true }));
        world.key = key["value"].as_str().unwrap().to_owned();
        world
    }

    pub fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let cx = self.cloud.context("us-east-1");
        self.runtime.block_on(self.cloud.call(&cx, service, operation, input)).unwrap()
    }

    /// The API's method.
    pub fn url(&self) -> &str {
        &self.outputs["ApiEndpoint"]
    }

    pub fn ask(&self, method: &str, key: Option<&str>, body: &str) -> Answer {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(key.map(|key| ("x-api-key", key)));
        send(method, self.url(), &headers, body).unwrap()
    }

    /// Sends one word through the API.
    pub fn word(&self, word: &str) {
        let answer = self.ask("POST", Some(&self.key), &json!({ "data": word }).to_string());
        assert_eq!(
            (answer.status, answer.json()["message"].as_str().unwrap()),
            (200, format!("Succeeded: {word}").as_str())
        );
    }

    pub fn client(&self, program: &str, arguments: &[&str]) -> Output {
        let data = root().join("functions/distributed/mydata.txt");
        Command::new(binaries().join(program))
            .args(arguments)
            .arg(data)
            .env("API_ENDPOINT", self.url())
            .env("API_KEY", &self.key)
            .output()
            .unwrap()
    }

    /// Counts the function's log lines that begin like this.
    pub fn count(&self, function: &str, start: &str) -> usize {
        let lines = self.lines.lock().unwrap();
        lines
            .iter()
            .filter(|(group, line)| group.contains(&format!("-{function}")) && line.starts_with(start))
            .count()
    }

    /// Waits until a function has ended this many invocations, and says that there were no more.
    pub fn ended(&self, function: &str, times: usize) {
        eventually(&format!("{function} ran {times} times"), LIMIT, || {
            let ended = self.count(function, "REPORT ");
            if ended == times { Ok(()) } else { Err(ended) }
        });
    }

    pub fn items(&self) -> Vec<Value> {
        let mut items = Vec::new();
        let mut input = json!({ "TableName": self.outputs["TableName"] });
        loop {
            let page = self.call("dynamodb", "Scan", input.clone());
            items.extend(page["Items"].as_array().unwrap().iter().cloned());
            if page["LastEvaluatedKey"].is_null() {
                return items;
            }
            input["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
        }
    }

    pub fn stored(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} items"), LIMIT, || {
            let items = self.items();
            if items.len() == count { Ok(items) } else { Err(items.len()) }
        })
    }

    /// Visible and invisible messages of both queues.
    pub fn messages(&self) -> Vec<String> {
        let counts = |name: &str| {
            let input = json!({ "QueueUrl": self.outputs[name], "AttributeNames": ["All"] });
            let answer = self.call("sqs", "GetQueueAttributes", input)["Attributes"].clone();
            ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
                .map(|name| answer[name].as_str().unwrap().to_owned())
        };
        ["QueueUrl", "DeadQueueUrl"].into_iter().flat_map(counts).collect()
    }

    pub fn queues_are_empty(&self) {
        eventually("the queues are empty", LIMIT, || {
            let counts = self.messages();
            if counts == ["0"; 4] { Ok(()) } else { Err(counts) }
        });
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub fn fail(&self, operation: &str, times: usize) {
        let error = ApiError::client("ResourceNotFoundException", "Requested resource not found");
        self.cloud.faults().arm(operation, times, error);
    }

    pub fn subjects(&self) -> Vec<String> {
        self.mails.lock().unwrap().iter().map(|mail| mail.subject.clone()).collect()
    }

    pub fn mailed(&self, count: usize) -> String {
        eventually(&format!("{count} mails"), LIMIT, || {
            let subjects = self.subjects();
            if subjects.len() == count { Ok(()) } else { Err(subjects) }
        });
        let mails = self.mails.lock().unwrap();
        fs::read_to_string(mails[count - 1].file.as_ref().unwrap()).unwrap()
    }

    /// The name of the function whose logical id has this prefix.
    pub fn function(&self, start: &str) -> String {
        let listed = self.call("lambda", "ListFunctions", json!({}));
        let mut names =
            listed["Functions"].as_array().unwrap().iter().map(|one| one["FunctionName"].as_str().unwrap());
        names.find(|name| name.contains(&format!("-{start}"))).unwrap().to_owned()
    }

    /// Sets how long each word takes from now on, besides its transformation.
    pub fn delay(&self, function: &str, ms: u64) {
        let name = self.function(function);
        let shown = self.call("lambda", "GetFunctionConfiguration", json!({ "FunctionName": name }));
        let mut variables = shown["Environment"]["Variables"].clone();
        variables["DELAY_MS"] = ms.to_string().into();
        let input = json!({ "FunctionName": name, "Environment": { "Variables": variables } });
        self.call("lambda", "UpdateFunctionConfiguration", input);
    }

    /// The folder that a function runs from.
    pub fn place(&self, function: &str) -> PathBuf {
        self.folder.path().join("dist").join(function)
    }

    /// A variant of a function's binary, with one text replaced by another of the same length.
    pub fn another(&self, function: &str, from: &str, to: &str) -> PathBuf {
        assert_eq!(from.len(), to.len());
        let mut code = fs::read(binaries().join(function)).unwrap();
        let places: Vec<_> = code
            .windows(from.len())
            .enumerate()
            .filter(|(_, part)| *part == from.as_bytes())
            .map(|(at, _)| at)
            .collect();
        assert!(!places.is_empty(), "{function} does not contain {from}");
        for at in places {
            code[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
        let path = self.folder.path().join(format!("another-{function}"));
        fs::copy(binaries().join(function), &path).unwrap();
        fs::write(&path, code).unwrap();
        path
    }

    /// Swaps as devloop does: a copy beside the function's folder, one rename, and the activation.
    pub fn swap(&self, function: &str, code: &Path) {
        let staged = self.folder.path().join("staged");
        fs::copy(code, &staged).unwrap();
        fs::rename(staged, self.place(function).join("bootstrap")).unwrap();
        let outcomes = self.runtime.block_on(self.cloud.activate(&self.place(function)));
        assert!(!outcomes.is_empty() && outcomes.iter().all(Result::is_ok), "{function}: {outcomes:?}");
    }

    /// Makes the API accept this many requests at once, because the clock stands still and the limits do not refill.
    pub fn open_wide(&self, requests: usize) {
        let plans = self.call("apigateway", "GetUsagePlans", json!({}));
        let (plan, stage) = (&plans["item"][0], &plans["item"][0]["apiStages"][0]);
        let replace = |path: &str| json!({ "op": "replace", "path": path, "value": requests.to_string() });
        let patches = json!([replace("/throttle/burstLimit"), replace("/quota/limit")]);
        self.call(
            "apigateway",
            "UpdateUsagePlan",
            json!({ "usagePlanId": plan["id"], "patchOperations": patches }),
        );
        let patches = json!([replace("/*/*/throttling/burstLimit")]);
        let input =
            json!({ "restApiId": stage["apiId"], "stageName": stage["stage"], "patchOperations": patches });
        self.call("apigateway", "UpdateStage", input);
    }

    /// The environments of a function, as the status page counts them.
    pub fn environments(&self, function: &str) -> Value {
        let status =
            send("GET", &format!("{}/_devloop/status", self.cloud.endpoint()), &[], "").unwrap().json();
        let mut functions = status["functions"].as_array().unwrap().iter();
        let own = functions.find(|one| one["name"].as_str().unwrap().contains(&format!("-{function}")));
        own.unwrap()["environments"].clone()
    }

    /// Lets the clock go on until so many environments of the function work at once; how many ms that took. Whoever waits for an
    /// environment is patient for a while, in the cloud's time, before one more is started: only then does time pass.
    pub fn grow(&self, function: &str, wanted: u64) -> u64 {
        const STEP_MS: u64 = 10;
        // Far below what the function's time-out allows to those that came first.
        const MOST_MS: u64 = 2_000;
        let mut passed = 0;
        eventually(&format!("{wanted} environments of {function} work at once"), LIMIT, || {
            let seen = self.environments(function);
            if seen["busy"] == wanted {
                return Ok(passed);
            }
            if seen["starting"] == 0 && seen["waiting"] != 0 && passed < MOST_MS {
                self.clock.advance(Duration::from_millis(STEP_MS));
                passed += STEP_MS;
            }
            Err((seen, passed))
        })
    }

    /// The mapping of `process`.
    pub fn mapping(&self) -> String {
        self.mapping_of("Process")
    }

    /// The mapping of the function whose logical id has this prefix.
    pub fn mapping_of(&self, function: &str) -> String {
        let all = self.call("lambda", "ListEventSourceMappings", json!({}));
        let own = all["EventSourceMappings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|mapping| mapping["FunctionArn"].as_str().unwrap().contains(&format!("-{function}")));
        own.unwrap()["UUID"].as_str().unwrap().to_owned()
    }
}
