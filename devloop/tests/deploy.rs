//! `devloop deploy`, `diff`, `destroy` and `synth`: the CDK's own command line on an app of the workspace, against the cloud of a
//! running `devloop up`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::{Value, json};
use support::{Answer, Lines, Tiny, root, send};

/// An app with one queue, whose delay is in a file.
const APP: &str = "
const { App, Duration, Stack, aws_sqs: sqs } = require('aws-cdk-lib');
const app = new App({ analyticsReporting: false });
const stack = new Stack(app, 'Queues');
const delay = Number(require('node:fs').readFileSync(`${__dirname}/delay`, 'utf8'));
new sqs.Queue(stack, 'Queue', { queueName: 'q', deliveryDelay: Duration.seconds(delay) });
";

struct World {
    tiny: Tiny,
    session: Lines,
    endpoint: String,
}

impl World {
    fn start() -> Self {
        let packages = root().join("stack/node_modules");
        if !packages.join("aws-cdk").is_dir() {
            test_tools::not_run("the packages of stack/package-lock.json");
        }
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
    let homes: Vec<_> = fs::read_dir(world.tiny.path("target/devloop/cdk")).unwrap().collect();
    assert_eq!(homes.len(), 1, "the CDK has a folder of its own for this endpoint: {homes:?}");

    world.tiny.write("infra/delay", "2");
    let difference = world.done(&["diff"]);
    assert!(difference.contains("DelaySeconds"), "{difference}");
    assert_eq!(world.delay(), "1");
    let second = world.done(&["deploy", "--app", "infra", "Queues"]);
    assert!(!second.contains("bootstrapped"), "{second}");
    assert_eq!(world.delay(), "2");
    world.tiny.write("infra/delay", "-1");
    let failed = world.command(&["deploy"]).output().unwrap();
    assert!(!failed.status.success(), "the exit code is that of the CDK");
    world.tiny.write("infra/delay", "2");
    world.done(&["destroy"]);
    assert_eq!(world.sqs("ListQueues", &json!({})).json().get("QueueUrls"), None);
    assert!(world.session.end().success());
}

#[test]
fn the_same_is_done_with_cdklocal_for_localstack() {
    let mut world = World::start();
    world.done(&["deploy", "--target", "localstack"]);
    assert_eq!(world.delay(), "1");
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
    tiny.write("infra/cdk.json", "{}");
    check(&["deploy"], "find cdk: neither", "`npm install aws-cdk@2.1148.1` in ");
    check(
        &["diff", "--target", "localstack"],
        "find cdklocal: neither",
        "`npm install aws-cdk-local aws-cdk@2.1148.1` in ",
    );
    tiny.write("infra/node_modules/.bin/cdk", "");
    tiny.write("infra/node_modules/aws-cdk/package.json", r#"{"version":"3.0.0"}"#);
    tiny.write("infra/node_modules/aws-cdk-lib/package.json", r#"{"version":"2.276.0"}"#);
    check(&["deploy"], "use aws-cdk 3.0.0 with aws-cdk-lib 2.276.0", "npm install aws-cdk@2.1148.1");
    check(&["diff", "--hotswap"], "--hotswap", "`devloop deploy` only");
}
