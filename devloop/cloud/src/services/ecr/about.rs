//! What ECR declares about itself to the rest of the cloud.

use super::{Ecr, cloudformation};
use crate::{
    resource::ResourceType,
    service::{About, Json, JsonVersion, Service, about_and_call},
};

static ABOUT: About = About {
    json: Some(Json {
        target: "AmazonEC2ContainerRegistry_V20150921",
        version: JsonVersion::V11,
        namespace: "",
        cbor: None,
    }),
    operations: &[
        "CreateRepository",
        "DeleteLifecyclePolicy",
        "DeleteRepository",
        "DeleteRepositoryPolicy",
        "DescribeRepositories",
        "GetLifecyclePolicy",
        "GetRepositoryPolicy",
        "ListTagsForResource",
        "PutImageScanningConfiguration",
        "PutImageTagMutability",
        "PutLifecyclePolicy",
        "SetRepositoryPolicy",
        "TagResource",
        "UntagResource",
    ],
    without_effect: &["repositories: they hold no images"],
    ..About::named("ecr")
};

impl Service for Ecr {
    about_and_call!(ABOUT);

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![("AWS::ECR::Repository", Box::new(cloudformation::Repository))]
    }
}
