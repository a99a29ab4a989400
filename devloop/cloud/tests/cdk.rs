//! The unmodified CDK command line deploys to the cloud: a new stack, a changed one, and one that fails.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use devloop_cloud::Options;
use serde_json::{Value, json};
use support::{FunctionFolder, TestCloud};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

/// How long a deployment by a command line that runs beside the test may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The settings of the CDK app, and the folder in which the command line keeps its own files.
struct App {
    /// The app's file among the fixtures.
    file: &'static str,
    endpoint: String,
    home: tempfile::TempDir,
    code: FunctionFolder,
    settings: Vec<(&'static str, String)>,
}

/// The result of one run of the command line.
struct Run {
    succeeded: bool,
    said: String,
}

fn packages() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stack/node_modules");
    if !folder.join("aws-cdk").is_dir() {
        test_tools::not_run("the packages of stack/package-lock.json");
    }
    folder
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cdk")
}

impl App {
    fn new(cloud: &TestCloud) -> Self {
        let code = FunctionFolder::new("one");
        let settings = vec![("CODE", code.path().display().to_string())];
        let endpoint = format!("http://{}", cloud.address);
        Self { file: "app.js", endpoint, home: tempfile::tempdir().unwrap(), code, settings }
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    async fn cdk(&self, arguments: &[&str]) -> Run {
        self.run("aws-cdk/bin/cdk", arguments).await
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> Run {
        let output = self.command(program, arguments).output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        Run { succeeded: output.status.success(), said: String::from_utf8_lossy(&said).into_owned() }
    }

    /// The command that runs a program of the packages on the app.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let packages = packages();
        let app = fixtures().join(self.file);
        let mut command = Command::from(test_tools::command("node"));
        command
            .arg(packages.join(program))
            .args(arguments)
            .arg("--app")
            .arg(format!("node {}", app.display()))
            .args(["--no-notices", "--no-color"])
            .current_dir(self.home.path())
            .env("NODE_PATH", &packages)
            // Without these, it would ask npm for newer versions and send AWS telemetry.
            .env("CDK_DISABLE_VERSION_CHECK", "1")
            .env("CDK_DISABLE_CLI_TELEMETRY", "true")
            .env("CDK_HOME", self.home.path())
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ENDPOINT_URL_S3", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .envs(self.settings.iter().map(|(name, value)| (*name, value.as_str())))
            .kill_on_drop(true);
        command
    }

    /// A run that must succeed; returns its output.
    async fn done(&self, arguments: &[&str]) -> String {
        let run = self.cdk(arguments).await;
        assert!(run.succeeded, "cdk {}:\n{}", arguments.join(" "), run.said);
        run.said
    }

    async fn deploy(&self, more: &[&str]) -> String {
        self.done(&[&["deploy", "--require-approval", "never"], more].concat()).await
    }
}

async fn call(cloud: &TestCloud, service: &str, operation: &str, input: Value) -> Value {
    cloud.cloud.call(&cloud.cloud.context("us-east-1"), service, operation, input).await.unwrap()
}

/// The stack's state, and its outputs by name.
async fn stack(cloud: &TestCloud) -> (String, Value) {
    let shown = call(cloud, "cloudformation", "DescribeStacks", json!({ "StackName": "app" })).await;
    let stack = &shown["Stacks"][0];
    let outputs = stack["Outputs"].as_array().unwrap().iter();
    let outputs = outputs
        .map(|output| (output["OutputKey"].as_str().unwrap().to_owned(), output["OutputValue"].clone()));
    (stack["StackStatus"].as_str().unwrap().to_owned(), outputs.collect::<serde_json::Map<_, _>>().into())
}

#[tokio::test]
async fn a_stack_is_deployed_changed_rolled_back_and_destroyed() {
    let cloud = TestCloud::start().await;
    let mut app = App::new(&cloud);
    app.set("DELAY", "1");
    app.set("KEY", "id");

    let bootstrap = ["bootstrap", "aws://000000000000/us-east-1"];
    app.done(&bootstrap).await;
    assert!(app.done(&bootstrap).await.contains("(no changes)"));

    app.deploy(&[]).await;
    assert_eq!(cloud.invoke("worker", json!({})).await.json()["version"], "one");
    let (status, first) = stack(&cloud).await;
    assert_eq!((status.as_str(), &first["Told"]), ("CREATE_COMPLETE", &json!("delay 1")));
    let groups =
        call(&cloud, "logs", "DescribeLogGroups", json!({ "logGroupNamePrefix": "/aws/lambda/worker" }))
            .await;
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 7);
    let variables =
        call(&cloud, "lambda", "GetFunctionConfiguration", json!({ "FunctionName": "worker" })).await;
    assert_eq!(variables["Environment"]["Variables"]["TABLE"], first["TableName"]);
    assert!(app.deploy(&[]).await.contains("(no changes)"));

    app.set("DELAY", "2");
    app.code.swap("two");
    let difference = app.done(&["diff"]).await;
    assert!(difference.contains("DelaySeconds"), "{difference}");
    app.deploy(&[]).await;
    assert_eq!(cloud.invoke("worker", json!({})).await.json()["version"], "two");
    let attributes = json!({ "QueueUrl": first["QueueUrl"], "AttributeNames": ["DelaySeconds"] });
    let shown = call(&cloud, "sqs", "GetQueueAttributes", attributes).await;
    assert_eq!(shown["Attributes"], json!({ "DelaySeconds": "2" }));
    assert_eq!(stack(&cloud).await.1["Told"], "delay 2");

    app.code.swap("three");
    app.deploy(&["--hotswap"]).await;
    assert_eq!(cloud.invoke("worker", json!({})).await.json()["version"], "three");

    // A table with another key must be replaced.
    app.set("KEY", "name");
    app.deploy(&["--method=direct"]).await;
    let (status, second) = stack(&cloud).await;
    assert_eq!(status, "UPDATE_COMPLETE");
    assert_ne!(second["TableName"], first["TableName"]);
    let tables = call(&cloud, "dynamodb", "ListTables", json!({})).await;
    assert_eq!(tables["TableNames"], json!([second["TableName"]]));

    call(&cloud, "ssm", "PutParameter", json!({ "Name": "taken", "Value": "x", "Type": "String" })).await;
    app.set("TAKEN", "taken");
    app.set("KEY", "third");
    let failed = app.cdk(&["deploy", "--require-approval", "never"]).await;
    assert!(!failed.succeeded && failed.said.contains("ParameterAlreadyExists"), "{}", failed.said);
    assert_eq!(stack(&cloud).await, ("UPDATE_ROLLBACK_COMPLETE".to_owned(), second));
    assert_eq!(call(&cloud, "dynamodb", "ListTables", json!({})).await, tables);

    let file = json!({ "Bucket": first["FilesName"], "Key": "k", "Body": "eA==" });
    call(&cloud, "s3", "PutObject", file).await;
    app.done(&["destroy", "--force"]).await;
    let cx = cloud.cloud.context("us-east-1");
    let bucket = json!({ "Bucket": first["FilesName"] });
    assert_eq!(cloud.cloud.call(&cx, "s3", "HeadBucket", bucket).await.unwrap_err().status, 404);
    assert_eq!(call(&cloud, "dynamodb", "ListTables", json!({})).await["TableNames"], json!([]));
    assert_eq!(call(&cloud, "sqs", "ListQueues", json!({})).await.get("QueueUrls"), None);
    let functions = call(&cloud, "lambda", "ListFunctions", json!({})).await;
    assert_eq!(functions["Functions"], json!([]));
    cloud.stop().await;
}

/// A command line that goes on running, and what it says; it is killed when this is dropped.
struct Running {
    _child: Child,
    lines: UnboundedReceiver<String>,
    seen: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = unbounded_channel();
        let outputs: [Box<dyn AsyncRead + Send + Unpin>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let (mut read, sender) = (BufReader::new(output).lines(), sender.clone());
            tokio::spawn(async move {
                while let Ok(Some(line)) = read.next_line().await {
                    let _ = sender.send(line);
                }
            });
        }
        Self { _child: child, lines, seen: String::new() }
    }

    /// Waits for the next line with this text.
    async fn says(&mut self, text: &str) {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.recv()).await;
            let Ok(Some(line)) = line else { panic!("no `{text}`:\n{}", self.seen) };
            self.seen.extend([line.as_str(), "\n"]);
            if line.contains(text) {
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_changed_function_is_live_while_the_command_line_watches() {
    let cloud = TestCloud::start().await;
    let mut app = App::new(&cloud);
    app.set("DELAY", "1");
    app.set("KEY", "id");
    app.done(&["bootstrap", "aws://000000000000/us-east-1"]).await;
    app.deploy(&[]).await;
    let watched = app.home.path().join("watched");
    std::fs::write(&watched, "1").unwrap();
    let settings = json!({ "watch": { "include": ["watched"] } });
    std::fs::write(app.home.path().join("cdk.json"), settings.to_string()).unwrap();

    app.code.swap("two");
    let mut watching = Running::start(app.command("aws-cdk/bin/cdk", &["watch"]));
    watching.says("Total time").await;
    assert_eq!(cloud.invoke("worker", json!({})).await.json()["version"], "two");
    app.code.swap("three");
    std::fs::write(&watched, "2").unwrap();
    watching.says("Total time").await;
    assert_eq!(cloud.invoke("worker", json!({})).await.json()["version"], "three");
    assert_eq!(stack(&cloud).await.0, "CREATE_COMPLETE", "only the code was exchanged");
    cloud.stop().await;
}

#[tokio::test]
async fn cdklocal_bootstraps_deploys_and_destroys() {
    const CDKLOCAL: &str = "aws-cdk-local/bin/cdklocal";
    let cloud = TestCloud::start().await;
    let mut app = App::new(&cloud);
    app.set("DELAY", "1");
    app.set("KEY", "id");
    for arguments in [
        &["bootstrap", "aws://000000000000/us-east-1"][..],
        &["deploy", "--require-approval", "never"],
        &["destroy", "--force"],
    ] {
        let run = app.run(CDKLOCAL, arguments).await;
        assert!(run.succeeded, "cdklocal {arguments:?}:\n{}", run.said);
        if arguments[0] == "deploy" {
            assert_eq!(cloud.invoke("worker", json!({})).await.json()["version"], "one");
            assert_eq!(stack(&cloud).await.0, "CREATE_COMPLETE");
        }
    }
    let functions = call(&cloud, "lambda", "ListFunctions", json!({})).await;
    assert_eq!(functions["Functions"], json!([]));
    cloud.stop().await;
}

/// A cloud whose functions on Node.js find the AWS SDK from `packages`, and the app of custom resources, bootstrapped.
async fn custom(packages: PathBuf) -> (TestCloud, App) {
    let cloud = TestCloud::with(Options { node_packages: vec![packages], ..Options::default() }).await;
    let app = App { file: "custom.js", ..App::new(&cloud) };
    app.done(&["bootstrap", "aws://000000000000/us-east-1"]).await;
    (cloud, app)
}

#[tokio::test]
async fn resources_of_the_provider_framework_and_of_calls_are_made_changed_and_deleted() {
    if !fixtures().join("node_modules/@aws-sdk/client-lambda").is_dir() {
        test_tools::not_run("the packages of devloop/cloud/tests/fixtures/cdk/package-lock.json");
    }
    let (cloud, mut app) = custom(fixtures()).await;
    let value = async || {
        let cx = cloud.cloud.context("us-east-1");
        let found = cloud.cloud.call(&cx, "ssm", "GetParameter", json!({ "Name": "set" })).await;
        found.map(|found| found["Parameter"]["Value"].clone()).map_err(|error| error.to_string())
    };
    app.set("KINDS", "provider,call");
    app.set("VALUE", "one");
    app.deploy(&[]).await;
    assert_eq!(stack(&cloud).await.1, json!({ "Told": "Create one", "Version": "1" }));
    assert_eq!(value().await, Ok(json!("one")));

    app.set("VALUE", "two");
    app.deploy(&[]).await;
    let (status, outputs) = stack(&cloud).await;
    assert_eq!(
        (status.as_str(), &outputs),
        ("UPDATE_COMPLETE", &json!({ "Told": "Update two", "Version": "2" }))
    );
    assert_eq!(value().await, Ok(json!("two")));

    app.set("VALUE", "bad");
    let failed = app.cdk(&["deploy", "--require-approval", "never"]).await;
    assert!(!failed.succeeded && failed.said.contains("this value is not taken"), "{}", failed.said);
    assert_eq!(stack(&cloud).await.0, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(value().await, Ok(json!("two")));

    app.set("VALUE", "two");
    app.done(&["destroy", "--force"]).await;
    let gone = value().await.unwrap_err();
    assert!(gone.contains("ParameterNotFound"), "{gone}");
    let functions = call(&cloud, "lambda", "ListFunctions", json!({})).await;
    assert_eq!(functions["Functions"], json!([]));
    cloud.stop().await;
}

#[tokio::test]
async fn a_missing_part_of_the_sdk_is_named_with_the_command_that_installs_it() {
    let folder = tempfile::tempdir().unwrap();
    let (cloud, mut app) = custom(folder.path().to_owned()).await;
    app.set("VALUE", "one");
    for (kind, package) in [("provider", "client-lambda"), ("call", "client-ssm")] {
        app.set("KINDS", kind);
        let failed = app.cdk(&["deploy", "--require-approval", "never"]).await;
        let expected = format!("npm install --prefix {} @aws-sdk/{package}", folder.path().display());
        assert!(!failed.succeeded && failed.said.contains(&expected), "{kind}:\n{}", failed.said);
    }
    cloud.stop().await;
}

/// A provider with `isCompleteHandler` waits in a state machine.
#[tokio::test]
async fn a_provider_that_waits_is_refused_by_the_name_of_what_is_missing() {
    let (cloud, mut app) = custom(fixtures()).await;
    app.set("KINDS", "waiter");
    app.set("VALUE", "one");
    let failed = app.cdk(&["deploy", "--require-approval", "never"]).await;
    let expected = "AWS::StepFunctions::StateMachine";
    assert!(!failed.succeeded && failed.said.contains(expected), "{}", failed.said);
    let functions = call(&cloud, "lambda", "ListFunctions", json!({})).await;
    assert_eq!(functions["Functions"], json!([]));
    cloud.stop().await;
}
