//! `AWS::SQS::Queue`, `AWS::SQS::QueuePolicy` and `AWS::SQS::QueueInlinePolicy`.

use serde_json::{Map, Value, json};

use crate::arn::Arn;
use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Text, Texts},
    Task, text,
};

/// The defaults of attributes that a template does not set [SetQueueAttributes, Amazon SQS API reference].
const DEFAULTS: [(&str, &str); 8] = [
    ("DelaySeconds", "0"),
    ("KmsMasterKeyId", ""),
    ("MaximumMessageSize", "1048576"),
    ("MessageRetentionPeriod", "345600"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("RedriveAllowPolicy", ""),
    ("RedrivePolicy", ""),
    ("VisibilityTimeout", "30"),
];

/// Properties that can change in place: the tags, and attributes of the queue, all of which SQS takes as text.
const UPDATABLE: &[&str] = &[
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "Tags",
    "VisibilityTimeout",
];

/// `AWS::SQS::Queue`.
#[derive(Debug)]
pub(super) struct Queue;

impl ResourceType for Queue {
    fn properties(&self) -> Properties {
        &[
            ("ContentBasedDeduplication", Text),
            ("DeduplicationScope", Text),
            ("DelaySeconds", Text),
            ("FifoQueue", Text),
            ("FifoThroughputLimit", Text),
            ("KmsDataKeyReusePeriodSeconds", Text),
            ("KmsMasterKeyId", Text),
            ("MaximumMessageSize", Text),
            ("MessageRetentionPeriod", Text),
            ("QueueName", Text),
            ("ReceiveMessageWaitTimeSeconds", Text),
            ("RedriveAllowPolicy", Any),
            ("RedrivePolicy", Any),
            ("SqsManagedSseEnabled", Text),
            ("Tags", Shape::TAGS),
            ("VisibilityTimeout", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "QueueName", "QueueUrl"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        UPDATABLE
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let fifo = task.text("FifoQueue") == Some("true");
            let name = match task.text("QueueName") {
                Some(name) => name.to_owned(),
                None if fifo => format!("{}.fifo", task.name("QueueName", 75)),
                None => task.name("QueueName", 80),
            };
            let mut attributes = attributes(task);
            if fifo {
                attributes.insert("FifoQueue".to_owned(), "true".into());
            }
            let mut input = json!({ "QueueName": name });
            if !attributes.is_empty() {
                input["Attributes"] = attributes.into();
            }
            if let Some(tags) = task.tags()? {
                input["tags"] = tags;
            }
            let output = task.call("sqs", "CreateQueue", input).await?;
            let url = text(&output, "/QueueUrl")?;
            task.began(&url);
            described(task, &url).await
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let url = &before.made.physical_id;
            let mut attributes = attributes(task);
            for (name, default) in DEFAULTS {
                if before.properties.contains_key(name) && !attributes.contains_key(name) {
                    attributes.insert(name.to_owned(), default.into());
                }
            }
            if !attributes.is_empty() {
                let input = json!({ "QueueUrl": url, "Attributes": attributes });
                task.call("sqs", "SetQueueAttributes", input).await?;
            }
            let (gone, tags) = task.tag_changes(before)?;
            if !gone.is_empty() {
                task.call("sqs", "UntagQueue", json!({ "QueueUrl": url, "TagKeys": gone })).await?;
            }
            if !tags.is_empty() {
                task.call("sqs", "TagQueue", json!({ "QueueUrl": url, "Tags": tags })).await?;
            }
            described(task, url).await
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("sqs", "DeleteQueue", json!({ "QueueUrl": physical_id })).await?;
            Ok(())
        })
    }
}

fn attributes(task: &Task<'_>) -> Map<String, Value> {
    let as_text = |value: Value| if value.is_string() { value } else { value.to_string().into() };
    let given = task.pick(UPDATABLE).into_iter().filter(|(name, _)| name != "Tags");
    given.map(|(name, value)| (name, as_text(value))).collect()
}

async fn described(task: &Task<'_>, url: &str) -> Result<Created, Cause> {
    let input = json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
    let output = task.call("sqs", "GetQueueAttributes", input).await?;
    let arn = text(&output, "/Attributes/QueueArn")?;
    let name = Arn::parse(&arn).map_or("", |arn| arn.resource).to_owned();
    Ok(Created::new(url).with("Arn", arn).with("QueueName", name).with("QueueUrl", url))
}

/// `AWS::SQS::QueuePolicy`: one policy for several queues.
#[derive(Debug)]
pub(super) struct QueuePolicy;

impl QueuePolicy {
    async fn set(task: &Task<'_>, policy: &str) -> Result<(), Cause> {
        for url in task.texts("Queues") {
            let input = json!({ "QueueUrl": url, "Attributes": { "Policy": policy } });
            task.call("sqs", "SetQueueAttributes", input).await?;
        }
        Ok(())
    }
}

impl ResourceType for QueuePolicy {
    fn properties(&self) -> Properties {
        &[("PolicyDocument", Any), ("Queues", Texts)]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["PolicyDocument"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let policy = task.properties.get("PolicyDocument");
            let policy =
                policy.ok_or_else(|| Cause::Property("the property PolicyDocument is missing".to_owned()))?;
            let id = task.stable_id();
            task.began(&id);
            Self::set(task, &policy.to_string()).await?;
            Ok(Created::new(id))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        self.create(task)
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(Self::set(task, ""))
    }
}

/// `AWS::SQS::QueueInlinePolicy`: the policy of one queue.
#[derive(Debug)]
pub(super) struct QueueInlinePolicy;

impl ResourceType for QueueInlinePolicy {
    fn properties(&self) -> Properties {
        &[("PolicyDocument", Any), ("Queue", Text)]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["PolicyDocument"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let url = task.required("Queue")?;
            let policy = task.properties.get("PolicyDocument");
            let policy =
                policy.ok_or_else(|| Cause::Property("the property PolicyDocument is missing".to_owned()))?;
            let input = json!({ "QueueUrl": url, "Attributes": { "Policy": policy.to_string() } });
            task.call("sqs", "SetQueueAttributes", input).await?;
            Ok(Created::new(url))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        self.create(task)
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let input = json!({ "QueueUrl": physical_id, "Attributes": { "Policy": "" } });
            task.call("sqs", "SetQueueAttributes", input).await?;
            Ok(())
        })
    }
}
