//! What CloudFormation declares about itself to the rest of the cloud.

use std::sync::Weak;

use super::{metadata, service::CloudFormation};
use crate::{
    resource::ResourceType,
    service::{About, Catalogue, Dialect, Query, Service, about_and_call},
};

static ABOUT: About = About {
    query: Some(Query {
        version: "2010-05-15",
        namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        codes: &[
            ("ChangeSetNotFoundException", "ChangeSetNotFound"),
            ("InvalidChangeSetStatusException", "InvalidChangeSetStatus"),
        ],
        dialect: Dialect::Members,
        path_member: None,
    }),
    operations: &[
        "CancelUpdateStack",
        "ContinueUpdateRollback",
        "CreateChangeSet",
        "CreateStack",
        "DeleteChangeSet",
        "DeleteStack",
        "DescribeAccountLimits",
        "DescribeChangeSet",
        "DescribeEvents",
        "DescribeStackEvents",
        "DescribeStackResource",
        "DescribeStackResources",
        "DescribeStacks",
        "ExecuteChangeSet",
        "GetTemplate",
        "GetTemplateSummary",
        "ListChangeSets",
        "ListExports",
        "ListImports",
        "ListStackResources",
        "ListStacks",
        "RollbackStack",
        "UpdateStack",
        "UpdateTerminationProtection",
        "ValidateTemplate",
    ],
    without_effect: &[
        "ImportExistingResources of a change set: existing resources are not imported, so creating a resource with the same name fails",
        "the role of a stack: the embedded cloud does not evaluate IAM",
        "the topics of a stack: no notifications are sent",
        "timeouts and rollback triggers of a stack: an operation ends when its resources are ready",
    ],
    ..About::named("cloudformation")
};

impl Service for CloudFormation {
    about_and_call!(ABOUT);

    fn connect(&self, all: Weak<dyn Catalogue>) {
        self.connect_to(all);
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![("AWS::CDK::Metadata", Box::new(metadata::Metadata))]
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        vec![("stacks", self.stacks.count() as u64)]
    }

    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("stacks", super::stacks::MOST as u64)]
    }
}
