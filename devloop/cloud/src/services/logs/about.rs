//! What CloudWatch Logs tells of itself to the rest of the cloud.

use serde_json::Value;

use super::{GROUP_BYTES, Logs, cloudformation};
use crate::{
    context::Context,
    error::ApiError,
    resource::ResourceType,
    service::{About, Answering, Json, JsonVersion, Service},
};

static ABOUT: About = About {
    name: "logs",
    health: "logs",
    signing: "logs",
    json: Some(Json { target: "Logs_20140328", version: JsonVersion::V11, namespace: "", cbor: Some("") }),
    operations: &[
        "CreateLogGroup",
        "CreateLogStream",
        "DeleteLogGroup",
        "DeleteLogStream",
        "DeleteRetentionPolicy",
        "DescribeLogGroups",
        "DescribeLogStreams",
        "FilterLogEvents",
        "GetLogEvents",
        "ListTagsForResource",
        "ListTagsLogGroup",
        "PutLogEvents",
        "PutRetentionPolicy",
        "TagLogGroup",
        "TagResource",
        "UntagLogGroup",
        "UntagResource",
    ],
    ..About::NONE
};

impl Service for Logs {
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
        vec![("AWS::Logs::LogGroup", Box::new(cloudformation::LogGroup))]
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        let (groups, events, bytes) = self.kept();
        vec![("log_groups", groups as u64), ("log_events", events as u64), ("log_bytes", bytes as u64)]
    }

    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("log_group_bytes", GROUP_BYTES as u64)]
    }
}
