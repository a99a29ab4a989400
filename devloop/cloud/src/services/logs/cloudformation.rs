//! `AWS::Logs::LogGroup`.

use serde_json::{Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{Any, Integer, Text},
    Task,
};

/// `AWS::Logs::LogGroup`.
#[derive(Debug)]
pub(super) struct LogGroup;

impl LogGroup {
    async fn retain(task: &Task<'_>, name: &str) -> Result<Created, Cause> {
        match task.properties.get("RetentionInDays") {
            Some(days) => {
                let input = json!({ "logGroupName": name, "retentionInDays": days });
                task.call("logs", "PutRetentionPolicy", input).await?;
            }
            None => {
                task.call("logs", "DeleteRetentionPolicy", json!({ "logGroupName": name })).await?;
            }
        }
        Ok(described(task, name))
    }
}

fn described(task: &Task<'_>, name: &str) -> Created {
    Created::new(name).with("Arn", task.cx.arn("logs", &format!("log-group:{name}:*")))
}

impl ResourceType for LogGroup {
    fn properties(&self) -> Properties {
        &[
            ("KmsKeyId", Text),
            ("LogGroupClass", Text),
            ("LogGroupName", Text),
            ("RetentionInDays", Integer),
            ("Tags", Any),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["RetentionInDays"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("LogGroupName", 512);
            let mut input = json!({ "logGroupName": name });
            for (property, member) in [("KmsKeyId", "kmsKeyId"), ("LogGroupClass", "logGroupClass")] {
                if let Some(value) = task.text(property) {
                    input[member] = Value::from(value);
                }
            }
            if let Some(tags) = task.tags()? {
                input["tags"] = tags;
            }
            task.call("logs", "CreateLogGroup", input).await?;
            task.began(&name);
            if task.properties.contains_key("RetentionInDays") {
                return Self::retain(task, &name).await;
            }
            Ok(described(task, &name))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(Self::retain(task, &before.made.physical_id))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("logs", "DeleteLogGroup", json!({ "logGroupName": physical_id })).await?;
            Ok(())
        })
    }
}
