//! `AWS::Kinesis::Stream` and `AWS::Kinesis::StreamConsumer`.

use serde_json::{Map, Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Integer, Text},
    Task, text,
};

/// The retention of a new stream, in hours.
const DEFAULT_RETENTION: i64 = 24;

/// `AWS::Kinesis::Stream`.
#[derive(Debug)]
pub(super) struct Stream;

impl Stream {
    /// Encrypts the stream if the template says so; returns its new description in that case.
    async fn encrypt(task: &Task<'_>, name: &str) -> Result<Option<Value>, Cause> {
        let Some(encryption) = task.properties.get("StreamEncryption") else { return Ok(None) };
        let Value::Object(mut input) = encryption.clone() else {
            return Err(Cause::Property("StreamEncryption must be a structure".to_owned()));
        };
        input.insert("StreamName".to_owned(), name.into());
        task.call("kinesis", "StartStreamEncryption", Value::Object(input)).await?;
        active(task, name).await.map(Some)
    }
}

impl ResourceType for Stream {
    fn properties(&self) -> Properties {
        &[
            ("Name", Text),
            ("RetentionPeriodHours", Integer),
            ("ShardCount", Integer),
            ("StreamEncryption", Any),
            ("StreamModeDetails", Any),
            ("Tags", Shape::TAGS),
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
            if let Some(encrypted) = Self::encrypt(task, &name).await? {
                summary = encrypted;
            }
            Ok(Created::new(name).with("Arn", text(&summary, "/StreamARN")?))
        })
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["RetentionPeriodHours", "ShardCount", "StreamEncryption", "StreamModeDetails", "Tags"]
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = before.made.physical_id.as_str();
            let arn = task.cx.arn("kinesis", &format!("stream/{name}"));
            let mode = |properties: &Map<String, Value>| {
                let mode = properties.get("StreamModeDetails").and_then(|details| details.get("StreamMode"));
                mode.and_then(Value::as_str).unwrap_or("PROVISIONED").to_owned()
            };
            let now = mode(task.properties);
            if now != mode(&before.properties) {
                let input = json!({ "StreamARN": arn, "StreamModeDetails": { "StreamMode": now } });
                task.call("kinesis", "UpdateStreamMode", input).await?;
                active(task, name).await?;
            }
            if task.differs(before, "ShardCount")
                && let Some(count) = task.properties.get("ShardCount").filter(|_| now == "PROVISIONED")
            {
                let input = json!({
                    "StreamName": name, "TargetShardCount": count, "ScalingType": "UNIFORM_SCALING",
                });
                task.call("kinesis", "UpdateShardCount", input).await?;
                active(task, name).await?;
            }
            let hours = |properties: &Map<String, Value>| {
                properties.get("RetentionPeriodHours").and_then(Value::as_i64).unwrap_or(DEFAULT_RETENTION)
            };
            let (was, is) = (hours(&before.properties), hours(task.properties));
            if was != is {
                let operation =
                    if is > was { "IncreaseStreamRetentionPeriod" } else { "DecreaseStreamRetentionPeriod" };
                let input = json!({ "StreamName": name, "RetentionPeriodHours": is });
                task.call("kinesis", operation, input).await?;
                active(task, name).await?;
            }
            if task.differs(before, "StreamEncryption") {
                if let Some(Value::Object(encryption)) = before.properties.get("StreamEncryption") {
                    let mut input = encryption.clone();
                    input.insert("StreamName".to_owned(), name.into());
                    task.call("kinesis", "StopStreamEncryption", Value::Object(input)).await?;
                    active(task, name).await?;
                }
                Self::encrypt(task, name).await?;
            }
            let (gone, tags) = task.tag_changes(before)?;
            if !gone.is_empty() {
                let input = json!({ "StreamName": name, "TagKeys": gone });
                task.call("kinesis", "RemoveTagsFromStream", input).await?;
            }
            if !tags.is_empty() {
                task.call("kinesis", "AddTagsToStream", json!({ "StreamName": name, "Tags": tags })).await?;
            }
            Ok(before.made.clone())
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

/// Waits until the stream is active, and returns its description.
async fn active(task: &Task<'_>, name: &str) -> Result<Value, Cause> {
    task.settled(|| async move {
        let output = task.call("kinesis", "DescribeStreamSummary", json!({ "StreamName": name })).await?;
        let summary = &output["StreamDescriptionSummary"];
        Ok((summary["StreamStatus"] == "ACTIVE").then(|| summary.clone()))
    })
    .await
}

/// `AWS::Kinesis::StreamConsumer`.
#[derive(Debug)]
pub(super) struct StreamConsumer;

impl ResourceType for StreamConsumer {
    fn properties(&self) -> Properties {
        &[("ConsumerName", Text), ("StreamARN", Text)]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["ConsumerARN", "ConsumerCreationTimestamp", "ConsumerName", "ConsumerStatus", "StreamARN"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let (name, stream) = (task.required("ConsumerName")?, task.required("StreamARN")?);
            let input = json!({ "ConsumerName": name, "StreamARN": stream });
            let made = task.call("kinesis", "RegisterStreamConsumer", input).await?;
            let arn = text(&made, "/Consumer/ConsumerARN")?;
            let at = made.pointer("/Consumer/ConsumerCreationTimestamp").map(ToString::to_string);
            Ok(Created::new(arn.as_str())
                .with("ConsumerARN", arn)
                .with("ConsumerCreationTimestamp", at.unwrap_or_default())
                .with("ConsumerName", name)
                .with("ConsumerStatus", "ACTIVE")
                .with("StreamARN", stream))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("kinesis", "DeregisterStreamConsumer", json!({ "ConsumerARN": physical_id })).await?;
            Ok(())
        })
    }
}
