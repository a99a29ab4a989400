//! A report through AWS's own APIs alone, for clouds without a page of their own: `LocalStack`, AWS, and whatever else speaks
//! them. Every figure says how far back it reaches, and the report how many requests it took: on AWS they count against limits
//! and cost money.

mod lambda;
mod lines;
mod metrics;
mod queues;

use serde_json::Value;

use crate::engine::{Millis, Problem};
use crate::observe::client::{Answer, Client};
use crate::status::{Calls, Finding, Report};

/// How far back totals reach, in s.
const WINDOW: u64 = 3_600;

/// Where a report is asked for.
pub(super) struct Apis<'a> {
    pub(super) client: &'a Client,
    pub(super) region: &'a str,
    /// Only functions of this `CloudFormation` stack, where one is named.
    pub(super) stack: Option<&'a str>,
}

impl Apis<'_> {
    /// Asks everything once. What cannot be told leaves a finding; only a Lambda that does not answer leaves nothing to report.
    pub(super) async fn report(&self, now: Millis) -> Result<Report, Problem> {
        let sent = self.client.sent();
        let unreachable = |reason: String| {
            Problem::new("cloud_unreachable", format!("ask Lambda at {}: {reason}", self.client.shown()))
                .with_hint(
                    "`devloop watch` starts a cloud; --endpoint, AWS_ENDPOINT_URL or --aws names another",
                )
        };
        let mut functions = self.functions().await.map_err(unreachable)?;
        let (mut mappings, destinations) = self.mappings(&functions).await.map_err(unreachable)?;
        let mut problems = Vec::new();
        let metrics = match self.measure(&mut functions, &mut mappings, now).await {
            Ok(metrics) => metrics,
            Err(reason) => {
                problems.push(Finding::new("metrics_unknown", "CloudWatch", reason));
                0
            }
        };
        for function in &mut functions {
            if let Err(reason) = self.read_lines(function, now).await {
                problems.push(Finding::new("lines_unknown", function.name.as_str(), reason));
            }
        }
        let mut queues = Vec::new();
        for arn in destinations {
            match self.queue(&arn).await {
                Ok(queue) => queues.push(queue),
                Err(reason) => problems.push(Finding::new("queue_unknown", arn, reason)),
            }
        }
        Ok(Report {
            endpoint: self.client.shown().to_owned(),
            at: now,
            window_ms: Some(WINDOW * 1_000),
            functions,
            mappings,
            queues,
            problems,
            calls: Some(Calls { requests: self.client.sent() - sent, metrics, ..Calls::default() }),
            ..Report::default()
        })
    }
}

/// The answer's body, or why it is none.
fn body(service: &str, answer: Answer) -> Result<Value, String> {
    let body = answer.body.unwrap_or_default();
    if answer.status == 200 && body.is_object() {
        return Ok(body);
    }
    let reason = ["message", "Message", "__type"].iter().find_map(|name| body[*name].as_str());
    Err(format!("{service} answers {}: {}", answer.status, reason.unwrap_or("no reason given")))
}
