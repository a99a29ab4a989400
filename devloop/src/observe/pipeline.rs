//! A pipeline on an endpoint, asked over HTTP.

use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::bus::wall;
use crate::engine::Problem;
use crate::observe::client::Client;
use crate::observe::digests::{Digests, OnDisk};
use crate::observe::latency::Metric;
use crate::observe::localstack;
use crate::status::{Drift, Finding, Function, Report, StatusSource, findings};

/// The page of the embedded cloud that says how it fares.
const PAGE: &str = "/_devloop/status";

/// The code of a cloud without that page.
const FOREIGN: &str = "cloud_foreign";

/// Where the cloud keeps what names no region.
const DEFAULT_REGION: &str = "us-east-1";

/// A pipeline and what was learned about its files.
pub(crate) struct Pipeline {
    client: Client,
    metric: Metric,
    digests: Arc<Mutex<Digests>>,
}

impl Pipeline {
    /// The pipeline behind the endpoint, with its end-to-end latency in the metric.
    pub(crate) fn new(endpoint: &str, metric: Metric) -> Self {
        Self { client: Client::new(endpoint), metric, digests: Arc::default() }
    }

    async fn ask(&self) -> Result<Report, Problem> {
        let (mut report, has_latency) = match self.page().await {
            Ok(report) => (report, true),
            Err(problem) if problem.code == FOREIGN => {
                let report = localstack::report(&self.client, DEFAULT_REGION).await.ok_or(problem)?;
                (report, false)
            }
            Err(problem) => return Err(problem),
        };
        report.functions = self.with_disk(std::mem::take(&mut report.functions)).await;
        report.problems = findings(&report);
        if !has_latency {
            return Ok(report);
        }
        // A cloud whose functions lie in several regions has one pipeline in each; the first one's figures are told.
        let region = report.functions.first().map_or(DEFAULT_REGION, |function| &function.region);
        match self.metric.read(&self.client, region, report.at).await {
            Ok(latency) => report.latency = latency,
            Err(reason) => report.problems.push(Finding::new("latency_unknown", "latency", reason)),
        }
        Ok(report)
    }

    async fn page(&self) -> Result<Report, Problem> {
        let endpoint = self.client.endpoint();
        let answer = self.client.get(PAGE).await.map_err(|reason| {
            Problem::new("cloud_unreachable", format!("ask the cloud at {endpoint}: {reason}"))
                .with_hint("`devloop watch` starts one; --endpoint or AWS_ENDPOINT_URL names another")
        })?;
        let report: Option<Report> = answer
            .body
            .filter(|body| answer.status == 200 && body.get("functions").is_some_and(Value::is_array))
            .and_then(|body| serde_json::from_value(body).ok());
        let Some(mut report) = report else {
            let message =
                format!("ask the cloud at {endpoint}: it has no page {PAGE} (status {})", answer.status);
            let hint =
                "what listens there is not devloop's cloud; --endpoint or AWS_ENDPOINT_URL names another";
            return Err(Problem::new(FOREIGN, message).with_hint(hint));
        };
        if report.endpoint.is_empty() {
            endpoint.clone_into(&mut report.endpoint);
        }
        if report.at == 0 {
            report.at = wall();
        }
        Ok(report)
    }

    /// The functions with what their directories hold. Files are read aside: they may be large.
    async fn with_disk(&self, functions: Vec<Function>) -> Vec<Function> {
        let digests = Arc::clone(&self.digests);
        let read = tokio::task::spawn_blocking(move || {
            let mut digests = digests.lock().unwrap_or_else(PoisonError::into_inner);
            functions.into_iter().map(|function| on_disk(&mut digests, function)).collect()
        });
        read.await.unwrap_or_default()
    }
}

fn on_disk(digests: &mut Digests, mut function: Function) -> Function {
    function.drift = function.folder.as_deref().and_then(Drift::of).filter(|_| function.hot_reload);
    if let Some(folder) = function.folder.as_deref().filter(|_| function.hot_reload) {
        match digests.of(Path::new(folder)) {
            OnDisk::Digest(digest) => function.on_disk_digest = Some(digest),
            OnDisk::Missing => function.bootstrap_missing = true,
            OnDisk::Unknown => {}
        }
    }
    function
}

impl StatusSource for Pipeline {
    fn report(&self) -> Pin<Box<dyn Future<Output = Result<Report, Problem>> + Send + '_>> {
        Box::pin(self.ask())
    }
}
