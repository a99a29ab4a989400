//! What SNS declares about itself to the rest of the cloud.

use serde_json::Value;

use super::{
    Sns, cloudformation,
    deliver::{MEMORY, MOST_PENDING},
};
use crate::{
    resource::ResourceType,
    service::{About, Answering, Dialect, Query, Service, about_and_call},
};

static ABOUT: About = About {
    query: Some(Query {
        version: "2010-03-31",
        namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
        codes: &[],
        dialect: Dialect::Entries { maps: &["Attributes"] },
        path_member: None,
    }),
    operations: &[
        "AddPermission",
        "ConfirmSubscription",
        "CreateTopic",
        "DeleteTopic",
        "GetSubscriptionAttributes",
        "GetTopicAttributes",
        "ListSubscriptions",
        "ListSubscriptionsByTopic",
        "ListTagsForResource",
        "ListTopics",
        "Publish",
        "PublishBatch",
        "RemovePermission",
        "SetSubscriptionAttributes",
        "SetTopicAttributes",
        "Subscribe",
        "TagResource",
        "Unsubscribe",
        "UntagResource",
    ],
    without_effect: &[
        "topic policies: the embedded cloud does not evaluate IAM",
        "KmsMasterKeyId and TracingConfig: nothing is encrypted, and no traces are sent",
        "SignatureVersion: signatures look like those of AWS, but cannot be verified",
    ],
    ..About::named("sns")
};

impl Service for Sns {
    about_and_call!(ABOUT);

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![
            ("AWS::SNS::Subscription", Box::new(cloudformation::Subscription)),
            ("AWS::SNS::Topic", Box::new(cloudformation::Topic)),
            ("AWS::SNS::TopicInlinePolicy", Box::new(cloudformation::TopicInlinePolicy)),
            ("AWS::SNS::TopicPolicy", Box::new(cloudformation::TopicPolicy)),
        ]
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("topic_deliveries_pending", self.pending() as u64),
            ("topic_memory", self.courier().memory.bytes() as u64),
        ]
    }

    /// The limit of deliveries applies to every subscription, that of memory to all topics together.
    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("topic_deliveries_pending", MOST_PENDING as u64), ("topic_memory", MEMORY as u64)]
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move { vec![("sns", Self::status(self))] })
    }
}
