//! `devloop deploy`, `diff`, `destroy` and `synth` in process, against the cloud of a running `devloop up`. The CDK app is a shell script
//! that hands out an assembly which the test wrote, so that no test here needs Node.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};
use support::{Answer, Lines, Tiny, send};

/// Notes what the app was given, and writes its assembly.
const APP: &str = "printf %s \"$CDK_CONTEXT_JSON\" > context.json
echo \"$CDK_DEFAULT_ACCOUNT $CDK_DEFAULT_REGION\" > place
echo 'the app speaks'
cp -R made/. \"$CDK_OUTDIR\"
";

const BUCKET: &str = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}";

/// What a command said and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn has(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(self.err.contains(part) || self.out.contains(part), "no `{part}` in:\n{self:#?}");
        }
        self
    }

    fn ends(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

/// The stack of the tests, in one of its states.
#[derive(Clone, Copy)]
struct Shop {
    delay: u32,
    code: &'static str,
    /// The name of a parameter, if there is one.
    parameter: Option<&'static str>,
    is_protected: bool,
}

const SHOP: Shop = Shop { delay: 1, code: "one", parameter: None, is_protected: false };

impl Shop {
    fn template(self) -> Value {
        let mut resources = json!({
            "Queue": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "q", "DelaySeconds": self.delay } },
            "Kept": { "Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain" },
            "Role": { "Type": "AWS::IAM::Role", "Properties": { "AssumeRolePolicyDocument": { "Statement": [] } } },
            "Worker": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "FunctionName": "worker", "Runtime": "python3.12", "Handler": "index.handler",
                    "Role": { "Fn::GetAtt": ["Role", "Arn"] },
                    "Code": { "S3Bucket": { "Fn::Sub": BUCKET }, "S3Key": format!("{}.zip", self.code) },
                },
            },
        });
        if let Some(name) = self.parameter {
            resources["Parameter"] = json!({
                "Type": "AWS::SSM::Parameter", "Properties": { "Name": name, "Type": "String", "Value": "x" },
                "DependsOn": ["Queue", "Worker"],
            });
        }
        json!({
            "Resources": resources,
            "Outputs": { "QueueUrl": { "Value": { "Ref": "Queue" } } },
            "Parameters": {
                "BootstrapVersion": {
                    "Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version",
                },
            },
        })
    }
}

struct World {
    tiny: Tiny,
    session: Option<Lines>,
    endpoint: String,
}

impl World {
    /// A running session, and an app without stacks.
    fn start() -> Self {
        let mut world = Self::without_session();
        let mut session = world.tiny.devloop(&["up", "--no-template", "--port", "0", "--json"]);
        session.env("PATH", test_tools::path());
        let mut session = Lines::start(session);
        world.endpoint = session.wait("ready", "")["endpoint"].as_str().unwrap().to_owned();
        world.session = Some(session);
        world
    }

    fn without_session() -> Self {
        let tiny = Tiny::new();
        tiny.write(
            "infra/cdk.json",
            &json!({ "app": "sh app.sh", "context": { "a": "1", "b": "1" } }).to_string(),
        );
        tiny.write("infra/cdk.context.json", r#"{ "b": "2", "c": "2" }"#);
        tiny.write("infra/app.sh", APP);
        // Nobody listens there.
        Self { tiny, session: None, endpoint: "http://127.0.0.1:1".to_owned() }
    }

    /// Lets the app make the stack.
    fn makes(&self, shop: Shop) {
        let id = "000000000000";
        self.writes(
            "asset.",
            shop.code,
            &format!("def handler(event, context):\n    return '{}'\n", shop.code),
        );
        let destination = |key: String| json!({ "here": { "bucketName": BUCKET, "objectKey": key } });
        self.write("Shop.template.json", &shop.template());
        self.write(
            "Shop.assets.json",
            &json!({ "files": {
                "code": {
                    "source": { "path": format!("asset.{}", shop.code), "packaging": "zip" },
                    "destinations": destination(format!("{}.zip", shop.code)),
                },
            } }),
        );
        self.manifest(&json!({
            "Shop.assets": { "type": "cdk:asset-manifest", "properties": { "file": "Shop.assets.json" } },
            "Shop": {
                "type": "aws:cloudformation:stack",
                "environment": format!("aws://{id}/unknown-region"),
                "properties": {
                    "templateFile": "Shop.template.json", "terminationProtection": shop.is_protected,
                    "requiresBootstrapStackVersion": 6,
                    "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
                },
                "dependencies": ["Shop.assets"],
            },
        }));
    }

    fn writes(&self, kind: &str, name: &str, text: &str) {
        self.tiny.write(&format!("infra/made/{kind}{name}/index.py"), text);
    }

    fn write(&self, file: &str, content: &Value) {
        self.tiny.write(&format!("infra/made/{file}"), &content.to_string());
    }

    fn manifest(&self, artifacts: &Value) {
        self.write("manifest.json", &json!({ "version": "55.0.0", "artifacts": artifacts }));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.tiny.devloop(arguments);
        command.args(["--endpoint", &self.endpoint]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn json(&self, kind: &str, target: &str, input: &Value) -> Answer {
        let headers = [("content-type", kind), ("x-amz-target", target)];
        send("POST", &format!("{}/", self.endpoint), &headers, input.to_string()).unwrap()
    }

    fn queues(&self) -> Value {
        let target = "AmazonSQS.ListQueues";
        self.json("application/x-amz-json-1.0", target, &json!({})).json()["QueueUrls"].clone()
    }

    fn delay(&self) -> Value {
        let url = format!("{}/000000000000/q", self.endpoint);
        let asked = json!({ "QueueUrl": url, "AttributeNames": ["DelaySeconds"] });
        let target = "AmazonSQS.GetQueueAttributes";
        self.json("application/x-amz-json-1.0", target, &asked).json()["Attributes"]["DelaySeconds"].clone()
    }

    /// What the function answers.
    fn word(&self) -> Value {
        let url = format!("{}/2015-03-31/functions/worker/invocations", self.endpoint);
        send("POST", &url, &[], "{}").unwrap().json()
    }

    fn end(mut self) {
        assert!(self.session.take().unwrap().end().success());
    }
}

#[test]
fn a_stack_is_made_kept_changed_undone_and_destroyed() {
    // Its function is in Python.
    test_tools::python(&[]);
    let world = World::start();
    world.makes(SHOP);
    world.run(&["diff"]).ends(0).has(&["stack      Shop: 6 differences", "Queue (AWS::SQS::Queue) added"]);
    assert_eq!(world.queues(), Value::Null);

    let first = world.run(&["deploy"]);
    first.ends(0).has(&[
        "the app speaks",
        "bootstrapped aws://000000000000/us-east-1",
        "stack      Shop: 4 changes",
        "           Queue (AWS::SQS::Queue) added",
        "deployed   Shop in ",
        "done       synthesised in ",
    ]);
    assert_eq!(
        first.out,
        format!("Shop.QueueUrl = {}/000000000000/q\n", world.endpoint),
        "only data is on the output"
    );
    assert_eq!((world.word(), world.delay()), (json!("one"), json!("1")));
    let again = world.run(&["deploy"]);
    again.ends(0).has(&["stack      Shop: no changes"]);
    assert!(!again.err.contains("bootstrapped"), "{again:#?}");
    assert_eq!(world.run(&["diff"]).ends(0).out, "stack      Shop: no changes\n");

    world.makes(Shop { delay: 2, code: "two", ..SHOP });
    let difference = world.run(&["diff"]);
    difference.ends(0).has(&[
        "stack      Shop: 2 differences",
        "Queue (AWS::SQS::Queue) changed: DelaySeconds 1 → 2",
        "Worker (AWS::Lambda::Function) changed: Code.S3Key",
    ]);
    assert_eq!((world.word(), world.delay()), (json!("one"), json!("1")), "a comparison changes nothing");
    world.run(&["deploy", "Shop"]).ends(0).has(&["Queue (AWS::SQS::Queue) changed", "deployed   Shop"]);
    assert_eq!((world.word(), world.delay()), (json!("two"), json!("2")));

    world.makes(Shop { delay: 2, code: "three", ..SHOP });
    let swapped = world.run(&["deploy", "--hotswap"]);
    swapped.ends(0).has(&["worker (AWS::Lambda::Function) has its new code", "hotswapped Shop in "]);
    assert_eq!(world.word(), "three");
    world.makes(Shop { delay: 3, code: "four", ..SHOP });
    let whole = world.run(&["deploy", "--hotswap"]);
    whole.ends(0).has(&[
        "stack      Shop: a whole deployment, because more than code differs: Queue (AWS::SQS::Queue)",
        "deployed   Shop",
    ]);
    assert_eq!((world.word(), world.delay()), (json!("four"), json!("3")));

    let taken = json!({ "Name": "taken", "Type": "String", "Value": "x" });
    world.json("application/x-amz-json-1.1", "AmazonSSM.PutParameter", &taken);
    world.makes(Shop { delay: 9, code: "five", parameter: Some("taken"), ..SHOP });
    let failed = world.run(&["deploy"]);
    failed.ends(1).has(&[
        "undoing everything",
        "error: deploy the stack Shop: Parameter (AWS::SSM::Parameter) could not be added: ParameterAlreadyExists",
        "the stack is as it was before (UPDATE_ROLLBACK_COMPLETE)",
    ]);
    assert_eq!((world.word(), world.delay()), (json!("four"), json!("3")));

    let gone = world.run(&["destroy"]);
    gone.ends(0).has(&["Kept (AWS::S3::Bucket) kept, as its policy says", "destroyed  Shop in ", "; 1 kept"]);
    assert_eq!(world.queues(), Value::Null);
    world.run(&["destroy"]).ends(0).has(&["stack      Shop: it is not deployed"]);

    let failed = world.run(&["deploy"]);
    failed.ends(1).has(&["everything new was removed again (ROLLBACK_COMPLETE)"]);
    world.makes(SHOP);
    world.run(&["deploy"]).ends(0).has(&["removing what is left of its failed creation", "deployed   Shop"]);
    assert_eq!((world.word(), world.delay()), (json!("one"), json!("1")));
    world.end();
}

#[test]
fn the_app_gets_its_context_and_stacks_are_chosen_by_name() {
    let world = World::start();
    let stack = |needs: &[&str]| {
        json!({
            "type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
            "properties": { "templateFile": "topic.json" }, "dependencies": needs, "displayName": "Prod/Stack",
        })
    };
    world.write("topic.json", &json!({ "Resources": { "Topic": { "Type": "AWS::SNS::Topic" } } }));
    world.manifest(&json!({ "Top": stack(&["Base"]), "Base": stack(&[]), "Other": stack(&[]) }));

    world.run(&["deploy", "Top", "-c", "c=3", "--context", "d=x=y", "--region", "eu-west-1"]).ends(0);
    let context: Value =
        serde_json::from_str(&fs::read_to_string(world.tiny.path("infra/context.json")).unwrap()).unwrap();
    let own: Vec<Value> = ["a", "b", "c", "d"].iter().map(|name| context[*name].clone()).collect();
    assert_eq!(own, ["1", "1", "3", "x=y"], "the command line, then cdk.json, then cdk.context.json");
    assert_eq!(fs::read_to_string(world.tiny.path("infra/place")).unwrap(), "000000000000 eu-west-1\n");

    let region = ["--region", "eu-west-1"];
    let gone = world.run(&[&["destroy", "Base"][..], &region].concat());
    let order: Vec<&str> = gone.err.lines().filter(|line| line.starts_with("destroyed")).collect();
    assert!(order.len() == 2 && order[0].contains("Top") && order[1].contains("Base"), "{gone:#?}");
    world
        .run(&["deploy", "Topp"])
        .ends(2)
        .has(&["the CDK app's stacks are Base, Other, Top", "did you mean `Top`?"]);
    let listed = world.run(&["synth"]);
    listed.ends(0).has(&["Base ", "infra/cdk.out/topic.json"]);
    assert_eq!(listed.out.lines().count(), 3, "{listed:#?}");
    world.end();
}

#[test]
fn a_template_that_is_too_long_for_a_request_is_read_from_the_bucket() {
    let world = World::start();
    let template = |name: &str| {
        json!({
            "Metadata": { "Long": "x".repeat(60_000) },
            "Resources": { "Topic": { "Type": "AWS::SNS::Topic", "Properties": { "DisplayName": name } } },
        })
    };
    let makes = |name: &str| {
        world.write("Long.template.json", &template(name));
        let key = format!("{name}.json");
        let destination = json!({ "here": { "bucketName": BUCKET, "objectKey": key } });
        let file = json!({ "source": { "path": "Long.template.json", "packaging": "file" }, "destinations": destination });
        world.write("Long.assets.json", &json!({ "files": { "template": file } }));
        world.manifest(&json!({
            "Long.assets": { "type": "cdk:asset-manifest", "properties": { "file": "Long.assets.json" } },
            "Long": {
                "type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
                "properties": {
                    "templateFile": "Long.template.json", "stackTemplateAssetObjectUrl": format!("s3://{BUCKET}/{key}"),
                    "requiresBootstrapStackVersion": 6,
                    "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
                },
                "dependencies": ["Long.assets"],
            },
        }));
    };
    makes("one");
    world.run(&["deploy"]).ends(0).has(&["Topic (AWS::SNS::Topic) added"]);
    makes("two");
    world.run(&["diff"]).ends(0).has(&["Topic (AWS::SNS::Topic) changed: DisplayName one → two"]);
    world.run(&["deploy"]).ends(0).has(&["Topic (AWS::SNS::Topic) changed"]);
    world.run(&["deploy"]).ends(0).has(&["stack      Long: no changes"]);
    world.end();
}

#[test]
fn templates_are_written_without_a_cloud_and_nothing_else_is() {
    let world = World::without_session();
    world.makes(SHOP);
    let written = world.run(&["synth"]);
    written.ends(0).has(&["the app speaks"]);
    assert_eq!(serde_json::from_str::<Value>(&written.out).unwrap(), SHOP.template());
    for verb in ["deploy", "diff", "destroy"] {
        world.run(&[verb]).ends(4).has(&["ask http://127.0.0.1:1 for its account", "`devloop up` starts"]);
    }
}

#[test]
fn what_cannot_be_deployed_is_refused_with_the_reason() {
    let world = World::start();
    world.makes(SHOP);
    let manifest = world.tiny.path("infra/made/manifest.json");
    let made: Value = serde_json::from_str(&fs::read_to_string(manifest).unwrap()).unwrap();
    let change = |pointer: &str, value: Value| {
        let mut made = made.clone();
        *made.pointer_mut(pointer).unwrap() = value;
        world.write("manifest.json", &made);
    };
    change("/artifacts/Shop/environment", json!("aws://111122223333/us-east-1"));
    world.run(&["deploy"]).ends(2).has(&["it is for the account 111122223333", "CDK_DEFAULT_ACCOUNT"]);
    change("/artifacts/Shop/properties/requiresBootstrapStackVersion", json!(12));
    world.run(&["deploy"]).ends(0);
    change("/artifacts/Shop/properties/requiresBootstrapStackVersion", json!(99));
    world.run(&["deploy"]).ends(1).has(&[
        "it needs version 99 of the bootstrap",
        "has 12",
        "`npx cdk bootstrap",
    ]);

    world.makes(Shop { is_protected: true, ..SHOP });
    world.run(&["deploy"]).ends(0).has(&["no changes"]);
    world.run(&["destroy"]).ends(1).has(&["cannot be deleted while TerminationProtection is enabled"]);
    world.makes(SHOP);
    world.run(&["deploy"]).ends(0);
    world.run(&["destroy"]).ends(0);

    let lookup = json!({ "key": "ami:account=1", "provider": "ami" });
    world.write("manifest.json", &json!({ "artifacts": {}, "missing": [lookup] }));
    world.run(&["deploy"]).ends(2).has(&["values of an account", "ami:account=1", "`npx cdk synth`"]);
    world.makes(SHOP);
    world.write("Shop.assets.json", &json!({ "dockerImages": { "1": { "displayName": "Image" } } }));
    world.run(&["deploy"]).ends(1).has(&["runs no images of containers: Image"]);
    let mut lacking = SHOP.template();
    lacking["Resources"]["Map"] = json!({ "Type": "AWS::Location::Map" });
    world.makes(SHOP);
    world.write("Shop.template.json", &lacking);
    world.run(&["deploy"]).ends(1).has(&["AWS::Location::Map"]);
    assert_eq!(world.queues(), Value::Null);
    // Nothing is left of the stack that was refused.
    world.run(&["destroy"]).ends(0).has(&["it is not deployed"]);
    world.tiny.write("infra/app.sh", "echo broken >&2; exit 3");
    world.run(&["deploy"]).ends(1).has(&["broken", "`sh app.sh` ended with the exit code 3"]);
    world.end();
}

#[test]
fn another_cloud_is_left_to_cdklocal_of_a_version_that_fits() {
    let mut world = World::without_session();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    world.endpoint = format!("http://{}", server.local_addr().unwrap());
    // The server answers until the test's process ends.
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            stream
                .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
        }
    });
    let stub = |name: &str, text: &str| {
        let path = world.tiny.path(&format!("bin/{name}"));
        world.tiny.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let local = |version: &str| {
        format!(
            "if [ \"$1\" = --version ]; then echo cdklocal v3.0.4; echo cdk cli version v{version}; \
             else echo \"ran $*\" $AWS_ENDPOINT_URL_S3; fi"
        )
    };
    stub("node", "");
    world.tiny.write("infra/node_modules/aws-cdk-lib/package.json", r#"{"version":"2.276.0"}"#);
    let schema = "infra/node_modules/@aws-cdk/cloud-assembly-schema/cli-version.json";
    world.tiny.write(schema, r#"{"version":"2.1148.2"}"#);
    let run = || {
        let cargo = std::path::Path::new(env!("CARGO")).parent().unwrap();
        let path = format!("{}:{}:/usr/bin:/bin", world.tiny.path("bin").display(), cargo.display());
        let output = world.command(&["synth", "-c", "a=b", "Shop"]).env("PATH", path).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    };
    stub("cdklocal", &local("2.1148.1"));
    let ran = run();
    ran.ends(0).has(&["is not devloop's own cloud"]);
    assert_eq!(ran.out, format!("ran synth --context a=b --no-notices Shop {}\n", world.endpoint));
    for old in ["2.178.2", "3.0.0"] {
        stub("cdklocal", &local(old));
        run()
            .ends(2)
            .has(&[&format!("use aws-cdk {old} with aws-cdk-lib 2.276.0"), "npm install aws-cdk-local"]);
    }
}
