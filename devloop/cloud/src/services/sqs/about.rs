//! What SQS tells of itself to the rest of the cloud.

use serde_json::{Value, json};

use super::{Sqs, cloudformation};
use crate::{
    context::Context,
    error::ApiError,
    resource::ResourceType,
    service::{About, Answering, Dialect, Json, JsonVersion, Query, Service},
};

static ABOUT: About = About {
    name: "sqs",
    health: "sqs",
    signing: "sqs",
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
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "CreateQueue",
        "DeleteMessage",
        "DeleteMessageBatch",
        "DeleteQueue",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "ListQueueTags",
        "ListQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
        "SendMessageBatch",
        "SetQueueAttributes",
        "TagQueue",
        "UntagQueue",
    ],
    without_effect: &[
        "queue policies: nothing asks who is calling",
        "KmsMasterKeyId and SqsManagedSseEnabled: nothing is encrypted",
    ],
    ..About::NONE
};

impl Service for Sqs {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Value, ApiError>> {
        Box::pin(Self::call(self, cx, operation, input))
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![
            ("AWS::SQS::Queue", Box::new(cloudformation::Queue)),
            ("AWS::SQS::QueuePolicy", Box::new(cloudformation::QueuePolicy)),
        ]
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move { vec![("queues", json!(Self::status(self)))] })
    }
}

/// How the query protocol names the items of flattened lists [Amazon SQS API reference].
fn item_name(operation: &str, list: &str) -> String {
    match list {
        "QueueUrls" | "queueUrls" => "QueueUrl".to_owned(),
        "Messages" => "Message".to_owned(),
        "Failed" => "BatchResultErrorEntry".to_owned(),
        "Successful" => format!("{operation}ResultEntry"),
        other => other.to_owned(),
    }
}
