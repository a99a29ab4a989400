//! The five systems after an unmodified CDK has deployed them into the embedded cloud: their functions come as zips of real
//! binaries, a request goes through each system's chain, and every resource is what its service says of it.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use devloop_cloud::{ApiError, Clock, Cloud, Options};
use serde_json::{Value, json};
use support::{Answer, LIMIT, built, eventually, message, root, send};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const FUNCTIONS: [&str; 11] = [
    "upstream",
    "midstream",
    "downstream",
    "processor",
    "aggregator",
    "xml-process",
    "xml-upload",
    "distributed-data",
    "distributed-process",
    "distributed-dead",
    "distributed-single",
];

const STACKS: [&str; 5] =
    ["ServerlessDataProcessingPipelineStack", "wildrydes", "xml", "distributed", "single"];

/// A cloud whose clock the test drives, and the folder of everything that the CDK works with.
struct World {
    cloud: Cloud,
    clock: Clock,
    endpoint: String,
    runtime: Runtime,
    folder: TempDir,
}

impl World {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let binaries = built(&FUNCTIONS);
        for function in FUNCTIONS {
            let place = folder.path().join("dist").join(function);
            fs::create_dir_all(&place).unwrap();
            fs::copy(binaries.join(function), place.join("bootstrap")).unwrap();
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        // Ahead of the machine's clock, which functions compare their deadline with and the CDK the times of events.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        let clock = Clock::manual(now + 600_000);
        let cloud = Cloud::new(Options { clock: clock.clone(), ..Options::default() });
        let endpoint = runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            cloud.listens_on(address);
            let serving = cloud.clone();
            tokio::spawn(async move { serving.serve(listener, std::future::pending::<()>()).await });
            format!("http://{address}")
        });
        Self { cloud, clock, endpoint, runtime, folder }
    }

    /// A command with the settings of the cloud, and without those of the shell that runs the tests.
    fn client(&self, mut command: Command) -> Command {
        support::without_settings(&mut command);
        command
            .current_dir(self.folder.path())
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ENDPOINT_URL_S3", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1");
        command
    }

    /// The CDK's command line on the app of `stack/`, which is compiled beside the one that its own tests use.
    fn cdk(&self, app: &str, arguments: &[&str]) {
        let packages = packages();
        let mut command = self.client(test_tools::command("node"));
        command
            .arg(packages.join("aws-cdk/bin/cdk"))
            .args(arguments)
            .args(["--app", app, "--no-notices", "--no-color"])
            .env("NODE_PATH", &packages)
            // It would ask npm for newer versions, and tell AWS that it ran.
            .env("CDK_DISABLE_VERSION_CHECK", "1")
            .env("CDK_DISABLE_CLI_TELEMETRY", "true")
            .env("CDK_HOME", self.folder.path().join("home"))
            .env("SYSTEM", "all")
            .env("USE_LOCALSTACK", "true")
            .env("LAMBDA_DIST_PATH", self.folder.path().join("dist"));
        succeeds(command);
    }

    /// Bootstraps the cloud and deploys all stacks in one session of the CDK.
    fn deploy(&self) {
        let compiled = self.folder.path().join("app");
        let mut compiler = test_tools::command("node");
        compiler.arg(packages().join("typescript/bin/tsc")).arg("--outDir").arg(&compiled);
        compiler.current_dir(root().join("stack"));
        succeeds(compiler);
        let app = format!("node {}", compiled.join("bin/app.js").display());
        self.cdk(&app, &["bootstrap", "aws://000000000000/us-east-1"]);
        self.cdk(&app, &["deploy", "--all", "--require-approval", "never"]);
    }

    fn ask(&self, service: &str, operation: &str, input: Value) -> Result<Value, ApiError> {
        let cx = self.cloud.context("us-east-1");
        self.runtime.block_on(self.cloud.call(&cx, service, operation, input))
    }

    fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let answer = self.ask(service, operation, input);
        answer.unwrap_or_else(|error| panic!("{service}:{operation}: {error}"))
    }

    /// Lets a second of the cloud pass, unless a function works or is about to: its time limit is a few seconds of the cloud.
    fn a_second_passes(&self) {
        let status = self.runtime.block_on(self.cloud.status());
        let works = |function: &Value| {
            ["busy", "starting", "waiting"].iter().any(|state| function["environments"][*state] != 0)
        };
        if !status["functions"].as_array().unwrap().iter().any(works) {
            self.clock.advance(Duration::from_secs(1));
        }
    }

    /// A stack's outputs; it was made and nothing of it has failed.
    fn outputs(&self, stack: &str) -> BTreeMap<String, String> {
        let shown = self.call("cloudformation", "DescribeStacks", json!({ "StackName": stack }));
        let shown = &shown["Stacks"][0];
        assert_eq!(shown["StackStatus"], "CREATE_COMPLETE", "{shown}");
        let text = |output: &Value, member: &str| output[member].as_str().unwrap().to_owned();
        let outputs = shown["Outputs"].as_array().into_iter().flatten();
        outputs.map(|output| (text(output, "OutputKey"), text(output, "OutputValue"))).collect()
    }

    /// The only item of a table, once it is there.
    fn item(&self, table: &str) -> Value {
        eventually(&format!("an item is in {table}"), LIMIT, || {
            let items = self.call("dynamodb", "Scan", json!({ "TableName": table }))["Items"].clone();
            match items.as_array().map(Vec::as_slice) {
                Some([one]) => Ok(one.clone()),
                _ => Err(items),
            }
        })
    }

    /// Sends a word through one of the two APIs for words.
    fn word(&self, outputs: &BTreeMap<String, String>, word: &str) -> Answer {
        let asked = json!({ "apiKey": outputs["ApiKeyId"], "includeValue": true });
        let key = self.call("apigateway", "GetApiKey", asked)["value"].clone();
        let headers = [("Content-Type", "application/json"), ("x-api-key", key.as_str().unwrap())];
        send("POST", &outputs["ApiEndpoint"], &headers, json!({ "data": word }).to_string()).unwrap()
    }
}

fn packages() -> PathBuf {
    let folder = root().join("stack/node_modules");
    if !folder.join("aws-cdk").is_dir() {
        test_tools::not_run("the packages of stack/package-lock.json");
    }
    folder
}

/// The output of a command that must succeed.
fn succeeds(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}:\n{said}");
    said
}

/// One session of the CDK for all stacks: its start, and the zips of eleven functions, are what takes time, a minute and a half on two
/// busy cores.
#[test]
fn every_system_answers_after_the_cdk_has_deployed_it() {
    let world = World::start();
    world.deploy();

    let mut described = world.client(test_tools::python(&["boto3"]));
    described.arg(root().join("devloop/tests/support/described.py")).args(STACKS);
    succeeds(described);

    let pipeline = world.outputs(STACKS[0]);
    let url = &pipeline["ApiGatewayMethodEndpoint"];
    let answer =
        send("POST", url, &[("content-type", "application/json")], message("1").to_string()).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(world.item(&pipeline["DynamoDBTableName"])["id"]["S"], "1");
    eventually("downstream has measured the latency", LIMIT, || {
        let input = json!({ "Namespace": "ServerlessDataProcessingPipeline/Latencies" });
        let found = world.call("monitoring", "ListMetrics", input);
        if found["Metrics"][0]["MetricName"] == "Latency" { Ok(()) } else { Err(found) }
    });

    assert!(world.outputs("wildrydes").is_empty());
    let reading = json!({ "Name": "Shadowfax", "StatusTime": "t", "Distance": 5, "InputData": "x" });
    let record = json!({
        "StreamName": "wildrydes", "PartitionKey": "Shadowfax", "Data": BASE64_STANDARD.encode(reading.to_string()),
    });
    world.call("kinesis", "PutRecord", record);
    // The processor waits half a minute for a full batch, and the aggregator's window is a minute. Either can be the later one: how
    // long the processor waits is counted from the moment when it sees the reading.
    eventually("the reading is stored and summed", LIMIT, || {
        world.a_second_passes();
        let [stored, sums] = ["UnicornSensorData", "UnicornAggregation"]
            .map(|table| world.call("dynamodb", "Scan", json!({ "TableName": table }))["Items"].clone());
        let done = stored[0]["Name"]["S"] == "Shadowfax" && sums[0]["distance"]["N"] == "5";
        if done { Ok(()) } else { Err((stored, sums)) }
    });

    let xml = world.outputs("xml");
    let url = format!("{}upload?file=a.xml&bucket={}", xml["ApiEndpoint"], xml["XmlBucket"]);
    let answer = send("POST", &url, &[("content-type", "application/xml")], "<items/>").unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    let converted = eventually("the file is converted", LIMIT, || {
        world.ask("s3", "GetObject", json!({ "Bucket": xml["JsonBucket"], "Key": "uploads/a.json" }))
    });
    let text = BASE64_STANDARD.decode(converted["Body"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), json!({ "products": [] }));

    // The distributed system answers with the word, and its control with the id of the item that it has stored.
    for (stack, answered) in [("distributed", "data"), ("single", "id")] {
        let outputs = world.outputs(stack);
        let answer = world.word(&outputs, "word");
        assert_eq!(answer.status, 200, "{stack}: {answer:?}");
        let item = world.item(&outputs["TableName"]);
        assert_eq!(item["data"]["S"], "word", "{stack}");
        let expected = format!("Succeeded: {}", item[answered]["S"].as_str().unwrap());
        assert_eq!(answer.json()["message"], expected, "{stack}");
    }
}
