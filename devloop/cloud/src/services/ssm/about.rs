//! What Systems Manager declares about itself to the rest of the cloud.

use super::{Ssm, cloudformation, service::KEPT_BYTES};
use crate::{
    resource::ResourceType,
    service::{About, Json, JsonVersion, Service, about_and_call},
};

static ABOUT: About = About {
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
    without_effect: &["SecureString: the value is stored unencrypted"],
    ..About::named("ssm")
};

impl Service for Ssm {
    about_and_call!(ABOUT);

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![("AWS::SSM::Parameter", Box::new(cloudformation::Parameter))]
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        let (parameters, bytes) = self.size();
        vec![("parameters", parameters as u64), ("parameter_bytes", bytes as u64)]
    }

    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("parameter_bytes", KEPT_BYTES as u64)]
    }
}
