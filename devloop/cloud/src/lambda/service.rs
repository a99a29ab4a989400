//! The functions of all regions, and the operations that the rest of the cloud calls.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use super::{
    asynchronous::Courier,
    code::{Code, STORAGE},
    concurrency::Account,
    function::Function,
    invoke::Invoker,
    layers::Layers,
    name::{self, Reference},
    not_found, payloads,
    version::Version,
};
use crate::{
    cause,
    clock::Clock,
    context::Context,
    error::ApiError,
    functions::{self, Invocation, Outcome, Starvation, Starved},
    kept::Budget,
    regional::Regional,
    services::{cloudwatch::CloudWatch, logs::Logs},
};

/// The timeout, in seconds, of functions that no template describes: long enough for debugging.
const LOCAL_TIMEOUT: u64 = 30;

/// How long stopping waits for killed processes to end.
const LAST_PROCESS: Duration = Duration::from_secs(2);

/// The functions of one region by name.
pub(super) type Functions = RwLock<BTreeMap<String, Arc<Function>>>;

/// The service.
#[derive(Debug)]
pub(crate) struct Lambda {
    pub(super) regions: Arc<Regional<Functions>>,
    pub(super) layers: Regional<Layers>,
    /// The unpacked code of all functions and layers.
    pub(super) code: Arc<Budget>,
    pub(super) courier: Arc<Courier>,
    /// The concurrency of each region.
    pub(super) accounts: Regional<Account>,
    pub(super) cloudwatch: Arc<CloudWatch>,
    pub(super) invoker: Invoker,
    pub(super) clock: Clock,
    endpoint: RwLock<Arc<str>>,
    /// Tracks every function process that has not ended.
    pub(super) processes: TaskTracker,
    /// Where Node.js functions look for the AWS SDK that Lambda's Node.js has.
    pub(super) node_packages: Arc<[PathBuf]>,
    /// Whether functions made from now on may be debugged.
    pub(super) debugged: AtomicBool,
    /// The asynchronous events that waited when the service was stopped.
    left: Mutex<Vec<(String, usize)>>,
}

impl Lambda {
    /// A service without functions that logs to `logs` and records metrics in `cloudwatch`.
    pub(crate) fn new(clock: Clock, logs: Arc<Logs>, cloudwatch: Arc<CloudWatch>) -> Self {
        let regions = Arc::new(Regional::default());
        let invoker = Invoker {
            clock: clock.clone(),
            logs,
            recent: Arc::default(),
            locals: Arc::default(),
            starvation: Starvation::default(),
            payloads: Arc::new(Budget::new(payloads::MOST)),
        };
        Self {
            courier: Courier::new(invoker.clone(), Arc::clone(&cloudwatch), Arc::clone(&regions)),
            regions,
            layers: Regional::default(),
            code: Arc::new(Budget::new(STORAGE)),
            accounts: Regional::default(),
            cloudwatch,
            invoker,
            clock,
            endpoint: RwLock::new("http://127.0.0.1:4566".into()),
            processes: TaskTracker::new(),
            node_packages: [].into(),
            debugged: AtomicBool::new(false),
            left: Mutex::default(),
        }
    }

    /// The same service, whose Node.js functions find the AWS SDK from these folders, upwards.
    pub(crate) fn with_node_packages(self, folders: &[PathBuf]) -> Self {
        Self { node_packages: folders.into(), ..self }
    }

    /// Sets the endpoint at which functions find the cloud.
    pub(crate) fn listens_on(&self, endpoint: Arc<str>) {
        *self.endpoint.write() = endpoint;
    }

    pub(super) fn endpoint(&self) -> Arc<str> {
        Arc::clone(&self.endpoint.read())
    }

    /// The function that a reference names, and the reference.
    pub(crate) fn find(&self, cx: &Context, text: &str) -> Result<(Arc<Function>, Reference), ApiError> {
        find(&self.regions, cx, text)
    }

    /// The ARN of an existing function with the qualifier of the reference, for callers that store it.
    pub(crate) fn resolve_arn(&self, cx: &Context, text: &str) -> Result<String, ApiError> {
        let (function, reference) = self.find(cx, text)?;
        function.version(reference.qualifier.as_deref())?;
        Ok(match reference.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", function.arn),
            None => function.arn.to_string(),
        })
    }

    /// Notes that a consumer of a stream is starved: for a moment, invocations that give way wait.
    pub(crate) fn starves(&self, starved: Starved) {
        self.invoker.starvation.note(starved);
    }

    /// The last events that functions got.
    pub(crate) fn recent_events(&self) -> Value {
        self.invoker.recent.shown()
    }

    /// The event with this number, if it is kept.
    pub(crate) fn recent_event(&self, number: u64) -> Option<Value> {
        self.invoker.recent.one(number)
    }

    fn target(
        &self,
        cx: &Context,
        text: &str,
        qualifier: Option<&str>,
    ) -> Result<(Arc<Function>, Arc<Version>), ApiError> {
        let (function, reference) = self.find(cx, text)?;
        let version = function.version(qualifier.or(reference.qualifier.as_deref()))?;
        Ok((function, version))
    }

    /// Invokes a function (name, partial or full ARN, with or without a qualifier) and waits for its answer. The invocation
    /// continues when the caller disconnects, as on Lambda.
    pub(crate) async fn invoke(
        &self,
        cx: &Context,
        function: &str,
        invocation: Invocation,
    ) -> Result<Outcome, ApiError> {
        self.invoke_qualified(cx, function, None, invocation).await
    }

    pub(super) async fn invoke_qualified(
        &self,
        cx: &Context,
        function: &str,
        qualifier: Option<&str>,
        invocation: Invocation,
    ) -> Result<Outcome, ApiError> {
        let (function, version) = self.target(cx, function, qualifier)?;
        let causes = if invocation.causes.is_empty() { cause::current() } else { invocation.causes };
        let invocation = Invocation { causes, ..invocation };
        let invoker = self.invoker.clone();
        let run = tokio::spawn(async move { invoker.run(function, version, invocation).await });
        run.await.map_err(|error| {
            ApiError::with_status(500, "ServiceException", format!("the invocation ended: {error}"))
        })?
    }

    /// Queues an event for an asynchronous invocation; the function must exist.
    pub(super) fn invoke_async(
        &self,
        cx: &Context,
        function: &str,
        qualifier: Option<&str>,
        invocation: Invocation,
    ) -> Result<(), ApiError> {
        let (function, reference) = self.find(cx, function)?;
        let qualifier = qualifier.map(str::to_owned).or(reference.qualifier);
        function.version(qualifier.as_deref())?;
        // An event that waits is remembered by its trace alone.
        let trace_id = invocation.trace_id.or_else(|| cause::first().map(|root| format!("Root={root}")));
        let invocation = Invocation { trace_id, ..invocation };
        self.courier.accept(cx, &function, qualifier, invocation)
    }

    pub(super) fn exists(
        &self,
        cx: &Context,
        function: &str,
        qualifier: Option<&str>,
    ) -> Result<(), ApiError> {
        self.target(cx, function, qualifier).map(|_| ())
    }

    /// Creates a function that runs from the hot-reload folder `folder`, with a URL of its own. The tool serves binaries
    /// this way when there is no template. Returns the URL's id.
    pub(crate) fn serve_folder(&self, cx: &Context, name: &str, folder: &Path) -> Result<String, ApiError> {
        let input = json!({
            "FunctionName": name,
            "Role": cx.arn("iam", "role/devloop"),
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Timeout": LOCAL_TIMEOUT,
            "Code": { "S3Bucket": "hot-reload", "S3Key": folder },
        });
        let function = self.create(cx, &input, Code::from_input(&input["Code"], &self.code))?;
        Ok(function.open_url("NONE", None, self.clock.now_ms()))
    }

    /// Deletes a function that the tool no longer has.
    pub(crate) fn remove(&self, cx: &Context, name: &str) -> Result<(), ApiError> {
        self.find(cx, name).map(|(function, _)| self.forget(&function))
    }

    /// Ends a deleted function's environments and forgets it.
    pub(super) fn forget(&self, function: &Function) {
        self.regions.of(&function.region).write().remove(&*function.name);
        function.stop();
    }

    /// The folder of a function's code.
    pub(crate) fn folder(&self, region: &str, name: &str) -> Option<PathBuf> {
        let function = self.regions.of(region).read().get(name).cloned()?;
        Some(function.latest.deployed().code.folder().to_owned())
    }

    /// The function of `region` that logs to `group`.
    pub(crate) fn logs_to(&self, region: &str, group: &str) -> Option<String> {
        if let Some(name) = group.strip_prefix("/aws/lambda/") {
            return Some(name.to_owned());
        }
        let functions = self.regions.of(region);
        let functions = functions.read();
        let found = functions.values().find(|function| {
            function.latest.deployed().configuration.log_group().is_some_and(|own| own == group)
        });
        found.map(|function| function.name.to_string())
    }

    pub(super) fn all(&self) -> Vec<Arc<Function>> {
        self.regions
            .all()
            .iter()
            .flat_map(|(_, functions)| functions.read().values().cloned().collect::<Vec<_>>())
            .collect()
    }

    /// The functions as `devloop status` shows them.
    pub(crate) async fn snapshot(&self, from_ms: i64) -> Vec<Value> {
        let now = self.clock.now_ms();
        let mut out = Vec::new();
        for function in self.all() {
            let version = &function.latest;
            let current = version.pool.current();
            let deployed = match &current {
                Some(generation) => Some(generation.digest_aside().await),
                None => None,
            };
            let (answered, error) = {
                let last = version.last.lock();
                (last.answered.clone(), last.error.clone())
            };
            let answering = match &answered {
                Some((generation, _)) => Some(generation.digest_aside().await),
                None => None,
            };
            let code = version.deployed().code;
            let dimensions = [("FunctionName", function.name.as_ref())];
            let summary = |metric: &str| {
                self.cloudwatch.summary(&function.region, "AWS/Lambda", metric, &dimensions, from_ms, now + 1)
            };
            let sum = |metric: &str| summary(metric).map_or(0.0, |summary| summary.sum);
            out.push(json!({
                "name": &*function.name,
                "arn": &*function.arn,
                "region": &*function.region,
                "folder": code.folder(),
                "hot_reload": matches!(code, Code::Hot { .. }),
                "deployed_digest": deployed,
                "answering_digest": answering,
                "answered_ms": answered.as_ref().map(|(_, at)| at),
                "environments": version.pool.occupancy(),
                "invocations": sum("Invocations"),
                "errors": sum("Errors"),
                "throttles": sum("Throttles"),
                "duration_ms": summary("Duration"),
                "asynchronous": function.events().map(|events| json!({
                    "waiting": events.load().events,
                    "waiting_bytes": events.load().bytes,
                    "being_tried": events.ahead().0,
                    "next_try_ms": events.ahead().1,
                    "given_up": events.dropped(),
                })),
                "last_error": error.as_ref().map(|(text, _)| text),
                "last_error_ms": error.as_ref().map(|(_, at)| at),
            }));
        }
        out
    }

    /// How many asynchronous events wait for each function, by its name; functions without such events are left out.
    pub(crate) fn waiting_events(&self) -> Vec<(String, usize)> {
        let waiting = |function: &Arc<Function>| function.events().map_or(0, |events| events.load().events);
        let counted = self.all().into_iter().map(|function| (function.name.to_string(), waiting(&function)));
        let left = self.left.lock().clone();
        counted.filter(|(_, events)| *events > 0).chain(left).collect()
    }

    /// Kills every environment and waits until no process is left.
    pub(crate) async fn stop(&self) {
        let waiting = self.waiting_events();
        for function in self.all() {
            function.stop();
        }
        *self.left.lock() = waiting;
        self.processes.close();
        // Killed processes end within milliseconds; a process that the kernel cannot end must not block devloop.
        let _ = tokio::time::timeout(LAST_PROCESS, self.processes.wait()).await;
    }
}

impl functions::Functions for Lambda {
    fn invoke<'a>(
        &'a self,
        cx: &'a Context,
        function: &'a str,
        invocation: Invocation,
    ) -> BoxFuture<'a, Result<Outcome, ApiError>> {
        Box::pin(Self::invoke(self, cx, function, invocation))
    }

    fn invoke_later(&self, cx: &Context, function: &str, invocation: Invocation) -> Result<(), ApiError> {
        self.invoke_async(cx, function, None, invocation)
    }

    fn are_debugged(&self) -> bool {
        self.debugged.load(Ordering::Relaxed)
    }
}

/// The function that a reference names, and the reference.
pub(super) fn find(
    regions: &Regional<Functions>,
    cx: &Context,
    text: &str,
) -> Result<(Arc<Function>, Reference), ApiError> {
    let reference = name::parse(text)?;
    let region = reference.region.as_deref().unwrap_or(&cx.region);
    let function = regions.of(region).read().get(&reference.name).cloned();
    let function = function.ok_or_else(|| {
        not_found(format!(
            "Function not found: arn:aws:lambda:{region}:{}:function:{}",
            cx.account, reference.name
        ))
    })?;
    Ok((function, reference))
}
