//! The unmodified CDK command line deploys to the cloud: a new stack, a changed one, and one that fails.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{FunctionFolder, TestCloud};
use tokio::process::Command;

/// The settings of the CDK app, and the folder in which the command line keeps its own files.
struct App {
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

impl App {
    fn new(cloud: &TestCloud) -> Self {
        let code = FunctionFolder::new("one");
        let settings = vec![("CODE", code.path().display().to_string())];
        let endpoint = format!("http://{}", cloud.address);
        Self { endpoint, home: tempfile::tempdir().unwrap(), code, settings }
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    async fn cdk(&self, arguments: &[&str]) -> Run {
        let packages = packages();
        let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cdk/app.js");
        let mut command = Command::from(test_tools::command("node"));
        command
            .arg(packages.join("aws-cdk/bin/cdk"))
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
        let output = command.output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        Run { succeeded: output.status.success(), said: String::from_utf8_lossy(&said).into_owned() }
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
    assert_eq!(status, "CREATE_COMPLETE");
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

    app.done(&["destroy", "--force"]).await;
    assert_eq!(call(&cloud, "dynamodb", "ListTables", json!({})).await["TableNames"], json!([]));
    assert_eq!(call(&cloud, "sqs", "ListQueues", json!({})).await.get("QueueUrls"), None);
    let functions = call(&cloud, "lambda", "ListFunctions", json!({})).await;
    assert_eq!(functions["Functions"], json!([]));
    cloud.stop().await;
}
