//! Applies templates with resource types that only record calls, and with the cloud's own API Gateway.

mod apis;
mod forms;
mod tables;

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{sync::Barrier, time::timeout};

use super::{super::types::Types, *};
use crate::{
    Options,
    cloud::Cloud,
    error::ApiError,
    resource::{Created, Doing, Properties, Record, ResourceType, Shape, Task},
    service::{Catalogue, Service as _},
};

/// A resource type that records the calls. The physical id is `p-<name>`; the property `Fail` makes `create` fail half way.
#[derive(Debug, Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, what: &str, task: &Task<'_>) -> String {
        let name = task.properties["Name"].as_str().unwrap();
        self.0.lock().push(format!("{what} {name}"));
        name.to_owned()
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

impl ResourceType for Notes {
    fn properties(&self) -> Properties {
        &[("Name", Shape::Text), ("Size", Shape::Integer), ("Fail", Shape::Text), ("Other", Shape::Any)]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["Size"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = self.note("create", task);
            match task.properties.get("Fail").and_then(Value::as_str) {
                Some("at once") => Err(ApiError::client("LimitExceededException", "no more").into()),
                Some(_) => {
                    task.began("half");
                    Err(ApiError::client("LimitExceededException", "no more").into())
                }
                None => Ok(Created::new(format!("p-{name}")).with("Arn", format!("arn:{name}"))),
            }
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            self.note(&format!("update to {}", task.properties["Size"]), task);
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let name = self.note(&format!("delete {physical_id}"), task);
            match name.as_str() {
                "gone" => Err(ApiError::with_status(404, "NotFoundException", "not there").into()),
                "stuck" => Err(ApiError::client("ResourceInUseException", "still in use").into()),
                _ => Ok(()),
            }
        })
    }
}

/// A resource type whose resources are created two at a time: one waits for the other.
#[derive(Debug)]
struct Pair(Barrier);

impl ResourceType for Pair {
    fn properties(&self) -> Properties {
        &[]
    }

    fn create<'a>(&'a self, _: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            self.0.wait().await;
            Ok(Created::new("p"))
        })
    }

    fn delete<'a>(&'a self, _: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

struct World {
    notes: Notes,
    cloud: Cloud,
    service: Arc<CloudFormation>,
}

impl World {
    fn new() -> Self {
        let notes = Notes::default();
        let types = Types::new([
            ("Test::Thing", Box::new(notes.clone()) as Box<dyn ResourceType>),
            ("Test::Other", Box::new(notes.clone())),
            ("Test::Pair", Box::new(Pair(Barrier::new(2)))),
        ]);
        let service = CloudFormation::with(types);
        let cloud = Cloud::new(Options::default());
        let calls = Arc::clone(&cloud.0.registry) as Arc<dyn Catalogue>;
        service.connect(Arc::downgrade(&calls));
        Self { notes, cloud, service }
    }

    fn cx(&self) -> Context {
        self.cloud.context("us-east-1")
    }

    /// Applies resources of the type `Test::Thing`; returns the recorded calls and the outcome.
    async fn apply(&self, resources: Value, outputs: Value) -> (Vec<String>, Result<Outputs, String>) {
        let document = json!({ "Resources": resources, "Outputs": outputs });
        let template = Template::parse(&document.to_string()).unwrap();
        let outcome = self.service.apply(self.cx(), "stack", &template, &BTreeMap::new()).await;
        (self.notes.take(), outcome.map_err(|error| error.to_string()))
    }
}

fn thing(properties: &Value) -> Value {
    json!({ "Type": "Test::Thing", "Properties": properties })
}

#[tokio::test]
async fn resources_are_made_in_the_order_of_their_references() {
    let world = World::new();
    let mut last = thing(&json!({"Name": "last"}));
    last["DependsOn"] = json!(["B"]);
    let resources = json!({
        "C": last,
        "B": thing(&json!({"Name": {"Fn::Sub": "b-of-${A}"}, "Other": {"Fn::GetAtt": ["A", "Arn"]}})),
        "A": thing(&json!({"Name": "a"})),
    });
    let outputs = json!({"Made": {"Value": {"Fn::GetAtt": ["B", "Arn"]}}});
    let (done, outcome) = world.apply(resources.clone(), outputs.clone()).await;
    assert_eq!(done, ["create a", "create b-of-p-a", "create last"]);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.get("Made"), Some("arn:b-of-p-a"));
    let physical: Vec<&str> =
        outcome.resources().map(|(_, resource)| resource.physical_id.as_str()).collect();
    assert_eq!(physical, ["p-a", "p-b-of-p-a", "p-last"]);

    let (done, again) = world.apply(resources, outputs).await;
    assert_eq!((done, again.unwrap()), (vec![], outcome), "an unchanged template does nothing");
}

#[tokio::test]
async fn resources_that_do_not_need_each_other_are_made_side_by_side() {
    let pair = json!({ "Type": "Test::Pair" });
    let resources = json!({ "A": pair, "B": pair, "C": pair, "D": pair });
    let world = World::new();
    let applying = world.apply(resources, json!({}));
    let (_, outcome) = timeout(std::time::Duration::from_secs(10), applying).await.unwrap();
    assert_eq!(outcome.unwrap().resources().count(), 4);
}

#[tokio::test]
async fn a_failure_undoes_what_was_done_and_names_the_resource() {
    let check = async |failing: Value, expected: &[&str]| {
        let world = World::new();
        let resources = json!({
            "A": thing(&json!({"Name": "a"})),
            "B": thing(&json!({"Name": "gone", "Other": {"Ref": "A"}})),
            "C": thing(&failing),
        });
        let (done, outcome) = world.apply(resources, json!({})).await;
        assert_eq!(done, expected);
        let error = "resource `C`: Test::Thing could not be created: LimitExceededException: no more";
        assert_eq!(outcome.unwrap_err(), error);
        let (done, _) = world.apply(json!({"A": thing(&json!({"Name": "a"}))}), json!({})).await;
        assert_eq!(done, ["create a"], "nothing was left behind");
    };
    let name = json!({"Fn::Join": ["", ["c", {"Fn::Select": [1, {"Fn::Split": ["-", {"Ref": "B"}]}]}]]});
    let made = ["create a", "create gone", "create cgone"];
    let undone = ["delete p-gone gone", "delete p-a a"];
    let at_once: Vec<&str> = made.into_iter().chain(undone).collect();
    let half: Vec<&str> = made.into_iter().chain(["delete half cgone"]).chain(undone).collect();
    check(json!({"Name": name.clone(), "Fail": "at once"}), &at_once).await;
    check(json!({"Name": name, "Fail": "half way"}), &half).await;
}

#[tokio::test]
async fn what_cannot_be_undone_is_reported() {
    let world = World::new();
    let failing = json!({"Name": {"Ref": "A"}, "Fail": "at once"});
    let (_, outcome) =
        world.apply(json!({"A": thing(&json!({"Name": "stuck"})), "B": thing(&failing)}), json!({})).await;
    let expected = "resource `B`: Test::Thing could not be created: LimitExceededException: no more; could not be \
                    undone: A (ResourceInUseException: still in use)";
    assert_eq!(outcome.unwrap_err(), expected);
}

#[tokio::test]
async fn what_could_not_be_undone_stays_in_the_stack_until_it_is_deleted() {
    let check = async |first: Option<Value>, last: Value, undone: &str, deleted: &[&str]| {
        let world = World::new();
        let status = || world.service.stacks.by_name(&world.cx(), "stack").unwrap().status();
        let delete = async |more: Value| {
            let mut input = json!({ "StackName": "stack" });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            crate::service::Service::call(&*world.service, &world.cx(), "DeleteStack", input).await.unwrap();
            world.notes.take()
        };
        if let Some(first) = first {
            world.apply(json!({"A": thing(&first)}), json!({})).await.1.unwrap();
        }
        world.apply(json!({"A": thing(&last)}), json!({})).await.1.unwrap_err();
        assert_eq!(status(), undone);
        assert_eq!(delete(json!({})).await, deleted);
        assert_eq!(status(), "DELETE_FAILED");
        let shown = world.service.stacks.by_name(&world.cx(), "stack").unwrap();
        assert_eq!(shown.facts.lock().shown["A"].status, "DELETE_FAILED");
        delete(json!({"RetainResources": ["A"]})).await;
        assert!(world.service.stacks.by_name(&world.cx(), "stack").is_none());
    };
    let half = json!({"Name": "stuck", "Fail": "half way"});
    check(None, half.clone(), "ROLLBACK_FAILED", &["delete half stuck"]).await;
    let both = ["delete p-a a", "delete half stuck"];
    check(Some(json!({"Name": "a"})), half, "UPDATE_ROLLBACK_FAILED", &both).await;
}

#[tokio::test]
async fn a_changed_template_changes_what_it_can_in_place() {
    let world = World::new();
    let first = json!({
        "A": thing(&json!({"Name": "a", "Size": "1"})),
        "B": thing(&json!({"Name": "b"})),
        "C": thing(&json!({"Name": "c", "Other": {"Ref": "B"}})),
        "D": {"Type": "Test::Thing", "Properties": {"Name": "d"}, "DeletionPolicy": "Retain"},
    });
    world.apply(first, json!({})).await.1.unwrap();

    let other_type = json!({"A": {"Type": "Test::Other"}, "N": thing(&json!({"Name": "new"}))});
    let (done, outcome) = world.apply(other_type, json!({})).await;
    assert_eq!(done, Vec::<String>::new(), "a refusal comes before anything is done");
    assert_eq!(
        outcome.unwrap_err(),
        "resource `A`: its type cannot change; give the new resource another logical id"
    );

    let failing = json!({
        "A": thing(&json!({"Name": "a", "Size": 2})),
        "F": thing(&json!({"Name": {"Ref": "A"}, "Fail": "at once"})),
    });
    let (done, _) = world.apply(failing, json!({})).await;
    assert_eq!(done, ["update to 2 a", "create p-a", "update to 1 a"]);

    let (done, outcome) = world.apply(json!({"A": thing(&json!({"Name": "a", "Size": 3}))}), json!({})).await;
    outcome.unwrap();
    assert_eq!(done, ["update to 3 a", "delete p-c c", "delete p-b b"], "what is retained stays");
}

#[tokio::test]
async fn what_cannot_change_in_place_is_replaced_and_the_old_one_deleted_last() {
    let world = World::new();
    let named = |name: &str, fail: Option<&str>| {
        let mut last = json!({"Name": {"Fn::Sub": "of-${A}"}});
        if let Some(fail) = fail {
            last["Fail"] = fail.into();
        }
        json!({"A": thing(&json!({"Name": name, "Size": 1})), "B": thing(&last)})
    };
    world.apply(named("one", None), json!({})).await.1.unwrap();

    let (done, outcome) = world.apply(named("two", Some("at once")), json!({})).await;
    assert!(outcome.unwrap_err().starts_with("resource `B`: Test::Thing could not be updated"));
    assert_eq!(done, ["create two", "create of-p-two", "delete p-two two"], "the old ones are still there");

    let (done, outcome) = world.apply(named("two", None), json!({})).await;
    outcome.unwrap();
    let expected = ["create two", "create of-p-two", "delete p-of-p-one of-p-one", "delete p-one one"];
    assert_eq!(done, expected);
}

#[tokio::test]
async fn mistakes_are_found_before_anything_is_done() {
    let check = async |resources: Value, outputs: Value, expected: &str| {
        let (done, outcome) = World::new().apply(resources, outputs).await;
        assert_eq!((done, outcome.unwrap_err().as_str()), (vec![], expected));
    };
    let with = |extra: Value| json!({"A": thing(&json!({"Name": "a"})), "B": extra});
    check(
        with(json!({"Type": "AWS::S3::Bucket"})),
        json!({}),
        "resource `B`: the embedded cloud does not support the type `AWS::S3::Bucket`",
    )
    .await;
    check(
        with(thing(&json!({"Name": "b", "Colour": 1, "Shade": 2}))),
        json!({}),
        "resource `B`: the embedded cloud does not support these properties of Test::Thing: Colour, Shade",
    )
    .await;
    check(
        with(thing(&json!({"Name": {"Ref": "Nobody"}}))),
        json!({}),
        "resource `B`: `Nobody` is neither a parameter nor a resource of the template",
    )
    .await;
    check(
        with(thing(&json!({"Name": {"Fn::GetAtt": ["A", "Colour"]}}))),
        json!({}),
        "resource `B`: `A` has no attribute `Colour`",
    )
    .await;
    check(
        with(json!({"Type": "Test::Thing", "DependsOn": "Nobody"})),
        json!({}),
        "resource `B`: DependsOn names `Nobody`, which the template does not have",
    )
    .await;
    check(
        with(json!({"Type": "Test::Thing", "Condition": "Maybe"})),
        json!({}),
        "resource `B`: the condition `Maybe` is not declared",
    )
    .await;
    check(
        json!({"A": thing(&json!({"Name": {"Ref": "B"}})), "B": thing(&json!({"Name": {"Ref": "A"}}))}),
        json!({}),
        "the resources depend on each other in a circle: A -> B -> A",
    )
    .await;
    check(
        json!({"A": thing(&json!({"Name": "a"}))}),
        json!({"O": {"Value": {"Ref": "Nobody"}}}),
        "output `O`: `Nobody` is neither a parameter nor a resource of the template",
    )
    .await;
}

#[tokio::test]
async fn a_conditions_resources_may_be_of_any_type_while_they_are_left_out() {
    let world = World::new();
    let document = json!({
        "Parameters": {"Keys": {"Type": "String", "Default": "no"}},
        "Conditions": {"WithKeys": {"Fn::Equals": [{"Ref": "Keys"}, "yes"]}},
        "Resources": {
            "Key": {"Type": "AWS::KMS::Key", "Condition": "WithKeys"},
            "A": thing(&json!({"Name": "a", "Other": {"Fn::If": ["WithKeys", {"Ref": "Key"}, {"Ref": "AWS::NoValue"}]}})),
        },
        "Outputs": {"Key": {"Condition": "WithKeys", "Value": {"Ref": "Key"}}},
    });
    let template = Template::parse(&document.to_string()).unwrap();
    let outputs = world.service.apply(world.cx(), "stack", &template, &BTreeMap::new()).await.unwrap();
    assert_eq!((world.notes.take(), outputs.iter().count()), (vec!["create a".to_owned()], 0));
    let keys = BTreeMap::from([("Keys".to_owned(), "yes".to_owned())]);
    let error = world.service.apply(world.cx(), "other", &template, &keys).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "resource `Key`: the embedded cloud does not support the type `AWS::KMS::Key`"
    );
}

#[tokio::test]
async fn one_stack_imports_what_another_exports() {
    let world = World::new();
    let exporting = json!({
        "Resources": {"A": thing(&json!({"Name": "a"}))},
        "Outputs": {"O": {"Value": {"Ref": "A"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-a"}}}},
    });
    let importing = json!({"Resources": {"B": thing(&json!({"Name": {"Fn::ImportValue": "first-a"}}))}});
    let parse = |document: Value| Template::parse(&document.to_string()).unwrap();
    let (exporting, importing, none) = (parse(exporting), parse(importing), &BTreeMap::new());
    let early = world.service.apply(world.cx(), "second", &importing, none).await.unwrap_err();
    assert_eq!(early.to_string(), "resource `B`: no stack exports `first-a`");
    world.service.apply(world.cx(), "first", &exporting, none).await.unwrap();
    world.service.apply(world.cx(), "second", &importing, none).await.unwrap();
    assert_eq!(world.notes.take(), ["create a", "create p-a"]);
}

#[tokio::test]
async fn stack_names_are_checked() {
    let template = Template::parse(r#"{"Resources":{}}"#).unwrap();
    let cloud = Cloud::new(Options::default());
    for name in ["", "1a", "a_b", "../x"] {
        let error = cloud.apply(name, &template, &BTreeMap::new()).await.unwrap_err();
        assert_eq!(error, TemplateError::StackName(name.to_owned()));
    }
    assert_eq!(cloud.apply("a-b", &template, &BTreeMap::new()).await, Ok(Outputs::default()));
}
