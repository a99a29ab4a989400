//! The whole wildrydes system: its committed template in the test's own cloud whose minutes pass in seconds, its real functions and
//! its clients. W8, W18, and what must hold when functions are replaced or killed while they work.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use devloop_cloud::{Clock, Cloud, Options, Template};
use serde_json::{Value, json};
use support::{LIMIT, built, eventually, kill, pause, processes_in, root};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const FUNCTIONS: [&str; 2] = ["processor", "aggregator"];

const CLIENTS: [&str; 2] = ["producer", "consumer"];

/// How much faster the cloud's time passes than real time: a window of a minute takes a second.
const FASTER: f64 = 60.0;

/// How many records are put at once: a full batch of the processor, which would wait longer for a smaller one.
const BATCH: usize = 20;

/// The folder of the functions' and clients' binaries, built once.
fn binaries() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built(&[FUNCTIONS, CLIENTS].concat()))
}

/// A cloud with the stack.
struct World {
    cloud: Cloud,
    runtime: Runtime,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for function in FUNCTIONS {
            let place = folder.path().join("dist").join(function);
            fs::create_dir_all(&place).unwrap();
            fs::copy(binaries().join(function), place.join("bootstrap")).unwrap();
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let cloud = Cloud::new(Options { clock: Clock::scaled(FASTER), ..Options::default() });
        let text = fs::read_to_string(root().join("stack/templates/wildrydes.template.json")).unwrap();
        let text = text.replace("\"/dist/", &format!("\"{}/dist/", folder.path().display()));
        let template = Template::parse(&text).unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            cloud.listens_on(listener.local_addr().unwrap());
            tokio::spawn({
                let cloud = cloud.clone();
                async move { cloud.serve(listener, std::future::pending::<()>()).await }
            });
            cloud.apply("wildrydes", &template, &BTreeMap::new()).await.unwrap();
        });
        Self { cloud, runtime, folder }
    }

    fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let cx = self.cloud.context("us-east-1");
        self.runtime.block_on(self.cloud.call(&cx, service, operation, input)).unwrap()
    }

    /// The command of a client with its arguments.
    fn client(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(binaries().join(program));
        let endpoint = self.cloud.endpoint();
        command.args(arguments).args(["-endpoint", &endpoint]).stdout(Stdio::piped());
        command
    }

    /// Every item of a table.
    fn items(&self, table: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut input = json!({ "TableName": table });
        loop {
            let page = self.call("dynamodb", "Scan", input.clone());
            items.extend(page["Items"].as_array().unwrap().clone());
            match page.get("LastEvaluatedKey") {
                Some(key) => input["ExclusiveStartKey"] = key.clone(),
                None => return items,
            }
        }
    }

    fn stored(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} readings are stored"), LIMIT, || {
            let items = self.items("UnicornSensorData");
            if items.len() == count { Ok(items) } else { Err(items.len()) }
        })
    }

    /// The total distance of all windows.
    fn summed(&self) -> u64 {
        let sums = self.items("UnicornAggregation");
        sums.iter()
            .filter_map(|item| item["distance"]["N"].as_str())
            .map(|metres| metres.parse::<u64>().unwrap())
            .sum()
    }

    /// How many messages wait in the queue.
    fn failures(&self) -> String {
        let queue = self.call("sqs", "GetQueueUrl", json!({ "QueueName": "wildrydes-queue" }));
        let input =
            json!({ "QueueUrl": queue["QueueUrl"], "AttributeNames": ["ApproximateNumberOfMessages"] });
        let answer = self.call("sqs", "GetQueueAttributes", input);
        answer["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().to_owned()
    }

    /// Puts readings of one metre each, numbered from `from` on, of five unicorns.
    fn put(&self, from: usize) {
        let record = |number: usize| {
            let name = format!("Unicorn {}", number % 5);
            let reading = json!({
                "Name": name, "StatusTime": format!("{number:08}"), "Distance": 1.0, "InputData": "Unicorn",
            });
            json!({ "PartitionKey": name, "Data": BASE64_STANDARD.encode(reading.to_string()) })
        };
        let records: Vec<Value> = (from..from + BATCH).map(record).collect();
        let answer =
            self.call("kinesis", "PutRecords", json!({ "StreamName": "wildrydes", "Records": records }));
        assert_eq!(answer["FailedRecordCount"], 0);
    }

    /// Checks that everything that was put is stored and summed exactly once, and nothing is in the queue.
    fn is_complete(&self, put: usize) {
        self.stored(put);
        eventually("every window is closed", LIMIT, || match self.summed() {
            summed if summed == put as u64 => Ok(()),
            summed => Err(format!("{summed} of {put} metres")),
        });
        assert_eq!(self.failures(), "0");
    }

    /// Puts readings, batch after batch, as long as `work` takes; returns their number. The next batch follows when the previous
    /// one is stored, so that the stream is busy but its backlog does not grow.
    fn under_load(self: &Arc<Self>, work: impl FnOnce()) -> usize {
        let done = Arc::new(AtomicBool::new(false));
        let feeder = std::thread::spawn({
            let (world, done) = (Arc::clone(self), Arc::clone(&done));
            move || {
                let mut count = 0;
                while !done.load(Ordering::Relaxed) {
                    world.put(count);
                    count += BATCH;
                    let last = json!({ "Name": { "S": format!("Unicorn {}", (count - 1) % 5) },
                        "StatusTime": { "S": format!("{:08}", count - 1) } });
                    let input = json!({ "TableName": "UnicornSensorData", "Key": last });
                    eventually("the batch is stored", LIMIT, || {
                        let is_stored =
                            world.call("dynamodb", "GetItem", input.clone()).get("Item").is_some();
                        if is_stored || done.load(Ordering::Relaxed) { Ok(()) } else { Err(count) }
                    });
                }
                count
            }
        });
        work();
        done.store(true, Ordering::Relaxed);
        feeder.join().unwrap()
    }
}

/// A program whose output is read while it runs; it is killed when this is dropped.
struct Running {
    child: Child,
    documents: mpsc::Receiver<Value>,
    seen: Vec<Value>,
}

impl Running {
    /// Starts a consumer and reads its documents: each begins with a line `{` and ends with a line `}`.
    fn consumer(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (send, documents) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut document = String::new();
            for line in output.lines().map_while(Result::ok) {
                let indent = line.len() - line.trim_start().len();
                assert!(indent == 0 || indent == 4, "indented by four: {line}");
                document.push_str(&line);
                if line == "}" && send.send(serde_json::from_str(&document).unwrap()).is_err() {
                    return;
                }
                if line == "}" {
                    document.clear();
                }
            }
        });
        Self { child, documents, seen: Vec::new() }
    }

    /// Waits until the reading `last` is shown. Returns the inputs of all shown readings.
    fn until(&mut self, last: &str) -> Vec<String> {
        let inputs = |seen: &[Value]| -> Vec<String> {
            seen.iter().map(|reading| reading["InputData"].as_str().unwrap().to_owned()).collect()
        };
        while !self.seen.iter().any(|reading| reading["InputData"] == last) {
            let next = self.documents.recv_timeout(LIMIT);
            self.seen
                .push(next.unwrap_or_else(|_| panic!("{last} is not shown; seen {:?}", inputs(&self.seen))));
        }
        inputs(&self.seen)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The program may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn w8_four_of_twenty_readings_are_poison_and_each_can_be_looked_up() {
    let world = World::new();
    let sent =
        world.client("producer", &["-msgs", "20", "-error", "yes", "-interval", "5ms"]).output().unwrap();
    // W18: a dot for every reading, and a clean end.
    assert_eq!(
        (String::from_utf8(sent.stdout).unwrap().as_str(), sent.status.code()),
        ("....................\n", Some(0))
    );
    let items = world.stored(16);
    assert!(items.iter().all(|item| item["InputData"]["S"] == "Unicorn"), "{items:?}");
    eventually("four messages", LIMIT, || match world.failures() {
        count if count == "4" => Ok(()),
        count => Err(count),
    });
    let shown = Command::new(env!("CARGO_BIN_EXE_devloop"))
        .args(["records", "wildrydes-queue", "--endpoint", &world.cloud.endpoint()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&shown.stdout);
    let poison = text.lines().filter(|line| line.contains("\"InputData\":\"Unicornerror\"")).count();
    assert_eq!(
        (poison, shown.status.code()),
        (4, Some(0)),
        "{text}{}",
        String::from_utf8_lossy(&shown.stderr)
    );
}

#[test]
fn w18_the_consumer_shows_every_reading_once_through_a_split_and_a_merge() {
    let world = World::new();
    let mut consumer = Running::consumer(world.client("consumer", &["-stream", "wildrydes"]));
    let put = |input: &str, hash: u128| {
        let reading = json!({ "Name": "Shadowfax", "InputData": input }).to_string();
        let put = json!({
            "StreamName": "wildrydes", "PartitionKey": "Shadowfax", "ExplicitHashKey": hash.to_string(),
            "Data": BASE64_STANDARD.encode(reading),
        });
        world.call("kinesis", "PutRecord", put);
    };
    // The consumer does not report when it begins to read, and does not show earlier records.
    eventually("the consumer reads", LIMIT, || {
        put("early", 0);
        consumer.seen.extend(consumer.documents.try_recv());
        if consumer.seen.is_empty() { Err(()) } else { Ok(()) }
    });
    put("first", 0);
    consumer.until("first");
    let (low, high) = (1_u128 << 120, u128::MAX - 1);
    let half = (1_u128 << 127).to_string();
    let split = json!({
        "StreamName": "wildrydes", "ShardToSplit": "shardId-000000000000", "NewStartingHashKey": half,
    });
    world.call("kinesis", "SplitShard", split);
    put("low", low);
    put("high", high);
    consumer.until("low");
    consumer.until("high");
    let (shard, next) = ("shardId-000000000001", "shardId-000000000002");
    let merge = json!({ "StreamName": "wildrydes", "ShardToMerge": shard, "AdjacentShardToMerge": next });
    world.call("kinesis", "MergeShards", merge);
    put("merged low", low);
    put("merged high", high);
    let shown = consumer.until("merged high");
    let late: Vec<&String> = shown.iter().filter(|input| *input != "early").collect();
    let once: BTreeSet<_> = late.iter().collect();
    assert_eq!((late.len(), once.len()), (5, 5), "{shown:?}");
}

#[test]
fn w18_a_missing_stream_is_an_error_that_names_it() {
    let world = World::new();
    for program in ["producer", "consumer"] {
        let ended = world.client(program, &["-stream", "other"]).stderr(Stdio::piped()).output().unwrap();
        let text = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{program}: {text}");
        assert!(text.contains("Stream other under account 000000000000 not found"), "{program}: {text}");
    }
}

#[test]
fn w18_without_an_endpoint_and_keys_the_error_says_what_to_do() {
    for program in ["producer", "consumer"] {
        let mut command = Command::new(binaries().join(program));
        let ended = command.env_clear().output().unwrap();
        let text = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{program}: {text}");
        assert!(
            text.contains("are not set") && text.contains("-endpoint http://127.0.0.1:4566"),
            "{program}: {text}"
        );
    }
}

/// How often something is done: more on CI.
fn times(short: usize, full: usize) -> usize {
    if std::env::var("CI").as_deref() == Ok("true") { full } else { short }
}

/// Swaps as devloop does: a copy beside the function's folder, and one rename.
fn swap(world: &World, function: &str, version: usize) {
    let mut binary = fs::read(binaries().join(function)).unwrap();
    // Bytes after the end of an ELF file make a different file of the same program.
    binary.extend_from_slice(format!("version {version}").as_bytes());
    let staged = world.folder.path().join("staged");
    fs::write(&staged, binary).unwrap();
    fs::set_permissions(&staged, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let folder = world.folder.path().join("dist").join(function);
    fs::rename(staged, folder.join("bootstrap")).unwrap();
    let outcomes = world.runtime.block_on(world.cloud.activate(&folder));
    assert!(
        outcomes.len() == 1 && outcomes.iter().all(Result::is_ok),
        "{version} of {function}: {outcomes:?}"
    );
}

#[test]
fn swaps_of_both_functions_lose_nothing_and_count_no_window_twice() {
    let swaps = times(15, 100);
    let world = Arc::new(World::new());
    let put = world.under_load(|| {
        for number in 0..swaps {
            for function in FUNCTIONS {
                swap(&world, function, number);
            }
        }
    });
    assert!(put > BATCH, "there was load: {put}");
    world.is_complete(put);
}

#[test]
fn kills_five_times_a_second_lose_nothing_and_count_no_window_twice() {
    const EVERY: Duration = Duration::from_millis(200);
    let kills = times(20, 100);
    let world = Arc::new(World::new());
    // Many tries, because otherwise three kills in a row would give a batch up, as on AWS.
    let all = world.call("lambda", "ListEventSourceMappings", json!({}));
    for mapping in all["EventSourceMappings"].as_array().unwrap() {
        let endless = json!({ "UUID": mapping["UUID"], "MaximumRetryAttempts": -1 });
        world.call("lambda", "UpdateEventSourceMapping", endless);
    }
    let mut killed = 0;
    let put = world.under_load(|| {
        for _ in 0..kills {
            let next = Instant::now() + EVERY;
            for process in processes_in(&world.folder.path().join("dist")) {
                kill(process);
                killed += 1;
            }
            pause(next.saturating_duration_since(Instant::now()));
        }
    });
    assert!(killed >= kills / 2 && put > BATCH, "{killed} processes killed under {put} readings");
    world.is_complete(put);
}
