//! Makes a report through AWS's own APIs alone, for clouds without a status page: `LocalStack`, AWS, and compatible ones. Every
//! figure says how far back it reaches, and the report says how many requests it took, because on AWS they count against limits and
//! cost money.

mod lambda;
mod lines;
mod metrics;
mod queues;
mod streams;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::aws::{Answer, Call, Client};
use crate::engine::{Millis, Problem};
use crate::status::{Calls, Finding, StatusReport};

/// How far back totals reach, in s.
const WINDOW: u64 = 3_600;

/// The cloud that is asked, and for which functions.
pub(super) struct Apis<'a> {
    pub(super) client: &'a Client,
    pub(super) region: &'a str,
    /// Only functions of this `CloudFormation` stack, where one is named.
    pub(super) stack: Option<&'a str>,
    /// Only these functions, where they are named.
    pub(super) only: Option<&'a BTreeSet<String>>,
}

impl Apis<'_> {
    /// Calls an operation of a service that speaks AWS's JSON protocol.
    async fn call(&self, service: &str, target: &str, input: &Value) -> Result<Answer, String> {
        self.client.send(self.region, &Call::json(service, target, input)).await
    }

    /// Asks for everything once. What cannot be found out is reported as a finding; only if Lambda does not answer, there is no
    /// report.
    pub(super) async fn report(&self, now: Millis) -> Result<StatusReport, Problem> {
        let sent = self.client.sent();
        let unreachable = |reason: String| {
            Problem::new("cloud_unreachable", format!("ask Lambda at {}: {reason}", self.client.shown()))
                .with_hint(
                    "`devloop watch` starts a cloud; --endpoint, AWS_ENDPOINT_URL or --aws names another",
                )
        };
        let (mut functions, updated): (Vec<_>, Vec<_>) =
            self.functions().await.map_err(unreachable)?.into_iter().unzip();
        let (mut mappings, destinations) = self.mappings(&functions).await.map_err(unreachable)?;
        let mut problems = Vec::new();
        let mut metrics = match self.measure(&mut functions, &mut mappings, now).await {
            Ok(metrics) => metrics,
            Err(reason) => {
                problems.push(Finding::new("metrics_unknown", "CloudWatch", reason));
                0
            }
        };
        for (function, updated) in functions.iter_mut().zip(updated) {
            let read = match self.read_lines(function, now).await {
                Ok(reports) => self.read_newest(function, updated, reports, now).await,
                Err(reason) => Err(reason),
            };
            if let Err(reason) = read {
                problems.push(Finding::new("lines_unknown", function.name.as_str(), reason));
            }
        }
        for mapping in &mut mappings {
            if let Err(reason) = self.read_lag(mapping, &functions, now).await {
                problems.push(Finding::new("lag_unknown", mapping.source.as_str(), reason));
            }
        }
        let mut queues = Vec::new();
        for arn in destinations {
            match self.queue(&arn).await {
                Ok(queue) => queues.push(queue),
                Err(reason) => problems.push(Finding::new("queue_unknown", arn, reason)),
            }
        }
        match self.ages(&mut queues, now).await {
            Ok(asked) => metrics += asked,
            Err(reason) => problems.push(Finding::new("metrics_unknown", "CloudWatch", reason)),
        }
        Ok(StatusReport {
            endpoint: self.client.shown().to_owned(),
            at: now,
            window_ms: Some(WINDOW * 1_000),
            functions,
            mappings,
            queues,
            problems,
            calls: Some(Calls { requests: self.client.sent() - sent, metrics, ..Calls::default() }),
            ..StatusReport::default()
        })
    }
}

/// The answer's document, or why there is none.
fn body(service: &str, answer: &Answer) -> Result<Value, String> {
    let body = answer.document(service)?;
    if body.is_object() { Ok(body) } else { Err(format!("{service} answers 200: no reason given")) }
}
