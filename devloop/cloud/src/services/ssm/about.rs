//! What Systems Manager tells of itself to the rest of the cloud.

use serde_json::Value;

use super::{Ssm, cloudformation};
use crate::{
    context::Context,
    error::ApiError,
    resource::ResourceType,
    service::{About, Answering, Json, JsonVersion, Service},
};

static ABOUT: About = About {
    name: "ssm",
    health: "ssm",
    signing: "ssm",
    json: Some(Json { target: "AmazonSSM", version: JsonVersion::V11, namespace: "", cbor: Some("") }),
    operations: &[
        "AddTagsToResource",
        "DeleteParameter",
        "DeleteParameters",
        "DescribeParameters",
        "GetParameter",
        "GetParameterHistory",
        "GetParameters",
        "GetParametersByPath",
        "ListTagsForResource",
        "PutParameter",
        "RemoveTagsFromResource",
    ],
    without_effect: &["SecureString: the value is kept as it is"],
    ..About::NONE
};

impl Service for Ssm {
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
        vec![("AWS::SSM::Parameter", Box::new(cloudformation::Parameter))]
    }
}
