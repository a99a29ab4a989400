//! One invocation, from the event to the answer, with its log and metrics.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::json;

use super::{
    environment::{Answer, Environment, Event, Failure, StartError, spawn_error},
    function::Function,
    local::{LocalHandler, LocalHandlers},
    logging::{Ending, Figures},
    payloads,
    pool::{Lease, Refused},
    recent::Recent,
    version::Version,
};
use crate::{
    aside, cause,
    clock::Clock,
    error::ApiError,
    functions::{Invocation, Outcome, Starvation},
    kept::Budget,
    secrets::without_secrets,
    services::logs::Logs,
    wire,
};

/// What all invocations of a region use.
#[derive(Debug, Clone)]
pub(super) struct Invoker {
    pub(super) clock: Clock,
    pub(super) logs: Arc<Logs>,
    /// The last events of each function, which can be shown and sent again.
    pub(super) recent: Arc<Recent>,
    /// The handlers that run in this process instead of a function's code.
    pub(super) locals: Arc<LocalHandlers>,
    /// Whether consumers of streams are starved.
    pub(super) starvation: Starvation,
    /// The events of all invocations, from their arrival to their answer.
    pub(super) payloads: Arc<Budget>,
}

/// How many environments an event is given to when each dies before it takes the event.
const HANDOVERS: usize = 3;

/// The log stream of handlers in this process.
const HERE: &str = "in-process";

/// How much of its log an invocation returns, in bytes [Invoke, Lambda API reference, LogType].
const TAIL: usize = 4096;

impl Invoker {
    /// Runs one invocation on `version`. Only throttling and errors of the cloud itself are errors here.
    pub(super) async fn run(
        &self,
        function: Arc<Function>,
        version: Arc<Version>,
        invocation: Invocation,
    ) -> Result<Outcome, ApiError> {
        let _payload = payloads::claim(&self.payloads, &invocation).inspect_err(|_| {
            function.meters.throttles.record(1.0, self.clock.now_ms());
        })?;
        let _place = if invocation.gives_way { self.starvation.give_way().await } else { None };
        // Held to the end, because an invocation that waits for an environment counts as concurrent too.
        let permit = function.share.enter().inspect_err(|_| {
            function.meters.throttles.record(1.0, self.clock.now_ms());
        })?;
        let trace_id = invocation.trace_id.as_deref();
        let trace_id = trace_id.map_or_else(|| new_trace(self.clock.now_ms()), str::to_owned);
        let invocation = Invocation { trace_id: Some(function.follow_trace(&trace_id)?), ..invocation };
        let request_id: Arc<str> =
            invocation.request_id.clone().unwrap_or_else(|| wire::unique_id().to_string()).into();
        let number = self.recent.came(&function.name, &request_id, &invocation, self.clock.now_ms());
        let mut attempt = self.attempt(&function, &version, &invocation, &request_id).await;
        for _ in 1..HANDOVERS {
            if !matches!(attempt, Attempt::Untouched) {
                break;
            }
            attempt = self.attempt(&function, &version, &invocation, &request_id).await;
        }
        let report = match attempt {
            Attempt::Ended(report) => report,
            Attempt::Untouched => Report::failed(
                &request_id,
                "Runtime.ExitError",
                "Error: Runtime exited before it took the event",
                String::new(),
            ),
            Attempt::Stopped => {
                let error = gone(&function, &version);
                self.recent.ended(number, Some(&error.message));
                return Err(error);
            }
        };
        let now = self.clock.now_ms();
        self.recent.ended(number, report.error.as_deref());
        function.meters.invocations.record(1.0, now);
        function.meters.errors.record(f64::from(u8::from(report.error.is_some())), now);
        function.meters.concurrency.record(permit.running as f64, now);
        if let Some(error) = &report.error {
            version.last.lock().error = Some((without_secrets(error).into_owned(), now));
        }
        Ok(Outcome {
            request_id: request_id.to_string(),
            payload: report.payload,
            function_error: report.error.is_some().then_some("Unhandled"),
            executed_version: version.name.to_string(),
            log_tail: report.log_tail,
        })
    }

    async fn attempt(
        &self,
        function: &Function,
        version: &Version,
        invocation: &Invocation,
        request_id: &Arc<str>,
    ) -> Attempt {
        if version.pool.is_stopped() {
            return Attempt::Stopped;
        }
        if let Some(handler) = self.locals.of(&function.name) {
            return Attempt::Ended(self.run_here(function, version, invocation, request_id, &handler).await);
        }
        if let Err(error) = version.generation() {
            let message = spawn_error(&error);
            return Attempt::Ended(Report::failed(
                request_id,
                "Runtime.InvalidEntrypoint",
                &message,
                String::new(),
            ));
        }
        let lease = match version.pool.acquire().await {
            Ok(lease) => lease,
            Err(Refused::Stopped) => return Attempt::Stopped,
            Err(Refused::NotStarted(error)) => {
                return Attempt::Ended(self.init_failed(
                    function,
                    version,
                    request_id,
                    &error,
                    invocation.wants_log,
                ));
            }
        };
        let environment = Arc::clone(&lease.environment);
        let limit = Duration::from_secs(environment.generation.configuration.timeout);
        let logging = environment.generation.configuration.logging;
        let now = self.clock.now_ms();
        let mut log = Vec::new();
        if lease.is_first {
            let runtime = environment.generation.runtime_version();
            log.extend(logging.init_start(now, &runtime).map(|line| (now, line)));
            log.extend(logging.kept(environment.take_output()));
            log.extend(logging.init_done(now, environment.init).map(|line| (now, line)));
        }
        log.extend(logging.start(now, request_id, &version.name).map(|line| (now, line)));
        let event = Event {
            request_id: Arc::clone(request_id),
            payload: invocation.payload.clone(),
            // The function compares the deadline with the machine's clock, the only one that it sees.
            deadline_ms: self.clock.unscaled().now_ms() + limit.as_millis() as i64,
            function_arn: Arc::clone(&function.arn),
            trace_id: invocation.trace_id.clone().unwrap_or_default(),
            client_context: invocation.client_context.clone(),
        };
        let began = Instant::now();
        let outcome = environment.run(event, limit).await;
        let duration = if matches!(outcome, Err(Failure::TimedOut)) { limit } else { began.elapsed() };
        if matches!(outcome, Err(Failure::Untouched(_))) {
            lease.give_back();
            return Attempt::Untouched;
        }
        // The process was killed because the pool stopped, so this is not a failure of the function.
        if matches!(outcome, Err(Failure::Exited(_))) && version.pool.is_stopped() {
            return Attempt::Stopped;
        }
        let now = self.clock.now_ms();
        function.meters.duration.record(duration.as_secs_f64() * 1000.0, now);
        let (payload, error, ending) = self.interpret(request_id, limit, outcome, &mut log, &environment);
        if error.is_none() {
            version.last.lock().answered = Some((Arc::clone(&environment.generation), now));
        }
        let last = [
            logging.end(now, request_id, duration, &ending),
            logging.report(now, request_id, figures(duration, &lease), &ending),
        ];
        log.extend(last.into_iter().flatten().map(|line| (now, line)));
        lease.give_back();
        let log_tail = if invocation.wants_log { tail(&log) } else { String::new() };
        let group = function.log_group(&environment.generation.configuration);
        self.logs.append(&function.region, &group, &environment.log_stream, log);
        Attempt::Ended(Report { payload, error, log_tail })
    }

    /// Runs an invocation in this process. Its log has Lambda's own lines; what the handler prints is this process's output.
    async fn run_here(
        &self,
        function: &Function,
        version: &Version,
        invocation: &Invocation,
        request_id: &Arc<str>,
        handler: &LocalHandler,
    ) -> Report {
        let configuration = version.deployed().configuration;
        let limit = Duration::from_secs(configuration.timeout);
        let mut log =
            vec![(self.clock.now_ms(), format!("START RequestId: {request_id} Version: {}", version.name))];
        let (began, clock) = (Instant::now(), self.clock.unscaled());
        let outcome = tokio::select! {
            outcome = handler.run(invocation.payload.clone()) => outcome,
            () = clock.sleep(limit) => {
                Err(("Sandbox.Timedout", format!("Error: Task timed out after {:.2} seconds", limit.as_secs_f64())))
            }
        };
        let now = self.clock.now_ms();
        function.meters.duration.record(began.elapsed().as_secs_f64() * 1000.0, now);
        let (payload, error) = match outcome {
            Ok(payload) => (payload, None),
            Err((error_type, message)) => {
                log.push((now, format!("RequestId: {request_id} {error_type}: {message}")));
                document(request_id, error_type, &message, "")
            }
        };
        log.push((now, format!("END RequestId: {request_id}")));
        let log_tail = if invocation.wants_log { tail(&log) } else { String::new() };
        self.logs.append(&function.region, &function.log_group(&configuration), HERE, log);
        Report { payload, error, log_tail }
    }

    /// The answer as the caller gets it; what the process printed goes into the log before the closing lines.
    fn interpret(
        &self,
        request_id: &str,
        limit: Duration,
        outcome: Result<Answer, Failure>,
        log: &mut Vec<(i64, String)>,
        environment: &Environment,
    ) -> (Bytes, Option<String>, Ending) {
        let logging = environment.generation.configuration.logging;
        log.extend(logging.kept(environment.take_output()));
        let now = self.clock.now_ms();
        match outcome {
            Ok(Answer::Response(payload)) => (payload, None, Ending::Success),
            Ok(Answer::Error(document)) => {
                let (kind, error) = (error_type(&document), one_line(&document));
                (document, Some(error), Ending::Error(kind))
            }
            Ok(Answer::TooLarge(size)) => {
                let kind = "Function.ResponseSizeTooLarge";
                let text =
                    format!("Response payload size exceeded maximum allowed payload size ({size} bytes).");
                let (payload, error) = document(request_id, kind, &text, "");
                (payload, error, Ending::Error(kind.to_owned()))
            }
            Err(Failure::TimedOut) => {
                let text = format!("Task timed out after {:.2} seconds", limit.as_secs_f64());
                let line = logging.sentence(|| format!("{} {request_id} {text}", wire::iso(now)));
                log.extend(line.map(|line| (now, line)));
                let (payload, error) =
                    document(request_id, "Sandbox.Timedout", &format!("Error: {text}"), "RequestId: ");
                (payload, error, Ending::Timeout)
            }
            Err(Failure::Exited(how) | Failure::Untouched(how)) => {
                let kind = "Runtime.ExitError";
                let text = format!("Error: Runtime exited with error: {how}");
                let line = logging.sentence(|| format!("RequestId: {request_id} {text}"));
                log.extend(line.map(|line| (now, line)));
                let (payload, error) = document(request_id, kind, &text, "RequestId: ");
                (payload, error, Ending::Failure(kind.to_owned()))
            }
        }
    }

    /// When an environment does not start, the invocation fails too, as on Lambda; the output is logged.
    fn init_failed(
        &self,
        function: &Function,
        version: &Version,
        request_id: &str,
        error: &StartError,
        wants_log: bool,
    ) -> Report {
        let now = self.clock.now_ms();
        let logging = version.deployed().configuration.logging;
        let mut log = logging.kept(error.output.clone());
        let [done, report] = logging.init_failed(now, request_id, &error.error_type, &error.message);
        let lines = [
            logging.start(now, request_id, "$LATEST"),
            done,
            report,
            logging.end(now, request_id, Duration::ZERO, &Ending::Error(error.error_type.clone())),
        ];
        log.extend(lines.into_iter().flatten().map(|line| (now, line)));
        let log_tail = if wants_log { tail(&log) } else { String::new() };
        if !error.log_stream.is_empty() {
            let group = function.log_group(&version.deployed().configuration);
            self.logs.append(&function.region, &group, &error.log_stream, log);
        }
        let report = Report::failed(request_id, &error.error_type, &error.message, log_tail);
        match &error.document {
            Some(document) => Report { payload: document.clone(), ..report },
            None => report,
        }
    }
}

enum Attempt {
    Ended(Report),
    /// The environment died before it took the event.
    Untouched,
    /// The function was deleted meanwhile, or the cloud is stopping.
    Stopped,
}

struct Report {
    payload: Bytes,
    error: Option<String>,
    log_tail: String,
}

impl Report {
    fn failed(request_id: &str, error_type: &str, message: &str, log_tail: String) -> Self {
        let (payload, error) = document(request_id, error_type, message, "RequestId: ");
        Self { payload, error, log_tail }
    }
}

/// Lambda's error for a function that no longer exists.
fn gone(function: &Function, version: &Version) -> ApiError {
    let qualifier = if &*version.name == "$LATEST" { String::new() } else { format!(":{}", version.name) };
    super::not_found(format!("Function not found: {}{qualifier}", function.arn))
}

/// An error document in Lambda's words. With a `prefix`, the request id precedes the message.
fn document(request_id: &str, error_type: &str, message: &str, prefix: &str) -> (Bytes, Option<String>) {
    let text = if prefix.is_empty() { message.to_owned() } else { format!("{prefix}{request_id} {message}") };
    let document = json!({ "errorType": error_type, "errorMessage": text });
    (document.to_string().into(), Some(format!("{error_type}: {message}")))
}

/// What a function calls its error.
fn error_type(document: &[u8]) -> String {
    let value: serde_json::Value = aside::from_json(document).unwrap_or_default();
    value.get("errorType").and_then(serde_json::Value::as_str).unwrap_or("Unhandled").to_owned()
}

/// An error document of a function's own, shortened for the status page.
fn one_line(document: &[u8]) -> String {
    let value: serde_json::Value = aside::from_json(document).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str).unwrap_or("");
    let line = format!("{}: {}", text("errorType"), text("errorMessage"));
    line.chars().take(500).collect()
}

fn figures(duration: Duration, lease: &Lease) -> Figures {
    Figures {
        duration,
        memory: lease.environment.generation.configuration.memory,
        peak: lease.environment.peak_memory(),
        init: lease.is_first.then_some(lease.environment.init),
    }
}

fn tail(log: &[(i64, String)]) -> String {
    let mut size = 0;
    let lines: Vec<&str> = log
        .iter()
        .rev()
        .map(|(_, line)| line.as_str())
        .take_while(|line| {
            size += line.len() + 1;
            size <= TAIL
        })
        .collect();
    lines.into_iter().rev().flat_map(|line| [line, "\n"]).collect()
}

/// The trace header of a new invocation at `at_ms`, in ms since the epoch; it is never sampled.
pub(super) fn new_trace(at_ms: i64) -> String {
    format!("{};Parent={:016x};Sampled=0", cause::new_trace(at_ms), rand::random::<u64>())
}
