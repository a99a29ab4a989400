//! `AWS::Events::Rule`, `EventBus` and `EventBusPolicy`.

use serde_json::{Map, Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Integer, Parts, Text},
    Task, text,
};

/// The resource types that EventBridge implements.
pub(super) fn types() -> Vec<(&'static str, Box<dyn ResourceType>)> {
    vec![
        ("AWS::Events::EventBus", Box::new(EventBus)),
        ("AWS::Events::EventBusPolicy", Box::new(EventBusPolicy)),
        ("AWS::Events::Rule", Box::new(Rule)),
    ]
}

/// A document as text, which is the form that the API takes.
fn document(value: &Value) -> Value {
    match value {
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

/// `AWS::Events::Rule`.
#[derive(Debug)]
struct Rule;

impl Rule {
    async fn put(task: &Task<'_>, name: &str) -> Result<String, Cause> {
        let mut input = task.pick(&["Description", "EventBusName", "RoleArn", "ScheduleExpression", "State"]);
        input.insert("Name".to_owned(), name.into());
        if let Some(pattern) = task.properties.get("EventPattern") {
            input.insert("EventPattern".to_owned(), document(pattern));
        }
        if let Some(tags) = task.properties.get("Tags") {
            input.insert("Tags".to_owned(), tags.clone());
        }
        let output = task.call("events", "PutRule", input.into()).await?;
        task.began(name);
        let targets = task.properties.get("Targets").and_then(Value::as_array);
        if let Some(targets) = targets.filter(|targets| !targets.is_empty()) {
            let mut input = Self::naming(task, name);
            input.insert("Targets".to_owned(), targets.clone().into());
            task.call("events", "PutTargets", input.into()).await?;
        }
        text(&output, "/RuleArn")
    }

    /// The input members that name the rule, for operations on its targets.
    fn naming(task: &Task<'_>, name: &str) -> Map<String, Value> {
        let mut input = task.pick(&["EventBusName"]);
        input.insert("Rule".to_owned(), name.into());
        input
    }

    /// Removes the targets that are in `targets` and not in `kept`.
    async fn remove(task: &Task<'_>, name: &str, targets: &Value, kept: &Value) -> Result<(), Cause> {
        let ids = |targets: &Value| -> Vec<Value> {
            targets.as_array().into_iter().flatten().map(|target| target["Id"].clone()).collect()
        };
        let kept = ids(kept);
        let gone: Vec<Value> = ids(targets).into_iter().filter(|id| !kept.contains(id)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let mut input = Self::naming(task, name);
        input.insert("Ids".to_owned(), gone.into());
        task.call("events", "RemoveTargets", input.into()).await?;
        Ok(())
    }
}

/// The rule's name in its physical id. For a bus other than the default one, the id starts with the bus's name.
fn rule_name(physical_id: &str) -> &str {
    physical_id.rsplit_once('|').map_or(physical_id, |(_, name)| name)
}

impl ResourceType for Rule {
    fn properties(&self) -> Properties {
        &[
            ("Description", Text),
            ("EventBusName", Text),
            ("EventPattern", Any),
            ("Name", Text),
            ("RoleArn", Text),
            ("ScheduleExpression", Text),
            ("State", Text),
            ("Tags", Shape::TAGS),
            ("Targets", Parts(&[("MaximumRetryAttempts", Integer), ("MaximumEventAgeInSeconds", Integer)])),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["Description", "EventPattern", "RoleArn", "ScheduleExpression", "State", "Targets"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("Name", 64);
            let arn = Self::put(task, &name).await?;
            let bus = task.text("EventBusName").map(|bus| bus.rsplit("event-bus/").next().unwrap_or(bus));
            let id = match bus.filter(|bus| *bus != "default") {
                Some(bus) => format!("{bus}|{name}"),
                None => name,
            };
            Ok(Created::new(id).with("Arn", arn))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = rule_name(&before.made.physical_id);
            Self::put(task, name).await?;
            let targets =
                |properties: &Map<String, Value>| properties.get("Targets").cloned().unwrap_or_default();
            Self::remove(task, name, &targets(&before.properties), &targets(task.properties)).await?;
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let name = rule_name(physical_id);
            let targets = task.properties.get("Targets").cloned().unwrap_or_default();
            Self::remove(task, name, &targets, &Value::Null).await?;
            let mut input = task.pick(&["EventBusName"]);
            input.insert("Name".to_owned(), name.into());
            task.call("events", "DeleteRule", input.into()).await?;
            Ok(())
        })
    }
}

/// `AWS::Events::EventBus`.
#[derive(Debug)]
struct EventBus;

impl ResourceType for EventBus {
    fn properties(&self) -> Properties {
        &[
            ("DeadLetterConfig", Any),
            ("Description", Text),
            ("EventSourceName", Text),
            ("KmsKeyIdentifier", Text),
            ("LogConfig", Any),
            ("Name", Text),
            ("Tags", Shape::TAGS),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "Name"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["DeadLetterConfig", "Description", "LogConfig"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.required("Name")?;
            let output = task.call("events", "CreateEventBus", task.properties.clone().into()).await?;
            Ok(Created::new(name).with("Name", name).with("Arn", text(&output, "/EventBusArn")?))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            task.call("events", "UpdateEventBus", task.properties.clone().into()).await?;
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("events", "DeleteEventBus", json!({ "Name": physical_id })).await?;
            Ok(())
        })
    }
}

/// `AWS::Events::EventBusPolicy`: a statement of the policy, kept and shown without effect.
#[derive(Debug)]
struct EventBusPolicy;

impl ResourceType for EventBusPolicy {
    fn properties(&self) -> Properties {
        &[
            ("Action", Text),
            ("Condition", Any),
            ("EventBusName", Text),
            ("Principal", Text),
            ("Statement", Any),
            ("StatementId", Text),
        ]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = task.pick(&["Condition", "EventBusName", "Principal", "StatementId"]);
            if let Some(statement) = task.properties.get("Statement") {
                let mut statement = statement.clone();
                statement["Sid"] = task.required("StatementId")?.into();
                input.insert("Policy".to_owned(), json!({ "Statement": [statement] }).to_string().into());
            }
            task.call("events", "PutPermission", input.into()).await?;
            Ok(Created::new(task.required("StatementId")?))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let mut input = task.pick(&["EventBusName"]);
            input.insert("StatementId".to_owned(), physical_id.into());
            task.call("events", "RemovePermission", input.into()).await?;
            Ok(())
        })
    }
}
