//! What CloudWatch declares about itself to the rest of the cloud.

use std::sync::Weak;

use super::{
    CloudWatch, METRICS, MINUTES_KEPT, SECONDS_KEPT, alarms::ALARMS, cloudformation, service::MEMORY,
};
use crate::{
    resource::ResourceType,
    service::{About, Catalogue, Dialect, Json, JsonVersion, Query, Service, about_and_call},
};

static ABOUT: About = About {
    health: "cloudwatch",
    json: Some(Json {
        target: "GraniteServiceVersion20100801",
        version: JsonVersion::V10,
        namespace: "",
        cbor: Some("com.amazonaws.cloudwatch#"),
    }),
    query: Some(Query {
        version: "2010-08-01",
        namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
        codes: &[
            ("InvalidParameterValueException", "InvalidParameterValue"),
            ("InvalidParameterCombinationException", "InvalidParameterCombination"),
            ("MissingRequiredParameterException", "MissingParameter"),
            ("ResourceNotFound", "ResourceNotFound"),
            ("LimitExceededFault", "LimitExceeded"),
            ("DashboardInvalidInputError", "InvalidParameterInput"),
            ("DashboardNotFoundError", "ResourceNotFound"),
            ("InvalidFormatFault", "InvalidFormat"),
        ],
        dialect: Dialect::Members,
        path_member: None,
    }),
    operations: &[
        "DeleteAlarms",
        "DeleteDashboards",
        "DescribeAlarmHistory",
        "DescribeAlarms",
        "DescribeAlarmsForMetric",
        "DisableAlarmActions",
        "EnableAlarmActions",
        "GetDashboard",
        "GetMetricData",
        "GetMetricStatistics",
        "ListDashboards",
        "ListMetrics",
        "ListTagsForResource",
        "PutDashboard",
        "PutMetricAlarm",
        "PutMetricData",
        "SetAlarmState",
        "TagResource",
        "UntagResource",
    ],
    without_effect: &[
        "dashboards: they are kept and shown, and nothing draws them",
        "LabelOptions of GetMetricData: labels have no dynamic expressions, so no times",
    ],
    ..About::named("monitoring")
};

impl Service for CloudWatch {
    about_and_call!(ABOUT);

    fn connect(&self, all: Weak<dyn Catalogue>) {
        self.alarms.connect(all);
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![
            ("AWS::CloudWatch::Alarm", Box::new(cloudformation::Alarm)),
            ("AWS::CloudWatch::Dashboard", Box::new(cloudformation::Dashboard)),
        ]
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("metrics", self.kept() as u64),
            ("metric_memory", self.memory.bytes() as u64),
            ("alarms", self.alarms.kept() as u64),
        ]
    }

    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[
            ("alarms_per_region", ALARMS as u64),
            ("metrics_per_region", METRICS as u64),
            ("metric_memory", MEMORY as u64),
            ("metric_seconds_retention_ms", SECONDS_KEPT as u64 * 1000),
            ("metric_minutes_retention_ms", MINUTES_KEPT as u64 * 1000),
        ]
    }
}
