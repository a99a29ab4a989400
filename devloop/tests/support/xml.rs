//! The whole XML system: its committed template in the test's own cloud, its real functions, and a clock that the test drives.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use devloop_cloud::{Activation, ActivationError, ApiError, Clock, Cloud, Options, Template};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::{Answer, LIMIT, built, eventually, root, send};

const FUNCTIONS: [&str; 2] = ["xml-process", "xml-upload"];

/// The function that converts.
pub const PROCESS: &str = "data-transform-local-process";

/// The bucket for XML files, and the bucket of JSON files.
pub const XML: &str = "xml-data";
pub const JSON: &str = "json-data";

/// The folder of the functions' binaries, built once.
fn binaries() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built(&FUNCTIONS))
}

/// A file of the system's samples.
pub fn sample(name: &str) -> PathBuf {
    root().join("functions/xml/upload/data").join(name)
}

/// The expected JSON of a sample.
pub fn golden(name: &str) -> String {
    let path = root().join("functions/xml/model/tests/golden").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A cloud with the stack.
pub struct Xml {
    pub cloud: Cloud,
    pub clock: Clock,
    runtime: Runtime,
    outputs: BTreeMap<String, String>,
    /// Every line of every function, with its log group.
    lines: Arc<Mutex<Vec<(String, String)>>>,
    folder: TempDir,
}

impl Xml {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for function in FUNCTIONS {
            let place = folder.path().join("dist").join(function);
            fs::create_dir_all(&place).unwrap();
            fs::copy(binaries().join(function), place.join("bootstrap")).unwrap();
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        // Ahead of the machine's clock, with which functions compare their deadline, so that they only time out when the test wants
        // it. Signatures that clients make by the machine's clock stay valid for longer than that.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        let clock = Clock::manual(now + 600_000);
        let cloud = Cloud::new(Options { clock: clock.clone(), ..Options::default() });
        let lines = Arc::<Mutex<Vec<_>>>::default();
        let text = fs::read_to_string(root().join("stack/templates/xml.template.json"))
            .unwrap()
            .replace("\"/dist/", &format!("\"{}/dist/", folder.path().display()));
        let template = Template::parse(&text).unwrap();
        let outputs = runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            cloud.listens_on(listener.local_addr().unwrap());
            let mut log = cloud.follow_logs();
            tokio::spawn({
                let lines = Arc::clone(&lines);
                async move {
                    while let Ok(line) = log.recv().await {
                        lines.lock().unwrap().push((line.group.to_string(), line.message.to_string()));
                    }
                }
            });
            tokio::spawn({
                let cloud = cloud.clone();
                async move { cloud.serve(listener, std::future::pending::<()>()).await }
            });
            let outputs = cloud.apply("xml", &template, &BTreeMap::new()).await.unwrap();
            outputs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        });
        Self { cloud, clock, runtime, outputs, lines, folder }
    }

    /// The folder of a function's code.
    pub fn dist(&self, function: &str) -> PathBuf {
        self.folder.path().join("dist").join(function)
    }

    /// A folder of the test's own.
    pub fn scratch(&self) -> PathBuf {
        let scratch = self.folder.path().join("scratch");
        fs::create_dir_all(&scratch).unwrap();
        scratch
    }

    /// The API's address, with the stage and without a slash behind it.
    pub fn api(&self) -> &str {
        self.outputs["ApiEndpoint"].trim_end_matches('/')
    }

    /// Posts a file to the API.
    pub fn upload(&self, query: &str, kind: &str, body: impl AsRef<[u8]>) -> Answer {
        send("POST", &format!("{}/upload?{query}", self.api()), &[("Content-Type", kind)], body).unwrap()
    }

    /// Runs something that waits, such as a client of Rust's SDK.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// An operation of a service, with its error.
    pub fn ask(&self, service: &str, operation: &str, input: Value) -> Result<Value, ApiError> {
        let cx = self.cloud.context("us-east-1");
        self.runtime.block_on(self.cloud.call(&cx, service, operation, input))
    }

    /// An operation of a service.
    pub fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        self.ask(service, operation, input).unwrap_or_else(|error| panic!("{service}:{operation}: {error}"))
    }

    /// Makes an operation fail this many times, with an error that SDKs do not retry by themselves.
    pub fn fail(&self, operation: &str, times: usize) {
        self.cloud.faults().arm(operation, times, ApiError::with_status(403, "AccessDenied", "as asked"));
    }

    /// Puts some objects at the same time, by key and content, into the bucket of XML files.
    pub fn put_all(&self, objects: &[(String, String)]) {
        let cx = self.cloud.context("us-east-1");
        let puts = objects.iter().map(|(key, text)| {
            let input = json!({ "Bucket": XML, "Key": key, "Body": BASE64_STANDARD.encode(text) });
            self.cloud.call(&cx, "s3", "PutObject", input)
        });
        for put in self.runtime.block_on(futures_of(puts)) {
            put.unwrap();
        }
    }

    /// An object's text and its ETag, if it is there.
    pub fn object(&self, bucket: &str, key: &str) -> Option<(String, String)> {
        let answer = self.ask("s3", "GetObject", json!({ "Bucket": bucket, "Key": key })).ok()?;
        let bytes = BASE64_STANDARD.decode(answer["Body"].as_str().unwrap()).unwrap();
        let etag = answer["ETag"].as_str().unwrap().trim_matches('"').to_owned();
        Some((String::from_utf8(bytes).unwrap(), etag))
    }

    /// The text of an object of the bucket of JSON files, once it is there.
    pub fn json(&self, key: &str) -> String {
        eventually(&format!("{key} is in {JSON}"), LIMIT, || match self.object(JSON, key) {
            Some((text, _)) => Ok(text),
            None => Err(self.keys(JSON)),
        })
    }

    /// The keys of a bucket.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let url = format!("{}/{bucket}?list-type=2", self.cloud.endpoint());
        let page = send("GET", &url, &[SIGNED], "").unwrap().body;
        page.split("<Key>")
            .skip(1)
            .filter_map(|rest| rest.split("</Key>").next())
            .map(str::to_owned)
            .collect()
    }

    /// The change that an object was made from, in the metadata that `process` writes.
    pub fn source_of(&self, key: &str) -> (String, String) {
        let answer = send("HEAD", &format!("{}/{JSON}/{key}", self.cloud.endpoint()), &[SIGNED], "").unwrap();
        let metadata =
            |name: &str| answer.header(&format!("x-amz-meta-{name}")).unwrap_or_default().to_owned();
        (metadata("source-etag"), metadata("source-sequencer"))
    }

    /// How many log lines of `process` begin like this.
    pub fn count(&self, start: &str) -> usize {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|(group, line)| group.ends_with("-process") && line.starts_with(start)).count()
    }

    /// Waits until `process` has ended this many invocations, and says that there were no more.
    pub fn ended(&self, times: usize) {
        eventually(&format!("process ran {times} times"), LIMIT, || {
            let ended = self.count("REPORT ");
            if ended == times { Ok(()) } else { Err(ended) }
        });
    }

    /// Moves the clock forward once all events only wait for time to pass.
    pub fn pass(&self, seconds: u64) {
        eventually("an event waits for its next try", LIMIT, || match self.rest() {
            Some(waiting) if waiting > 0 => Ok(()),
            other => Err(other),
        });
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Moves the clock forward by a little, so that calls that wait for a busy environment get another one.
    pub fn tick(&self) {
        self.clock.advance(Duration::from_millis(10));
    }

    /// How many events wait for their next try; `None` while one is being tried or is due.
    pub fn rest(&self) -> Option<u64> {
        let status = self.runtime.block_on(self.cloud.status());
        let functions = status["functions"].as_array().unwrap();
        let process = functions.iter().find(|function| function["name"] == PROCESS).unwrap();
        let events = &process["asynchronous"];
        let due = events["next_try_ms"].as_i64().is_some_and(|due_ms| due_ms <= self.clock.now_ms());
        let is_busy = due || events["being_tried"].as_u64().is_some_and(|tried| tried > 0);
        (!is_busy).then(|| events["waiting"].as_u64().unwrap_or(0))
    }

    /// Activates the code in a function's folder.
    pub fn activate(&self, function: &str) -> Vec<Result<Activation, ActivationError>> {
        self.runtime.block_on(self.cloud.activate(&self.dist(function)))
    }

    /// Takes the records of failures out of their queue.
    pub fn failures(&self) -> Vec<Value> {
        let url = format!("{}/000000000000/data-transform-failures", self.cloud.endpoint());
        let mut found = Vec::new();
        loop {
            let answer =
                self.call("sqs", "ReceiveMessage", json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 }));
            let Some(messages) = answer["Messages"].as_array().filter(|some| !some.is_empty()) else {
                return found;
            };
            found.extend(
                messages.iter().map(|one| serde_json::from_str(one["Body"].as_str().unwrap()).unwrap()),
            );
        }
    }

    /// The only record of a failure, once it is there.
    pub fn failure(&self) -> Value {
        eventually("a record of a failure", LIMIT, || match self.failures().as_slice() {
            [record] => Ok(record.clone()),
            other => Err(other.to_vec()),
        })
    }

    /// Invokes `process` and reads its answer.
    pub fn process(&self, event: &Value) -> Value {
        let url = format!("{}/2015-03-31/functions/{PROCESS}/invocations", self.cloud.endpoint());
        let answer = send("POST", &url, &[], event.to_string()).unwrap();
        assert_eq!(answer.header("x-amz-function-error"), None, "{answer:?}");
        answer.json()
    }

    /// A command with the variables of AWS's clients, and with the tests' tools on its PATH.
    pub fn client(&self, mut program: Command) -> Command {
        program
            .env("AWS_ENDPOINT_URL", &*self.cloud.endpoint())
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .envs([("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_DEFAULT_OUTPUT", "json")])
            .current_dir(root());
        program
    }

    /// Runs a client, which must succeed, and returns its output.
    pub fn run(&self, program: Command, arguments: &[&str]) -> String {
        let output = self.client(program).args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// A header like a client's signature for S3; the cloud does not check it.
pub const SIGNED: (&str, &str) =
    ("Authorization", "AWS4-HMAC-SHA256 Credential=test/20231114/us-east-1/s3/aws4_request");

/// Runs all futures at the same time.
async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        let mut all = true;
        for (future, output) in &mut running {
            if output.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => all = false,
                }
            }
        }
        if all { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

/// An S3 event of one record, as the bucket of XML files sends it.
pub fn event(key: &str, sequencer: &str) -> Value {
    json!({ "Records": [{
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": { "bucket": { "name": XML }, "object": { "key": key, "sequencer": sequencer } },
    }] })
}
