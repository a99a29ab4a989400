//! What CloudFormation declares about itself to the rest of the cloud.

use std::sync::Weak;

use super::{custom, metadata, network, service::CloudFormation};
use crate::{
    context::Context,
    error::ApiError,
    http::{Arriving, Reply, Request},
    resource::ResourceType,
    service::{About, Answering, Catalogue, Dialect, Query, Service, about_and_call},
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
        "networks (`AWS::EC2::…`): they are only recorded, and functions reach everything that this machine reaches",
        "CreationPolicy of a resource: none of the supported types waits for signals",
        "the role of a stack: the embedded cloud does not evaluate IAM",
        "the topics of a stack: no notifications are sent",
        "timeouts and rollback triggers of a stack: an operation ends when its resources are ready",
    ],
    ..About::named("cloudformation")
};

impl Service for CloudFormation {
    about_and_call!(ABOUT);

    /// The addresses to which custom resources send their answers.
    fn is_addressed(&self, request: &Request) -> bool {
        request.path.starts_with(custom::PATH)
    }

    fn answer<'a>(&'a self, _: &'a Context, request: Request, body: Arriving) -> Answering<'a, Reply> {
        Box::pin(async move {
            let body = match body.whole(&request.headers, custom::LONGEST_SENT).await {
                Ok(body) => body,
                Err(error) => return Reply::error(&error),
            };
            if request.method == "PUT" && self.answers.take(&request.path, &body) {
                return Reply::empty(200);
            }
            let message = "no custom resource waits for this answer: it came already, or too late";
            Reply::error(&ApiError::with_status(403, "AccessDenied", message))
        })
    }

    fn connect(&self, all: Weak<dyn Catalogue>) {
        self.connect_to(all);
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        let mut types = network::types();
        types.push(("AWS::CDK::Metadata", Box::new(metadata::Metadata)));
        types.push((custom::KIND, Box::new(custom::Custom(self.me()))));
        types
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        vec![("stacks", self.stacks.count() as u64)]
    }

    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("stacks", super::stacks::MOST as u64)]
    }
}
