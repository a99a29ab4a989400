//! The request of a custom resource [Custom resource request objects, CloudFormation User Guide].

use serde_json::{Map, Value, json};

use crate::resource::Task;

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verb<'v> {
    Create,
    Update { physical_id: &'v str, before: &'v Map<String, Value> },
    Delete { physical_id: &'v str },
}

/// What a request is made of.
#[derive(Debug)]
pub(super) struct Request<'r> {
    pub(super) verb: Verb<'r>,
    pub(super) token: &'r str,
    pub(super) url: &'r str,
    pub(super) id: &'r str,
    pub(super) stack_id: &'r str,
}

impl Request<'_> {
    /// The request as its receiver reads it.
    pub(super) fn document(&self, task: &Task<'_>) -> Value {
        let mut document = json!({
            "ServiceToken": self.token,
            "ResponseURL": self.url,
            "StackId": self.stack_id,
            "RequestId": self.id,
            "LogicalResourceId": task.logical(),
            "ResourceType": task.kind(),
            "ResourceProperties": texts(&Value::Object(task.properties.clone())),
        });
        let (name, physical_id) = match self.verb {
            Verb::Create => ("Create", None),
            Verb::Update { physical_id, before } => {
                document["OldResourceProperties"] = texts(&Value::Object(before.clone()));
                ("Update", Some(physical_id))
            }
            Verb::Delete { physical_id } => ("Delete", Some(physical_id)),
        };
        document["RequestType"] = name.into();
        if let Some(physical_id) = physical_id {
            document["PhysicalResourceId"] = physical_id.into();
        }
        document
    }
}

/// The properties as CloudFormation hands them on: numbers and booleans are texts.
fn texts(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), texts(member))).collect()
        }
        Value::Number(number) => number.to_string().into(),
        Value::Bool(flag) => flag.to_string().into(),
        other => other.clone(),
    }
}
