//! `AWS::Lambda::EventSourceMapping`.

use serde_json::{Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Flag, Integer, Parts, Text, Texts},
    Task, text,
};

/// `AWS::Lambda::EventSourceMapping`. Its properties are the members of the API's input. Mappings refuse unsupported
/// options by name.
#[derive(Debug)]
pub(super) struct EventSourceMapping;

impl ResourceType for EventSourceMapping {
    fn properties(&self) -> Properties {
        &[
            ("BatchSize", Integer),
            ("BisectBatchOnFunctionError", Flag),
            ("DestinationConfig", Any),
            ("Enabled", Flag),
            ("EventSourceArn", Text),
            ("FilterCriteria", Any),
            ("FunctionName", Text),
            ("FunctionResponseTypes", Texts),
            ("MaximumBatchingWindowInSeconds", Integer),
            ("MaximumRecordAgeInSeconds", Integer),
            ("MaximumRetryAttempts", Integer),
            ("MetricsConfig", Any),
            ("ParallelizationFactor", Integer),
            ("ScalingConfig", Parts(&[("MaximumConcurrency", Integer)])),
            ("StartingPosition", Text),
            ("StartingPositionTimestamp", Any),
            ("Tags", Shape::TAGS),
            ("TumblingWindowInSeconds", Integer),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["EventSourceMappingArn", "Id"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &[
            "BatchSize",
            "BisectBatchOnFunctionError",
            "DestinationConfig",
            "Enabled",
            "FilterCriteria",
            "FunctionName",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "MaximumRecordAgeInSeconds",
            "MaximumRetryAttempts",
            "ParallelizationFactor",
            "ScalingConfig",
            "TumblingWindowInSeconds",
        ]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = task.properties.clone();
            input.remove("Tags");
            if let Some(tags) = task.tags()? {
                input.insert("Tags".to_owned(), tags);
            }
            let output = task.call("lambda", "CreateEventSourceMapping", Value::Object(input)).await?;
            let id = text(&output, "/UUID")?;
            task.began(&id);
            settled(task, &id).await
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let id = &before.made.physical_id;
            let mut input = task.pick(self.updatable());
            for property in self.updatable() {
                if !task.properties.contains_key(*property) && before.properties.contains_key(*property) {
                    input.insert((*property).to_owned(), default(property));
                }
            }
            input.insert("UUID".to_owned(), id.as_str().into());
            task.call("lambda", "UpdateEventSourceMapping", Value::Object(input)).await?;
            settled(task, id).await
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("lambda", "DeleteEventSourceMapping", json!({ "UUID": physical_id })).await?;
            Ok(())
        })
    }
}

/// The default of a property that the template no longer has [`CreateEventSourceMapping`, Lambda API reference].
fn default(property: &str) -> Value {
    match property {
        "BatchSize" => 100.into(),
        "BisectBatchOnFunctionError" => false.into(),
        "Enabled" => true.into(),
        "FunctionResponseTypes" => Value::Array(Vec::new()),
        "MaximumRecordAgeInSeconds" | "MaximumRetryAttempts" => (-1).into(),
        "ParallelizationFactor" => 1.into(),
        "MaximumBatchingWindowInSeconds" | "TumblingWindowInSeconds" => 0.into(),
        _ => Value::Object(serde_json::Map::new()),
    }
}

/// Waits until the mapping is neither being created nor being updated.
async fn settled(task: &Task<'_>, id: &str) -> Result<Created, Cause> {
    let found = task
        .settled(|| async move {
            let found = task.call("lambda", "GetEventSourceMapping", json!({ "UUID": id })).await?;
            Ok(matches!(found["State"].as_str(), Some("Enabled" | "Disabled")).then_some(found))
        })
        .await?;
    let arn = text(&found, "/EventSourceMappingArn")
        .unwrap_or_else(|_| task.cx.arn("lambda", &format!("event-source-mapping:{id}")));
    Ok(Created::new(id).with("EventSourceMappingArn", arn).with("Id", id))
}
