//! What SQS declares about itself to the rest of the cloud.

use serde_json::{Value, json};

use super::{
    Sqs, cloudformation,
    queue::{KEPT_BYTES, MEMORY},
};
use crate::{
    resource::ResourceType,
    service::{About, Answering, Dialect, Json, JsonVersion, Query, Service, about_and_call},
};

static ABOUT: About = About {
    json: Some(Json {
        target: "AmazonSQS",
        version: JsonVersion::V10,
        namespace: "com.amazonaws.sqs#",
        cbor: Some("com.amazonaws.sqs#"),
    }),
    query: Some(Query {
        version: "2012-11-05",
        namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
        codes: &[
            ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
            ("QueueNameExists", "QueueAlreadyExists"),
            ("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"),
            ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
            ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
            ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
            ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
            ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
            ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
            ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
            ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
        ],
        dialect: Dialect::Flattened {
            item: item_name,
            maps: &[("Attributes", "Name"), ("MessageAttributes", "Name"), ("Tags", "Key")],
        },
        path_member: Some("QueueUrl"),
    }),
    operations: &[
        "AddPermission",
        "CancelMessageMoveTask",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "CreateQueue",
        "DeleteMessage",
        "DeleteMessageBatch",
        "DeleteQueue",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "ListMessageMoveTasks",
        "ListQueueTags",
        "ListQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "RemovePermission",
        "SendMessage",
        "SendMessageBatch",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    ],
    without_effect: &[
        "queue policies: the embedded cloud does not evaluate IAM",
        "KmsMasterKeyId, KmsDataKeyReusePeriodSeconds and SqsManagedSseEnabled: nothing is encrypted",
        "the wait of 60 seconds after DeleteQueue: a queue of the same name can be created at once, so that a stack can be deployed anew",
    ],
    ..About::named("sqs")
};

impl Service for Sqs {
    about_and_call!(ABOUT);

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![
            ("AWS::SQS::Queue", Box::new(cloudformation::Queue)),
            ("AWS::SQS::QueueInlinePolicy", Box::new(cloudformation::QueueInlinePolicy)),
            ("AWS::SQS::QueuePolicy", Box::new(cloudformation::QueuePolicy)),
        ]
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        let queues = Self::status(self);
        vec![
            ("queue_messages", queues.iter().map(|queue| queue.counts.total() as u64).sum()),
            ("queue_bytes", queues.iter().map(|queue| queue.bytes as u64).sum()),
            ("queue_memory", self.memory().bytes() as u64),
        ]
    }

    /// The limit of bytes applies to every queue: bodies, attributes, and the deduplication ids of a FIFO queue. That of memory
    /// applies to all queues together.
    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("queue_bytes", KEPT_BYTES as u64), ("queue_memory", MEMORY as u64)]
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move { vec![("queues", json!(Self::status(self)))] })
    }
}

/// The names of items in flattened lists, in the query protocol [Amazon SQS API reference].
fn item_name(operation: &str, list: &str) -> String {
    match list {
        "QueueUrls" | "queueUrls" => "QueueUrl".to_owned(),
        "Messages" => "Message".to_owned(),
        "Failed" => "BatchResultErrorEntry".to_owned(),
        "Successful" => format!("{operation}ResultEntry"),
        other => other.to_owned(),
    }
}
