//! Custom resources whose function runs here: requests and answers are AWS's, and a driven clock ends the wait for an answer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use devloop_cloud::{Applied, Clock, Options, Template, TemplateError};
use serde_json::{Value, json};
use support::{TestCloud, eventually, executable};

/// Answers with the module that functions in a template find beside them.
const PYTHON: &str = r#"
import json
import cfnresponse

def handler(event, context):
    wanted = event["ResourceProperties"]
    print(json.dumps([event["RequestType"], event.get("PhysicalResourceId"), wanted["Colour"], event["ResponseURL"]]))
    if wanted["Colour"] == "mute":
        return
    if wanted["Colour"] == "broken":
        raise ValueError("no such thing")
    fails = wanted["Colour"] == "none" and event["RequestType"] != "Delete"
    outcome = cfnresponse.FAILED if fails else cfnresponse.SUCCESS
    cfnresponse.send(event, context, outcome, {"Colour": wanted["Colour"]}, wanted["Id"], reason="out of paint")
"#;

/// The same in JavaScript.
const NODE: &str = r"
const response = require('cfn-response');

exports.handler = (event, context) => {
  const { Colour, Id } = event.ResourceProperties;
  console.log(JSON.stringify([event.RequestType, event.PhysicalResourceId ?? null, Colour, event.ResponseURL]));
  const fails = Colour === 'none' && event.RequestType !== 'Delete';
  response.send(event, context, fails ? response.FAILED : response.SUCCESS, { Colour }, Id);
};
";

/// Answers as the handlers of the CDK do: by `https`, with only the name and the path of the address.
const NODE_BY_HTTPS: &str = r"
const https = require('https');

exports.handler = async (event) => {
  const { Colour, Id } = event.ResourceProperties;
  console.log(JSON.stringify([event.RequestType, event.PhysicalResourceId ?? null, Colour, event.ResponseURL]));
  const { StackId, RequestId, LogicalResourceId } = event;
  const Status = Colour === 'none' && event.RequestType !== 'Delete' ? 'FAILED' : 'SUCCESS';
  const answer = { Status, Reason: 'out of paint', PhysicalResourceId: Id, StackId, RequestId, LogicalResourceId, Data: { Colour } };
  const body = JSON.stringify(answer);
  const { hostname, pathname, search } = new URL(event.ResponseURL);
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
  await new Promise((resolve, reject) => {
    const call = https.request({ hostname, path: pathname + search, method: 'PUT', headers }, (reply) => {
      reply.resume();
      resolve();
    });
    call.on('error', reject);
    call.end(body);
  });
};
";

/// A binary of its own on the Runtime API.
const BINARY: &str = r#"
import http.client, json, os, urllib.request

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    reply = api.getresponse()
    event = json.loads(reply.read())
    wanted = event["ResourceProperties"]
    print(json.dumps([event["RequestType"], event.get("PhysicalResourceId"), wanted["Colour"], event["ResponseURL"]]), flush=True)
    fails = wanted["Colour"] == "none" and event["RequestType"] != "Delete"
    answer = {name: event[name] for name in ["StackId", "RequestId", "LogicalResourceId"]}
    answer |= {"PhysicalResourceId": wanted["Id"], "Data": {"Colour": wanted["Colour"]}}
    answer |= {"Status": "FAILED", "Reason": "out of paint"} if fails else {"Status": "SUCCESS"}
    put = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT", headers={"content-type": ""})
    urllib.request.urlopen(put).read()
    request = reply.headers["Lambda-Runtime-Aws-Request-Id"]
    api.request("POST", f"/2018-06-01/runtime/invocation/{request}/response", "{}")
    api.getresponse().read()
"#;

struct World {
    cloud: TestCloud,
    clock: Clock,
}

impl World {
    async fn start() -> Self {
        // Ahead of the machine's clock, with which functions compare their deadline.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        let clock = Clock::manual(now + 600_000);
        let cloud = TestCloud::with(Options { clock: clock.clone(), ..Options::default() }).await;
        cloud.cloud.listens_on(cloud.address);
        Self { cloud, clock }
    }

    async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let cx = self.cloud.cloud.context("us-east-1");
        let answer = self.cloud.cloud.call(&cx, service, operation, input).await;
        answer.unwrap_or_else(|error| panic!("{service}:{operation}: {error}"))
    }

    /// Creates, updates or deletes the stack `app`, and waits until that has ended.
    async fn stack(&self, operation: &str, template: Option<Value>) -> Value {
        let body = template.map(|template| template.to_string());
        self.call("cloudformation", operation, json!({ "StackName": "app", "TemplateBody": body })).await;
        self.ended().await
    }

    /// The stack after its operation has ended: its state, and its outputs by name.
    async fn ended(&self) -> Value {
        eventually("the operation ends", async || {
            let all = self.call("cloudformation", "ListStacks", json!({})).await;
            let status = all["StackSummaries"][0]["StackStatus"].as_str().unwrap().to_owned();
            if status.ends_with("_IN_PROGRESS") {
                return None;
            }
            let id = &all["StackSummaries"][0]["StackId"];
            let shown = self.call("cloudformation", "DescribeStacks", json!({ "StackName": id })).await;
            let outputs = shown["Stacks"][0]["Outputs"].as_array().cloned().unwrap_or_default();
            let value = |name: &str| {
                outputs.iter().find(|one| one["OutputKey"] == name).map(|one| &one["OutputValue"])
            };
            Some(json!([status, value("Id"), value("Colour")]))
        })
        .await
    }

    /// What the function has been asked for, once it was asked so often: the kind of the request, the resource's id, and its colour.
    async fn requests(&self, count: usize) -> Vec<Value> {
        let began = Instant::now();
        let all = loop {
            let logged = self.logged().await;
            if logged.len() >= count {
                break logged;
            }
            assert!(began.elapsed().as_secs() < 10, "fewer than {count} requests: {:#?}", self.lines().await);
            tokio::task::yield_now().await;
        };
        all.iter().map(|request| json!([request[0], request[1], request[2]])).collect()
    }

    /// Every request as the function has logged it.
    async fn logged(&self) -> Vec<Value> {
        let lines = self.lines().await;
        let texts = lines.iter().map(|line| line.rsplit('\t').next().unwrap().trim());
        texts.filter_map(|text| serde_json::from_str(text).ok()).filter(Value::is_array).collect()
    }

    /// Every line in the function's log.
    async fn lines(&self) -> Vec<String> {
        let groups = self.call("logs", "DescribeLogGroups", json!({})).await;
        if groups["logGroups"].as_array().is_none_or(Vec::is_empty) {
            return Vec::new();
        }
        let events = self.call("logs", "FilterLogEvents", json!({ "logGroupName": "/aws/lambda/f" })).await;
        let events = events["events"].as_array().unwrap().iter();
        events.map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Why the resource has failed, the newest time first.
    async fn reasons(&self) -> Vec<String> {
        let all = self.call("cloudformation", "ListStacks", json!({})).await;
        let id = &all["StackSummaries"][0]["StackId"];
        let events = self.call("cloudformation", "DescribeStackEvents", json!({ "StackName": id })).await;
        let events = events["StackEvents"].as_array().unwrap();
        let of_resource = events.iter().filter(|event| event["LogicalResourceId"] == "Thing");
        of_resource.filter_map(|event| event["ResourceStatusReason"].as_str()).map(str::to_owned).collect()
    }

    async fn resources_are_gone(&self) {
        let functions = self.call("lambda", "ListFunctions", json!({})).await;
        assert_eq!(functions["Functions"], json!([]));
    }
}

/// A function with this code, and a resource that it makes.
fn template(runtime: &str, handler: &str, code: Value, resource: Value) -> Value {
    let role = "arn:aws:iam::000000000000:role/r";
    let mut properties = json!({ "ServiceToken": { "Fn::GetAtt": ["F", "Arn"] } });
    properties.as_object_mut().unwrap().extend(resource.as_object().unwrap().clone());
    json!({
        "Resources": {
            "F": { "Type": "AWS::Lambda::Function", "Properties": {
                "FunctionName": "f", "Runtime": runtime, "Handler": handler, "Role": role, "Code": code,
            } },
            "Thing": { "Type": "Custom::Thing", "Properties": properties },
        },
        "Outputs": {
            "Id": { "Value": { "Ref": "Thing" } },
            "Colour": { "Value": { "Fn::GetAtt": ["Thing", "Colour"] } },
        },
    })
}

/// A resource's whole life: what the stack says after each operation, and what the function was asked for.
async fn lives_as_on_aws(runtime: &str, handler: &str, code: Value) {
    let world = World::start().await;
    let thing = |id: &str, colour: &str| {
        Some(template(runtime, handler, code.clone(), json!({ "Id": id, "Colour": colour })))
    };
    assert_eq!(world.stack("CreateStack", thing("a", "red")).await, json!(["CREATE_COMPLETE", "a", "red"]));
    assert_eq!(world.stack("UpdateStack", thing("a", "blue")).await, json!(["UPDATE_COMPLETE", "a", "blue"]));
    // Another id makes it another resource, and the one before is deleted.
    assert_eq!(world.stack("UpdateStack", thing("b", "blue")).await, json!(["UPDATE_COMPLETE", "b", "blue"]));
    let failed = world.stack("UpdateStack", thing("b", "none")).await;
    assert_eq!(failed, json!(["UPDATE_ROLLBACK_COMPLETE", "b", "blue"]));
    let reasons = world.reasons().await;
    let told = |reason: &&String| reason.contains("Received response status [FAILED] from custom resource");
    assert!(reasons.iter().any(|reason| told(&reason)), "{reasons:?}");
    assert_eq!(world.stack("DeleteStack", None).await[0], "DELETE_COMPLETE");
    let mut expected = vec![
        json!(["Create", null, "red"]),
        json!(["Update", "a", "blue"]),
        json!(["Update", "a", "blue"]),
        json!(["Delete", "a", "blue"]),
        json!(["Update", "b", "none"]),
        json!(["Update", "b", "blue"]),
        json!(["Delete", "b", "blue"]),
    ];
    assert_eq!(world.requests(expected.len()).await, expected);
    world.resources_are_gone().await;

    // What fails while it is made has an id all the same, so it is deleted.
    assert_eq!(
        world.stack("CreateStack", thing("c", "none")).await,
        json!(["ROLLBACK_COMPLETE", null, null])
    );
    expected.extend([json!(["Create", null, "none"]), json!(["Delete", "c", "none"])]);
    assert_eq!(world.requests(expected.len()).await, expected);
    world.resources_are_gone().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_python_function_makes_changes_and_deletes_its_resource() {
    lives_as_on_aws("python3.12", "index.handler", json!({ "ZipFile": PYTHON })).await;
}

#[tokio::test]
async fn a_node_function_makes_changes_and_deletes_its_resource() {
    test_tools::program("node");
    lives_as_on_aws("nodejs22.x", "index.handler", json!({ "ZipFile": NODE })).await;
}

#[tokio::test]
async fn an_answer_by_https_to_the_name_and_path_of_the_address_arrives() {
    test_tools::program("node");
    lives_as_on_aws("nodejs22.x", "index.handler", json!({ "ZipFile": NODE_BY_HTTPS })).await;
}

#[tokio::test]
async fn a_binary_makes_changes_and_deletes_its_resource() {
    let folder = tempfile::tempdir().unwrap();
    executable(&folder.path().join("bootstrap"), BINARY);
    let code = json!({ "S3Bucket": "hot-reload", "S3Key": folder.path() });
    lives_as_on_aws("provided.al2023", "bootstrap", code).await;
}

#[tokio::test]
async fn a_function_that_fails_before_it_answers_fails_the_resource_at_once() {
    let world = World::start().await;
    let resource = json!({ "Id": "a", "Colour": "broken" });
    let broken = template("python3.12", "index.handler", json!({ "ZipFile": PYTHON }), resource);
    assert_eq!(world.stack("CreateStack", Some(broken)).await[0], "ROLLBACK_COMPLETE");
    let reasons = world.reasons().await;
    assert!(reasons.iter().any(|reason| reason.contains("no such thing")), "{reasons:?}");
    world.resources_are_gone().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_fails_the_resource() {
    for (limit, seconds) in [(None, 3_600), (Some("7"), 7)] {
        let world = World::start().await;
        let mut resource = json!({ "Id": "a", "Colour": "mute" });
        if let Some(limit) = limit {
            resource["ServiceTimeout"] = limit.into();
        }
        let mute = template("python3.12", "index.handler", json!({ "ZipFile": PYTHON }), resource);
        let creating = world.stack("CreateStack", Some(mute));
        let waiting = async {
            eventually("the function ends", async || {
                let ended = world.lines().await.iter().any(|line| line.starts_with("REPORT "));
                ended.then_some(())
            })
            .await;
            let asked = world.logged().await.pop().unwrap();
            world.clock.advance(Duration::from_millis(seconds * 1_000 - 1));
            let status = async || {
                let all = world.call("cloudformation", "ListStacks", json!({})).await;
                all["StackSummaries"][0]["StackStatus"].clone()
            };
            assert_eq!(status().await, "CREATE_IN_PROGRESS");
            world.clock.advance(Duration::from_millis(1));
            asked
        };
        let (ended, asked) = tokio::join!(creating, waiting);
        assert_eq!(ended[0], "ROLLBACK_COMPLETE", "{limit:?}");
        let expected = format!(
            "CloudFormation did not receive a response from your Custom Resource within {seconds} s."
        );
        let reasons = world.reasons().await;
        assert!(reasons.iter().any(|reason| reason.starts_with(&expected)), "{limit:?}: {reasons:?}");
        let url = asked[3].as_str().unwrap();
        let path = url.strip_prefix(&format!("http://{}", world.cloud.address)).unwrap();
        let late =
            world.cloud.send("PUT", path, &[], r#"{"Status":"SUCCESS","PhysicalResourceId":"a"}"#).await;
        assert_eq!(late.status, 403, "{late:?}");
        world.resources_are_gone().await;
        world.cloud.stop().await;
    }
}

/// What `devloop up` does with a template.
async fn applied(world: &World, template: &Value) -> Result<Applied, TemplateError> {
    let template = Template::parse(&template.to_string()).unwrap();
    world.cloud.cloud.apply_what_runs("app", &template, &BTreeMap::new()).await
}

#[tokio::test]
async fn what_fails_is_left_out_when_a_template_is_applied_unless_something_needs_it() {
    let with = |colour: &str| {
        let resource = json!({ "Id": "a", "Colour": colour });
        template("python3.12", "index.handler", json!({ "ZipFile": PYTHON }), resource)
    };
    let world = World::start().await;
    let made = applied(&world, &with("red")).await.unwrap();
    assert_eq!(made.left_out, []);
    assert_eq!(world.ended().await, json!(["CREATE_COMPLETE", "a", "red"]));
    // One that is there already is not given up when its update fails.
    let refused = applied(&world, &with("none")).await.unwrap_err().to_string();
    assert!(refused.contains("out of paint") || refused.contains("FAILED"), "{refused}");
    assert_eq!(world.ended().await, json!(["UPDATE_ROLLBACK_COMPLETE", "a", "red"]));
    world.cloud.stop().await;

    let world = World::start().await;
    let made = applied(&world, &with("broken")).await.unwrap();
    let left_out: Vec<String> = made.left_out.iter().map(ToString::to_string).collect();
    assert!(left_out.len() == 1 && left_out[0].starts_with("Thing (Custom::Thing: "), "{left_out:?}");
    assert!(left_out[0].contains("no such thing"), "{left_out:?}");
    assert_eq!(world.ended().await, json!(["CREATE_COMPLETE", null, null]));
    world.cloud.stop().await;

    let world = World::start().await;
    let mut needed = with("broken");
    needed["Resources"]["G"] = needed["Resources"]["F"].clone();
    needed["Resources"]["G"]["Properties"]["FunctionName"] = "g".into();
    needed["Resources"]["G"]["Properties"]["Environment"] =
        json!({ "Variables": { "THING": { "Ref": "Thing" } } });
    let refused = applied(&world, &needed).await.unwrap_err().to_string();
    assert!(refused.contains("Thing (Custom::Thing: ") && refused.contains("no such thing"), "{refused}");
    world.resources_are_gone().await;
    world.cloud.stop().await;
}

/// The CDK adds functions for these types, which need the SDK that Lambda has. The cloud does not call them.
#[tokio::test]
async fn types_of_the_cdk_need_no_function() {
    let world = World::start().await;
    let token = "arn:aws:lambda:us-east-1:000000000000:function:nobody";
    let template = |days: Option<u32>, tags: Value, policy: &str| {
        let days = days.map_or_else(|| json!({ "Ref": "AWS::NoValue" }), Value::from);
        json!({ "Resources": {
            "Files": { "Type": "AWS::S3::Bucket", "Properties": {
                "BucketName": "files", "Tags": tags, "VersioningConfiguration": { "Status": "Enabled" },
            } },
            "Empty": { "Type": "Custom::S3AutoDeleteObjects", "DependsOn": "Files", "Properties": {
                "ServiceToken": token, "BucketName": { "Ref": "Files" },
            } },
            "Keep": { "Type": "Custom::LogRetention", "Properties": {
                "ServiceToken": token, "LogGroupName": "/aws/lambda/f", "RetentionInDays": days, "RemovalPolicy": policy,
            } },
        } })
    };
    let marked = json!([{ "Key": "aws-cdk:auto-delete-objects", "Value": "true" }]);
    let days = async || {
        let groups = world.call("logs", "DescribeLogGroups", json!({})).await;
        let groups = groups["logGroups"].as_array().unwrap().clone();
        groups.iter().map(|group| group["retentionInDays"].clone()).collect::<Vec<_>>()
    };
    world.call("logs", "CreateLogGroup", json!({ "logGroupName": "/aws/lambda/f" })).await;
    world.stack("CreateStack", Some(template(Some(7), marked.clone(), "retain"))).await;
    assert_eq!(days().await, [json!(7)]);
    for _ in 0..2 {
        world.call("s3", "PutObject", json!({ "Bucket": "files", "Key": "a b/ä", "Body": "eA==" })).await;
    }
    assert_eq!(world.stack("DeleteStack", None).await[0], "DELETE_COMPLETE");
    assert_eq!(days().await, [json!(7)], "the group stays");

    // Without the tag the objects are wanted still.
    world.stack("CreateStack", Some(template(Some(3), json!([]), "destroy"))).await;
    world.call("s3", "PutObject", json!({ "Bucket": "files", "Key": "a", "Body": "eA==" })).await;
    assert_eq!(
        world.stack("UpdateStack", Some(template(None, json!([]), "destroy"))).await[0],
        "UPDATE_COMPLETE"
    );
    assert_eq!(days().await, [Value::Null]);
    assert_eq!(world.stack("DeleteStack", None).await[0], "DELETE_FAILED");
    assert_eq!(days().await, Vec::<Value>::new(), "the group is deleted");
    world.call("s3", "HeadBucket", json!({ "Bucket": "files" })).await;
    world.cloud.stop().await;
}
