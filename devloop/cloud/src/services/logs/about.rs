//! What CloudWatch Logs declares about itself to the rest of the cloud.

use super::{GROUP_BYTES, Logs, cloudformation, group::MEMORY};
use crate::{
    resource::ResourceType,
    service::{About, Json, JsonVersion, Service, about_and_call},
};

static ABOUT: About = About {
    json: Some(Json { target: "Logs_20140328", version: JsonVersion::V11, namespace: "", cbor: Some("") }),
    operations: &[
        "CreateLogGroup",
        "CreateLogStream",
        "DeleteLogGroup",
        "DeleteLogStream",
        "DeleteMetricFilter",
        "DeleteRetentionPolicy",
        "DescribeLogGroups",
        "DescribeLogStreams",
        "DescribeMetricFilters",
        "DescribeQueries",
        "FilterLogEvents",
        "GetLogEvents",
        "GetQueryResults",
        "ListTagsForResource",
        "ListTagsLogGroup",
        "PutLogEvents",
        "PutMetricFilter",
        "PutRetentionPolicy",
        "StartQuery",
        "StopQuery",
        "TagLogGroup",
        "TagResource",
        "TestMetricFilter",
        "UntagLogGroup",
        "UntagResource",
    ],
    without_effect: &[
        "entity of PutLogEvents: events are not related to services",
        "unmask: nothing is masked",
        "accountIdentifiers and includeLinkedAccounts of DescribeLogGroups: there is one account",
    ],
    // Up to 1 MiB of messages [PutLogEvents], in which escape characters of terminals take six characters each.
    largest: 8 << 20,
    ..About::named("logs")
};

impl Service for Logs {
    about_and_call!(ABOUT);

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![
            ("AWS::Logs::LogGroup", Box::new(cloudformation::LogGroup)),
            ("AWS::Logs::MetricFilter", Box::new(cloudformation::MetricFilter)),
            ("Custom::LogRetention", Box::new(cloudformation::LogRetention)),
        ]
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        let (groups, events, bytes) = self.kept();
        vec![
            ("log_groups", groups as u64),
            ("log_events", events as u64),
            ("log_bytes", bytes as u64),
            ("log_memory", self.memory.bytes() as u64),
        ]
    }

    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("log_group_bytes", GROUP_BYTES as u64), ("log_memory", MEMORY as u64)]
    }
}
