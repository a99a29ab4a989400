//! A pipeline on an endpoint, asked over HTTP.

use std::collections::BTreeSet;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::aws::{Call, Client, Endpoints, Keys, Trust};
use crate::bus::wall;
use crate::engine::Problem;
use crate::observe::BOUNDS;
use crate::observe::apis::Apis;
use crate::observe::digests::{Digests, Local, OnDisk};
use crate::observe::first_build::is_being_built;
use crate::observe::latency::Metric;
use crate::observe::localstack;
use crate::status::{Drift, Finding, Function, StatusReport, StatusSource, findings};

/// The status page of the embedded cloud.
const PAGE: &str = "/_devloop/status";

/// The error code for a server that is not devloop's cloud.
const FOREIGN: &str = "cloud_foreign";

/// The region that is used where none is named.
const DEFAULT_REGION: &str = "us-east-1";

/// How often a cloud of this machine is asked for its page.
const PAGE_INTERVAL: Duration = Duration::from_secs(1);

/// How often a cloud without a page is asked, which takes several requests.
const APIS_INTERVAL: Duration = Duration::from_secs(5);

/// How often AWS is asked: its metrics are a minute old, and each request costs money.
const AWS_INTERVAL: Duration = Duration::from_secs(30);

/// A pipeline, and the digests of its files.
pub(crate) struct Pipeline {
    client: Client,
    metric: Metric,
    digests: Arc<Mutex<Digests>>,
    region: Option<String>,
    stack: Option<String>,
    only: Option<BTreeSet<String>>,
    /// Whether even a cloud with a page is asked through the APIs.
    apis_only: bool,
    local: Option<Local>,
}

impl Pipeline {
    /// The pipeline behind the endpoint, with its end-to-end latency in the metric.
    pub(crate) fn new(endpoint: &str, metric: Metric) -> Self {
        Self::at(Endpoints::one(endpoint), Keys::default(), Trust::default(), metric)
    }

    /// The pipeline behind these services.
    pub(crate) fn at(endpoints: Endpoints, keys: Keys, trust: Trust, metric: Metric) -> Self {
        Self {
            client: Client::new(endpoints, keys, trust, BOUNDS),
            metric,
            digests: Arc::default(),
            region: None,
            stack: None,
            only: None,
            apis_only: false,
            local: None,
        }
    }

    /// The same pipeline in this region, with only the functions of this stack if one is named, and through the APIs alone if
    /// `apis_only` is set.
    pub(crate) fn narrowed(self, region: Option<String>, stack: Option<String>, apis_only: bool) -> Self {
        Self { region, stack, apis_only, ..self }
    }

    /// The same pipeline with only these functions of Lambda, if some are named.
    pub(crate) fn only(self, functions: Option<BTreeSet<String>>) -> Self {
        Self { only: functions, ..self }
    }

    /// The same pipeline, with what this workspace knows about code that was deployed from it as zips.
    pub(crate) fn beside(self, local: Local) -> Self {
        Self { local: Some(local), ..self }
    }

    async fn ask(&self) -> Result<StatusReport, Problem> {
        let sent = self.client.sent();
        let mut is_localstack = false;
        let mut report = if self.apis_only || self.client.is_aws() {
            self.apis(self.region()).report(wall()).await?
        } else {
            match self.page().await {
                Err(problem) if problem.code == FOREIGN => {
                    let strange = self.strange().await;
                    let (report, is_known) = strange.map_err(|second| neither(problem, &second))?;
                    is_localstack = is_known;
                    report
                }
                page => page?,
            }
        };
        report.functions = self.with_disk(std::mem::take(&mut report.functions)).await;
        if is_localstack {
            report.functions.iter_mut().for_each(localstack::deployed);
        }
        let unknown = std::mem::take(&mut report.problems);
        report.problems = findings(&report).into_iter().chain(unknown).collect();
        // Functions in several regions form a pipeline for each region; the figures of the first one are shown.
        let region = report.functions.first().map_or(self.region(), |function| &function.region).to_owned();
        if report.calls.is_none() {
            // The page knows how old the oldest record is now, not within the last minutes.
            if let Err(reason) = self.apis(&region).rates(&mut report.functions, &mut [], report.at).await {
                report.problems.push(Finding::new("metrics_unknown", "CloudWatch", reason));
            }
        }
        match self.metric.read(&self.client, &region, report.at).await {
            Ok(latency) => report.latency = latency,
            Err(reason) => report.problems.push(Finding::new("latency_unknown", "latency", reason)),
        }
        let interval = self.interval(&report).as_secs();
        if let Some(calls) = &mut report.calls {
            calls.requests = self.client.sent() - sent;
            calls.a_minute = calls.requests * 60 / interval;
        }
        Ok(report)
    }

    fn region(&self) -> &str {
        self.region.as_deref().unwrap_or(DEFAULT_REGION)
    }

    fn apis<'a>(&'a self, region: &'a str) -> Apis<'a> {
        Apis { client: &self.client, region, stack: self.stack.as_deref(), only: self.only.as_ref() }
    }

    /// Makes the report of a cloud without a page: from AWS's APIs, and from LocalStack's own pages if it is LocalStack.
    async fn strange(&self) -> Result<(StatusReport, bool), Problem> {
        let mut report = self.apis(self.region()).report(wall()).await?;
        let is_localstack = localstack::complete(&self.client, self.region(), &mut report).await;
        Ok((report, is_localstack))
    }

    async fn page(&self) -> Result<StatusReport, Problem> {
        let endpoint = self.client.shown();
        let answer = self.client.send(self.region(), &Call::page(PAGE)).await.map_err(|reason| {
            Problem::new("cloud_unreachable", format!("ask the cloud at {endpoint}: {reason}"))
                .with_hint("`devloop watch` starts one; --endpoint or AWS_ENDPOINT_URL names another")
        })?;
        let report: Option<StatusReport> = answer
            .json()
            .ok()
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

    /// Adds to the functions what their directories hold. Files are read on a blocking thread, because they may be large.
    async fn with_disk(&self, functions: Vec<Function>) -> Vec<Function> {
        let (digests, local) = (Arc::clone(&self.digests), self.local.clone());
        let read = tokio::task::spawn_blocking(move || {
            let mut digests = digests.lock().unwrap_or_else(PoisonError::into_inner);
            let each = |function| {
                let function = on_disk(&mut digests, function);
                sent_from_here(&mut digests, local.as_ref(), function)
            };
            functions.into_iter().map(each).collect()
        });
        read.await.unwrap_or_default()
    }
}

/// The error when neither the status page nor AWS's APIs led to a report.
fn neither(page: Problem, apis: &Problem) -> Problem {
    Problem { message: format!("{}, and {}", page.message, apis.message), ..page }
}

fn on_disk(digests: &mut Digests, mut function: Function) -> Function {
    function.drift = function.folder.as_deref().and_then(Drift::of).filter(|_| function.hot_reload);
    if let Some(folder) = function.folder.as_deref().filter(|_| function.hot_reload) {
        match digests.of(Path::new(folder)) {
            OnDisk::Digest(digest) => function.on_disk_digest = Some(digest),
            OnDisk::Missing => {
                function.bootstrap_missing = true;
                function.being_built = is_being_built(Path::new(folder));
            }
            OnDisk::Unknown => {}
        }
    }
    function
}

/// Replaces the digest of the zip that Lambda has by that of the binary that was sent in it from here, so that it can be compared
/// with the binary on disk.
fn sent_from_here(digests: &mut Digests, local: Option<&Local>, mut function: Function) -> Function {
    let (Some(local), Some(account), false) = (local, &function.account, function.hot_reload) else {
        return function;
    };
    let Some((binary, zip)) = local.sent(account, &function.region, &function.name) else { return function };
    let disk = local.folder(&function.name).map(|folder| digests.of(&folder));
    if let Some(OnDisk::Digest(digest)) = disk {
        function.on_disk_digest = Some(digest);
    }
    if function.deployed_digest.as_ref() == Some(&zip) {
        if function.answering_digest.is_some() {
            function.answering_digest = Some(binary.clone());
        }
        function.deployed_digest = Some(binary);
    }
    function
}

impl StatusSource for Pipeline {
    fn report(&self) -> Pin<Box<dyn Future<Output = Result<StatusReport, Problem>> + Send + '_>> {
        Box::pin(self.ask())
    }

    fn interval(&self, report: &StatusReport) -> Duration {
        match report.calls {
            Some(_) if self.client.is_aws() => AWS_INTERVAL,
            Some(_) => APIS_INTERVAL,
            None => PAGE_INTERVAL,
        }
    }
}
