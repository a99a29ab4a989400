//! `devloop deploy`, `diff`, `destroy` and `synth` with apps of the real CDK and its own command line, against the cloud of a running
//! `devloop up`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use support::{Answer, LIMIT, Lines, Tiny, built, eventually, message, root, send};

/// An app with one queue, whose delay is in a file.
const APP: &str = "
const { App, Duration, Stack, aws_sqs: sqs } = require('aws-cdk-lib');
const app = new App({ analyticsReporting: false });
const stack = new Stack(app, 'Queues');
const delay = Number(require('node:fs').readFileSync(`${__dirname}/delay`, 'utf8'));
new sqs.Queue(stack, 'Queue', { queueName: 'q', deliveryDelay: Duration.seconds(delay) });
";

fn packages() -> PathBuf {
    let packages = root().join("stack/node_modules");
    if !packages.join("aws-cdk").is_dir() {
        test_tools::not_run("the packages of stack/package-lock.json");
    }
    packages
}

struct World {
    tiny: Tiny,
    session: Lines,
    endpoint: String,
}

impl World {
    fn start() -> Self {
        let packages = packages();
        let tiny = Tiny::new();
        tiny.write("infra/cdk.json", r#"{ "app": "node app.js" }"#);
        tiny.write("infra/app.js", APP);
        tiny.write("infra/delay", "1");
        symlink(packages, tiny.path("infra/node_modules")).unwrap();
        let mut session = Lines::start(tiny.devloop(&["up", "--no-template", "--port", "0", "--json"]));
        let endpoint = session.wait("ready", "")["endpoint"].as_str().unwrap().to_owned();
        Self { tiny, session, endpoint }
    }

    /// devloop without what would ask npm and AWS for something.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.tiny.devloop(arguments);
        command
            .args(["--endpoint", &self.endpoint])
            .env("PATH", test_tools::path())
            .env("CDK_DISABLE_VERSION_CHECK", "1")
            .env("CDK_DISABLE_CLI_TELEMETRY", "true");
        command
    }

    /// The output of a run that must succeed.
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{arguments:?}:\n{said}");
        said
    }

    /// The output of the CDK's own command line, which must succeed.
    fn cdk(&self, arguments: &[&str]) -> String {
        let mut command = test_tools::command("node");
        support::without_settings(&mut command);
        command
            .arg(packages().join("aws-cdk/bin/cdk"))
            .args(arguments)
            .args(["--no-notices", "--no-color"])
            .current_dir(self.tiny.path("infra"))
            // It would ask npm for newer versions, and tell AWS that it ran.
            .env("CDK_DISABLE_VERSION_CHECK", "1")
            .env("CDK_DISABLE_CLI_TELEMETRY", "true")
            .env("CDK_HOME", self.tiny.path("home"))
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ENDPOINT_URL_S3", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1");
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "cdk {arguments:?}:\n{said}");
        said
    }

    fn sqs(&self, operation: &str, input: &Value) -> Answer {
        let target = format!("AmazonSQS.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        send("POST", &format!("{}/", self.endpoint), &headers, input.to_string()).unwrap()
    }

    fn delay(&self) -> Value {
        let url = format!("{}/000000000000/q", self.endpoint);
        let asked = json!({ "QueueUrl": url, "AttributeNames": ["DelaySeconds"] });
        self.sqs("GetQueueAttributes", &asked).json()["Attributes"]["DelaySeconds"].clone()
    }
}

#[test]
fn an_app_is_deployed_compared_and_destroyed() {
    let mut world = World::start();
    assert!(world.done(&["synth"]).contains("AWS::SQS::Queue"));
    let first = world.done(&["deploy"]);
    assert!(first.contains("bootstrapped"), "{first}");
    assert_eq!(world.delay(), "1");
    assert!(!world.tiny.path("target/devloop/cdk").exists(), "the CDK's command line has not run");

    world.tiny.write("infra/delay", "2");
    let difference = world.done(&["diff"]);
    assert!(difference.contains("changed: DelaySeconds 1 → 2"), "{difference}");
    assert_eq!(world.delay(), "1");
    let second = world.done(&["deploy", "--app", "infra", "Queues"]);
    assert!(!second.contains("bootstrapped"), "{second}");
    assert_eq!(world.delay(), "2");
    world.tiny.write("infra/delay", "-1");
    let failed = world.command(&["deploy"]).output().unwrap();
    assert_eq!(failed.status.code(), Some(1), "the library refuses the delay");

    // The CDK's own command line takes over the bootstrap and the stack.
    world.tiny.write("infra/delay", "2");
    let bootstrapped = world.cdk(&["bootstrap", "aws://000000000000/us-east-1"]);
    assert!(bootstrapped.contains("bootstrapped") && !bootstrapped.contains("no changes"), "{bootstrapped}");
    assert!(world.cdk(&["deploy", "--require-approval", "never"]).contains("no changes"));
    assert!(world.done(&["deploy"]).contains("Queues: no changes"));
    world.done(&["destroy"]);
    assert_eq!(world.sqs("ListQueues", &json!({})).json().get("QueueUrls"), None);
    assert!(world.session.end().success());
}

#[test]
fn the_pipeline_is_deployed_called_and_destroyed() {
    let packages = packages();
    let mut world = World::start();
    let dist = world.tiny.path("dist");
    let functions = ["upstream", "midstream", "downstream"];
    let binaries = built(&functions);
    for function in functions {
        fs::create_dir_all(dist.join(function)).unwrap();
        fs::copy(binaries.join(function), dist.join(function).join("bootstrap")).unwrap();
    }
    // The app of this repository, compiled beside the one that its own tests use.
    let compiled = world.tiny.path("compiled");
    let mut compiler = test_tools::command("node");
    compiler.arg(packages.join("typescript/bin/tsc")).arg("--outDir").arg(&compiled);
    assert!(compiler.current_dir(root().join("stack")).status().unwrap().success());
    let app = format!("node {}", compiled.join("bin/app.js").display());
    world.tiny.write("infra/cdk.json", &json!({ "app": app, "versionReporting": false }).to_string());
    let run = |verb: &str| {
        let mut command = world.command(&[verb]);
        command.env("NODE_PATH", &packages).env("LAMBDA_DIST_PATH", &dist);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}");
        said
    };
    let said = run("deploy");
    let url =
        said.lines().find_map(|line| line.split_once("ApiGatewayMethodEndpoint = ")).unwrap().1.to_owned();
    let headers = [("content-type", "application/json")];
    let answer = send("POST", &url, &headers, message("deployed").to_string()).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    eventually("downstream was called", LIMIT, || {
        let page = send("GET", &format!("{}/_devloop/status", world.endpoint), &[], "").unwrap().json();
        let functions = page["functions"].as_array().unwrap().clone();
        let named = functions.iter().find(|one| one["name"].as_str().unwrap().contains("Downstream"));
        let calls = named.and_then(|one| one["invocations"].as_f64());
        if calls > Some(0.0) { Ok(()) } else { Err(page) }
    });
    assert!(run("destroy").contains("destroyed "));
    let left = send("GET", &format!("{}/_devloop/status", world.endpoint), &[], "").unwrap().json();
    assert_eq!(left["functions"], json!([]));
    assert!(world.session.end().success());
}

#[test]
fn the_same_is_done_with_cdklocal_for_localstack() {
    let mut world = World::start();
    world.done(&["deploy", "--target", "localstack"]);
    assert_eq!(world.delay(), "1");
    let homes: Vec<_> = fs::read_dir(world.tiny.path("target/devloop/cdk")).unwrap().collect();
    assert_eq!(homes.len(), 1, "the CDK has a folder of its own for this endpoint: {homes:?}");
    world.done(&["destroy", "--target", "localstack"]);
    assert!(world.session.end().success());
}

#[test]
fn what_is_missing_is_named_with_the_next_step() {
    let tiny = Tiny::new();
    tiny.write("bin/node", "");
    let check = |arguments: &[&str], code: &str, hint: &str| {
        let mut command = tiny.devloop(arguments);
        // A machine on which Node is installed and no CDK.
        let cargo = std::path::Path::new(env!("CARGO")).parent().unwrap();
        let path = format!("{}:{}:/bin", tiny.path("bin").display(), cargo.display());
        let output = command.env("PATH", path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(code) && said.contains(hint), "{arguments:?}: {said}");
    };
    check(&["deploy"], "find a CDK app", "--app names its folder");
    tiny.write("template.yaml", "Resources: {}");
    check(&["deploy"], "find a CDK app", "`devloop up` and `devloop watch` apply template.yaml");
    tiny.write("infra/cdk.json", "{}");
    check(
        &["synth", "--endpoint", "http://127.0.0.1:1"],
        "infra/cdk.json has no `app`",
        "`app` is the command",
    );
    check(&["deploy", "--target", "aws"], "find cdk: neither", "`npm install aws-cdk@2.1148.1` in ");
    check(
        &["diff", "--target", "localstack"],
        "find cdklocal: neither",
        "`npm install aws-cdk-local aws-cdk@2.1148.1` in ",
    );
    tiny.write("infra/node_modules/.bin/cdk", "");
    tiny.write("infra/node_modules/aws-cdk/package.json", r#"{"version":"3.0.0"}"#);
    tiny.write("infra/node_modules/aws-cdk-lib/package.json", r#"{"version":"2.276.0"}"#);
    check(
        &["deploy", "--target", "aws"],
        "use aws-cdk 3.0.0 with aws-cdk-lib 2.276.0",
        "npm install aws-cdk@2.1148.1",
    );
    check(&["diff", "--hotswap"], "--hotswap", "`devloop deploy` only");
    check(&["synth", "-c", "=x"], "it has no key", "--context");
}
