//! The metrics of one function in the namespace `AWS/Lambda` [Types of metrics for Lambda functions].

use crate::services::cloudwatch::{CloudWatch, Meter};

/// Handles to the metrics; they are looked up once, because every invocation writes several.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(crate) invocations: Meter,
    pub(crate) errors: Meter,
    pub(crate) throttles: Meter,
    /// In milliseconds.
    pub(crate) duration: Meter,
    pub(crate) concurrency: Meter,
}

impl Meters {
    /// The meters of `function` in `region`.
    pub(crate) fn new(cloudwatch: &CloudWatch, region: &str, function: &str) -> Self {
        let meter = |name: &str, unit: &str| {
            cloudwatch.meter(region, "AWS/Lambda", name, &[("FunctionName", function)], unit)
        };
        Self {
            invocations: meter("Invocations", "Count"),
            errors: meter("Errors", "Count"),
            throttles: meter("Throttles", "Count"),
            duration: meter("Duration", "Milliseconds"),
            concurrency: meter("ConcurrentExecutions", "Count"),
        }
    }
}
