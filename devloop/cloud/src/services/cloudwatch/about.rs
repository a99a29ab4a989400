//! What CloudWatch tells of itself to the rest of the cloud.

use super::{CloudWatch, METRICS, MINUTES_KEPT, SECONDS_KEPT};
use crate::service::{About, Dialect, Json, JsonVersion, Query, Service, about_and_call};

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
        ],
        dialect: Dialect::Members,
        path_member: None,
    }),
    operations: &["GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"],
    ..About::named("monitoring")
};

impl Service for CloudWatch {
    about_and_call!(ABOUT);

    fn retained(&self) -> Vec<(&'static str, u64)> {
        vec![("metrics", self.kept() as u64)]
    }

    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[
            ("metrics_per_region", METRICS as u64),
            ("metric_seconds_retention_ms", SECONDS_KEPT as u64 * 1000),
            ("metric_minutes_retention_ms", MINUTES_KEPT as u64 * 1000),
        ]
    }
}
