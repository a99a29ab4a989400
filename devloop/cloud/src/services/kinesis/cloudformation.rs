//! `AWS::Kinesis::Stream`.

use serde_json::{Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, ResourceType,
    Shape::{Any, Integer, Text},
    Task, text,
};

/// The retention of a new stream, in hours.
const DEFAULT_RETENTION: i64 = 24;

/// `AWS::Kinesis::Stream`.
#[derive(Debug)]
pub(super) struct Stream;

impl ResourceType for Stream {
    fn properties(&self) -> Properties {
        &[
            ("Name", Text),
            ("RetentionPeriodHours", Integer),
            ("ShardCount", Integer),
            ("StreamEncryption", Any),
            ("StreamModeDetails", Any),
            ("Tags", Any),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("Name", 128);
            let mut input = task.pick(&["ShardCount", "StreamModeDetails"]);
            input.insert("StreamName".to_owned(), name.as_str().into());
            if let Some(tags) = task.tags()? {
                input.insert("Tags".to_owned(), tags);
            }
            task.call("kinesis", "CreateStream", Value::Object(input)).await?;
            task.began(&name);
            let mut summary = active(task, &name).await?;
            let hours = task.properties.get("RetentionPeriodHours").and_then(Value::as_i64);
            if let Some(hours) = hours.filter(|hours| *hours != DEFAULT_RETENTION) {
                let input = json!({ "StreamName": name, "RetentionPeriodHours": hours });
                task.call("kinesis", "IncreaseStreamRetentionPeriod", input).await?;
                summary = active(task, &name).await?;
            }
            if let Some(encryption) = task.properties.get("StreamEncryption") {
                let Value::Object(mut input) = encryption.clone() else {
                    return Err(Cause::Property("StreamEncryption must be a structure".to_owned()));
                };
                input.insert("StreamName".to_owned(), name.as_str().into());
                task.call("kinesis", "StartStreamEncryption", Value::Object(input)).await?;
                summary = active(task, &name).await?;
            }
            Ok(Created::new(name).with("Arn", text(&summary, "/StreamARN")?))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let input = json!({ "StreamName": physical_id, "EnforceConsumerDeletion": true });
            task.call("kinesis", "DeleteStream", input).await?;
            Ok(())
        })
    }
}

/// The stream's description once it is active.
async fn active(task: &Task<'_>, name: &str) -> Result<Value, Cause> {
    task.settled(|| async move {
        let output = task.call("kinesis", "DescribeStreamSummary", json!({ "StreamName": name })).await?;
        let summary = &output["StreamDescriptionSummary"];
        Ok((summary["StreamStatus"] == "ACTIVE").then(|| summary.clone()))
    })
    .await
}
