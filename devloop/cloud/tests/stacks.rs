//! Stacks of random templates are created, updated and deleted, and nothing may be left over; a large one takes a moment.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Instant;

use devloop_cloud::{Cloud, Options};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Map, Value, json};

/// How many stacks are created; each is created from one template and updated to another.
const STACKS: u64 = 500;

/// The largest number of resources in a template.
const MOST: usize = 8;

/// A reference to another resource, in one of the forms that templates have.
fn reference(random: &mut StdRng, target: &str, kind: usize) -> Value {
    let attribute = match kind {
        0 => "Arn",
        1 => "TopicArn",
        _ => "Value",
    };
    match random.random_range(0..5) {
        0 => json!({ "Ref": target }),
        1 => json!({ "Fn::GetAtt": [target, attribute] }),
        2 => json!({ "Fn::Sub": format!("of-${{{target}}}-in-${{AWS::Region}}") }),
        3 => json!({ "Fn::Join": ["-", ["a", { "Fn::GetAtt": format!("{target}.{attribute}") }]] }),
        _ => json!({ "Fn::If": ["Wanted", { "Ref": target }, { "Ref": "AWS::StackName" }] }),
    }
}

/// A random graph of queues, topics and parameters. A resource refers only to resources made before it, but the template
/// lists them in another order. Some resources have a condition, and no other resource refers to these.
fn template(random: &mut StdRng) -> Value {
    let mut resources: Vec<(String, Value)> = Vec::new();
    let mut targets: Vec<(String, usize)> = Vec::new();
    for number in 0..random.random_range(1..=MOST) {
        // A logical id has the same type in all templates, because an update cannot change a resource's type.
        let logical = format!("R{number}");
        let kind = number % 3;
        let text = if targets.is_empty() || random.random_bool(0.3) {
            json!(random.random_range(0..3).to_string())
        } else {
            let at = random.random_range(0..targets.len());
            let (target, kind) = targets[at].clone();
            reference(random, &target, kind)
        };
        let mut resource = match kind {
            0 => json!({ "Type": "AWS::SQS::Queue", "Properties": {
                "DelaySeconds": random.random_range(0..3), "Tags": [{ "Key": "of", "Value": text }],
            } }),
            1 => {
                json!({ "Type": "AWS::SNS::Topic", "Properties": { "Tags": [{ "Key": "of", "Value": text }] } })
            }
            _ => json!({ "Type": "AWS::SSM::Parameter", "Properties": { "Type": "String", "Value": text } }),
        };
        if random.random_bool(0.2) {
            resource["Condition"] = "Wanted".into();
        } else {
            targets.push((logical.clone(), kind));
        }
        if random.random_bool(0.2) && !targets.is_empty() {
            let (target, _) = &targets[random.random_range(0..targets.len())];
            if *target != logical {
                resource["DependsOn"] = json!([target]);
            }
        }
        let at = random.random_range(0..=resources.len());
        resources.insert(at, (logical, resource));
    }
    let outputs: Map<String, Value> = targets
        .iter()
        .map(|(target, kind)| (format!("O{target}"), json!({ "Value": reference(random, target, *kind) })))
        .collect();
    json!({
        "Parameters": { "Stage": { "Type": "String", "Default": if random.random_bool(0.5) { "yes" } else { "no" } } },
        "Conditions": { "Wanted": { "Fn::Equals": [{ "Ref": "Stage" }, "yes"] } },
        "Resources": resources.into_iter().collect::<Map<_, _>>(),
        "Outputs": outputs,
    })
}

struct World {
    cloud: Cloud,
}

impl World {
    async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, String> {
        let cx = self.cloud.context("us-east-1");
        self.cloud.call(&cx, service, operation, input).await.map_err(|error| error.to_string())
    }

    /// The stack after its operation has ended.
    async fn ended(&self, id: &str) -> Value {
        let began = Instant::now();
        loop {
            let shown =
                self.call("cloudformation", "DescribeStacks", json!({ "StackName": id })).await.unwrap();
            let status = shown["Stacks"][0]["StackStatus"].as_str().unwrap();
            if !status.ends_with("_IN_PROGRESS") {
                return shown["Stacks"][0].clone();
            }
            assert!(began.elapsed().as_secs() < 60, "{id} is still {status}");
            tokio::task::yield_now().await;
        }
    }

    /// Every resource in the services that the templates use.
    async fn everything(&self) -> Vec<Value> {
        let mut found = Vec::new();
        for (service, operation, list) in [
            ("sqs", "ListQueues", "QueueUrls"),
            ("sns", "ListTopics", "Topics"),
            ("ssm", "DescribeParameters", "Parameters"),
        ] {
            let output = self.call(service, operation, json!({})).await.unwrap();
            found.extend(output[list].as_array().cloned().unwrap_or_default());
        }
        found
    }
}

/// A chain of a hundred, each with three others that need it.
fn large() -> Value {
    let mut resources = Map::new();
    for number in 0..100 {
        let text = match number {
            0 => json!("first"),
            _ => json!({ "Fn::GetAtt": [format!("P{}", number - 1), "Value"] }),
        };
        let tags = json!([{ "Key": "of", "Value": { "Ref": format!("P{number}") } }]);
        let parameter = json!({ "Type": "String", "Value": text });
        let role = json!({ "AssumeRolePolicyDocument": {}, "Tags": tags });
        for (prefix, kind, properties) in [
            ("P", "AWS::SSM::Parameter", parameter),
            ("Q", "AWS::SQS::Queue", json!({ "Tags": tags })),
            ("T", "AWS::SNS::Topic", json!({ "Tags": tags })),
            ("R", "AWS::IAM::Role", role),
        ] {
            let resource = json!({ "Type": kind, "Properties": properties });
            resources.insert(format!("{prefix}{number}"), resource);
        }
    }
    json!({ "Resources": resources })
}

#[tokio::test]
async fn four_hundred_resources_are_made_and_deleted() {
    let world = World { cloud: Cloud::new(Options::default()) };
    let input = json!({
        "StackName": "large", "TemplateBody": large().to_string(), "Capabilities": ["CAPABILITY_IAM"],
    });
    let began = Instant::now();
    let made = world.call("cloudformation", "CreateStack", input.clone()).await.unwrap();
    let stack = world.ended(made["StackId"].as_str().unwrap()).await;
    let creation = began.elapsed();
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{stack}");
    let began = Instant::now();
    world.call("cloudformation", "DeleteStack", json!({ "StackName": "large" })).await.unwrap();
    let deletion = began.elapsed();
    assert_eq!(world.everything().await, Vec::<Value>::new());
    println!("400 resources: made in {creation:?}, deleted in {deletion:?}");
}

#[tokio::test]
async fn random_stacks_leave_nothing_over() {
    let world = World { cloud: Cloud::new(Options::default()) };
    for seed in 0..STACKS {
        let mut random = StdRng::seed_from_u64(seed);
        let [first, second] = [template(&mut random), template(&mut random)];
        let name = format!("random-{seed}");
        let input = json!({ "StackName": name, "TemplateBody": first.to_string() });
        let made = world.call("cloudformation", "CreateStack", input).await;
        let made = made.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{first}"));
        let id = made["StackId"].as_str().unwrap();
        let stack = world.ended(id).await;
        assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "seed {seed}: {stack}\n{first}");

        let input = json!({ "StackName": name, "TemplateBody": second.to_string() });
        match world.call("cloudformation", "UpdateStack", input).await {
            Ok(_) => {
                let stack = world.ended(id).await;
                assert_eq!(
                    stack["StackStatus"], "UPDATE_COMPLETE",
                    "seed {seed}: {stack}\n{first}\n{second}"
                );
            }
            Err(error) => {
                assert!(error.contains("No updates are to be performed"), "seed {seed}: {error}\n{second}");
            }
        }
        let listed =
            world.call("cloudformation", "ListStackResources", json!({ "StackName": name })).await.unwrap();
        let listed = listed["StackResourceSummaries"].as_array().unwrap().iter();
        let there = listed.filter(|resource| resource["ResourceStatus"] != "DELETE_COMPLETE").count();
        assert_eq!(world.everything().await.len(), there, "seed {seed}:\n{first}\n{second}");

        world.call("cloudformation", "DeleteStack", json!({ "StackName": name })).await.unwrap();
        let stack = world.ended(id).await;
        assert_eq!(stack["StackStatus"], "DELETE_COMPLETE", "seed {seed}: {stack}");
        assert_eq!(world.everything().await, Vec::<Value>::new(), "seed {seed}:\n{first}\n{second}");
    }
}
