//! What SNS tells of itself to the rest of the cloud.

use serde_json::Value;

use super::{Sns, cloudformation, deliver::MOST_PENDING};
use crate::{
    context::Context,
    error::ApiError,
    resource::ResourceType,
    service::{About, Answering, Dialect, Query, Service},
};

static ABOUT: About = About {
    name: "sns",
    health: "sns",
    signing: "sns",
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
        "topic policies: nothing asks who is calling",
        "SignatureVersion: signatures have AWS's form and cannot be verified",
    ],
    ..About::NONE
};

impl Service for Sns {
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
            ("AWS::SNS::Subscription", Box::new(cloudformation::Subscription)),
            ("AWS::SNS::Topic", Box::new(cloudformation::Topic)),
            ("AWS::SNS::TopicInlinePolicy", Box::new(cloudformation::TopicInlinePolicy)),
            ("AWS::SNS::TopicPolicy", Box::new(cloudformation::TopicPolicy)),
        ]
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        vec![("topic_deliveries_pending", self.pending() as u64)]
    }

    /// Of every subscription.
    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("topic_deliveries_pending", MOST_PENDING as u64)]
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move { vec![("sns", Self::status(self))] })
    }
}
