//! `AWS::SSM::Parameter`.

use serde_json::{Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{Each, Text},
    Task,
};

/// `AWS::SSM::Parameter`.
#[derive(Debug)]
pub(super) struct Parameter;

impl Parameter {
    async fn put(task: &Task<'_>, name: &str, overwrite: bool) -> Result<Created, Cause> {
        let mut input = task.pick(&["AllowedPattern", "DataType", "Description", "Tier", "Type", "Value"]);
        input.insert("Name".to_owned(), name.into());
        if overwrite {
            input.insert("Overwrite".to_owned(), true.into());
        } else if let Some(Value::Object(tags)) = task.properties.get("Tags") {
            // The tags of this type are a map, unlike those of others.
            let tags: Vec<Value> =
                tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            input.insert("Tags".to_owned(), tags.into());
        }
        task.call("ssm", "PutParameter", Value::Object(input)).await?;
        Ok(Created::new(name).with("Type", task.required("Type")?).with("Value", task.required("Value")?))
    }
}

impl ResourceType for Parameter {
    fn properties(&self) -> Properties {
        &[
            ("AllowedPattern", Text),
            ("DataType", Text),
            ("Description", Text),
            ("Name", Text),
            ("Tags", Each(&Text)),
            ("Tier", Text),
            ("Type", Text),
            ("Value", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Type", "Value"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["AllowedPattern", "Description", "Value"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move { Self::put(task, &task.name("Name", 512), false).await })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(Self::put(task, &before.made.physical_id, true))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("ssm", "DeleteParameter", json!({ "Name": physical_id })).await?;
            Ok(())
        })
    }
}
