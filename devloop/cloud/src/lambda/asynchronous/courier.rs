//! Takes asynchronous events out of their queues, invokes the functions, and sends the outcomes to destinations.

use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use super::{
    backlog::{Backlog, Load, Queued, Step},
    decide::{Condition, Next, Tried, next},
    record::Settled,
    settings::EventSettings,
};
use crate::{
    calls::Calls,
    context::Context,
    error::ApiError,
    functions::{Invocation, Outcome},
    lambda::{
        ACCOUNT_CONCURRENCY,
        destination::{self, Message},
        function::Function,
        invoke::Invoker,
        service::Functions,
        version::Version,
    },
    regional::Regional,
    services::cloudwatch::CloudWatch,
};

/// Delivers the asynchronous events of all functions.
#[derive(Debug)]
pub(crate) struct Courier {
    invoker: Invoker,
    cloudwatch: Arc<CloudWatch>,
    functions: Arc<Regional<Functions>>,
    total: Arc<Mutex<Load>>,
    /// The other services; set once the cloud is assembled.
    outlet: OnceLock<Weak<dyn Calls>>,
    /// Holds a task for every function that events wait for and for every try.
    tasks: TaskTracker,
}

impl Courier {
    pub(crate) fn new(
        invoker: Invoker,
        cloudwatch: Arc<CloudWatch>,
        functions: Arc<Regional<Functions>>,
    ) -> Arc<Self> {
        let (total, outlet, tasks) = (Arc::default(), OnceLock::new(), TaskTracker::new());
        Arc::new(Self { invoker, cloudwatch, functions, total, outlet, tasks })
    }

    /// Sets the other services, once.
    pub(crate) fn connect(&self, outlet: Weak<dyn Calls>) {
        // The cloud is assembled once; a second call would be ignored.
        let _ = self.outlet.set(outlet);
    }

    /// The other services. Fails while the cloud is stopping.
    pub(crate) fn others(&self) -> Result<Arc<dyn Calls>, ApiError> {
        let others = self.outlet.get().and_then(Weak::upgrade);
        others.ok_or_else(|| ApiError::internal("the cloud is stopping"))
    }

    /// The events that wait in the queues of all functions.
    pub(crate) fn load(&self) -> Load {
        *self.total.lock()
    }

    /// Accepts an event for `function`. Fails when the queue is full.
    pub(crate) fn accept(
        self: &Arc<Self>,
        cx: &Context,
        function: &Arc<Function>,
        qualifier: Option<String>,
        mut invocation: Invocation,
    ) -> Result<(), ApiError> {
        // The caller is told this request id, and every try of the event uses it.
        invocation.request_id.get_or_insert_with(|| cx.request_id.to_string());
        let backlog = function.backlog(|| Backlog::new(Arc::clone(&self.total)));
        let now_ms = self.invoker.clock.now_ms();
        let is_needed = backlog.accept(invocation, qualifier, now_ms)?;
        self.count(function, "AsyncEventsReceived", 1.0, "Count");
        if is_needed {
            self.serve(cx, function, backlog);
        }
        Ok(())
    }

    /// Serves the function's queue until it is empty or the function is deleted.
    fn serve(self: &Arc<Self>, cx: &Context, function: &Arc<Function>, backlog: &Arc<Backlog>) {
        let (courier, function, backlog) = (Arc::clone(self), Arc::clone(function), Arc::clone(backlog));
        let cx = Context { region: Arc::clone(&function.region), ..cx.clone() };
        self.tasks.spawn(async move {
            loop {
                let changed = backlog.changed();
                // More tries than the function's concurrency would only be throttled. With a reserved concurrency of 0, one
                // try finds that out.
                let most = function.reserved().unwrap_or(ACCOUNT_CONCURRENCY).max(1);
                match backlog.step(courier.invoker.clock.now_ms(), most) {
                    Step::Rest => return,
                    Step::Try(event) => {
                        let (courier, cx) = (Arc::clone(&courier), cx.clone());
                        let (function, backlog) = (Arc::clone(&function), Arc::clone(&backlog));
                        courier.tasks.clone().spawn(async move {
                            courier.try_once(&cx, &function, &backlog, *event).await;
                            backlog.tried();
                        });
                    }
                    Step::Wait(due_ms) => {
                        let due = async {
                            match due_ms {
                                Some(due_ms) => courier.invoker.clock.sleep_until(due_ms).await,
                                None => std::future::pending().await,
                            }
                        };
                        tokio::select! {
                            () = due => {}
                            () = changed => {}
                            () = backlog.closed.cancelled() => return,
                        }
                    }
                }
            }
        });
    }

    async fn try_once(
        self: &Arc<Self>,
        cx: &Context,
        function: &Arc<Function>,
        backlog: &Arc<Backlog>,
        mut event: Queued,
    ) {
        let settings = function.event_settings(event.qualifier.as_deref());
        // When the version or alias was deleted meanwhile, its events are dropped.
        let Ok(version) = function.version(event.qualifier.as_deref()) else { return backlog.drop_one() };
        let accepted_ms = event.accepted_ms;
        let age_ms = |now_ms: i64| (now_ms - accepted_ms).max(0) as u64;
        let before = age_ms(self.invoker.clock.now_ms());
        self.count(function, "AsyncEventAge", before as f64, "Milliseconds");
        let (tried, outcome) = if function.reserved() == Some(0) {
            (Tried::ReservedZero, None)
        } else {
            let run = self.invoker.run(Arc::clone(function), Arc::clone(&version), event.invocation.clone());
            match run.await {
                Ok(outcome) if outcome.function_error.is_none() => (Tried::Succeeded, Some(outcome)),
                Ok(outcome) => (Tried::Failed, Some(outcome)),
                Err(error) if error.code == "RecursiveInvocationException" => (Tried::Recursive, None),
                // The function is deleted, and its queue with it.
                Err(error) if error.status == 404 => return,
                Err(_) => (Tried::Throttled, None),
            }
        };
        let now_ms = self.invoker.clock.now_ms();
        let age = std::time::Duration::from_millis(age_ms(now_ms));
        match next(tried, &mut event.history, &settings, age) {
            Next::RetryAfter(wait) => {
                if backlog.put(now_ms + wait.as_millis() as i64, event) {
                    self.serve(cx, function, backlog);
                }
            }
            Next::Settled(condition) => {
                if condition != Condition::Success {
                    backlog.drop_one();
                }
                self.send_records(cx, function, &version, &settings, &event, condition, outcome.as_ref())
                    .await;
            }
        }
    }

    /// Sends the record of a settled event to the destinations and the dead-letter queue.
    #[expect(clippy::too_many_arguments, reason = "all of it is in the record")]
    async fn send_records(
        self: &Arc<Self>,
        cx: &Context,
        function: &Arc<Function>,
        version: &Version,
        settings: &EventSettings,
        event: &Queued,
        condition: Condition,
        outcome: Option<&Outcome>,
    ) {
        let qualifier = event.qualifier.as_deref().unwrap_or("$LATEST");
        let request_id = event.invocation.request_id.as_deref().unwrap_or_default();
        let settled = Settled {
            condition,
            request_id,
            function_arn: &format!("{}:{qualifier}", function.arn),
            tries: event.history.errors + u32::from(condition == Condition::Success),
            payload: &event.invocation.payload,
            outcome,
            now_ms: self.invoker.clock.now_ms(),
        };
        let is_success = condition == Condition::Success;
        let target = if is_success { &settings.on_success } else { &settings.on_failure };
        if let Some(arn) = target {
            let key = destination::object_key(&format!("async/{}", function.name), settled.now_ms);
            let message = Message { body: settled.record().to_string(), attributes: Vec::new(), key };
            let sent = self.send(cx, arn, message, event.invocation.trace_id.as_deref()).await;
            self.note(function, version, "DestinationDeliveryFailures", arn, sent);
        }
        if is_success {
            return;
        }
        self.count(function, "AsyncEventsDropped", 1.0, "Count");
        tracing::warn!(function = %function.name, request_id, ?condition, "an asynchronous event was discarded");
        if let Some(arn) = &version.deployed().configuration.dead_letter {
            let body = String::from_utf8_lossy(&event.invocation.payload).into_owned();
            let message = Message { body, attributes: settled.attributes().into(), key: String::new() };
            let sent = self.send(cx, arn, message, None).await;
            self.note(function, version, "DeadLetterErrors", arn, sent);
        }
    }

    async fn send(
        self: &Arc<Self>,
        cx: &Context,
        arn: &str,
        message: Message,
        trace_id: Option<&str>,
    ) -> Result<(), ApiError> {
        if destination::service(arn) == destination::FUNCTIONS {
            let (function, reference) = crate::lambda::service::find(&self.functions, cx, arn)?;
            function.version(reference.qualifier.as_deref())?;
            let (payload, trace_id) = (message.body.into(), trace_id.map(str::to_owned));
            let request_id = Some(uuid::Uuid::new_v4().to_string());
            let invocation = Invocation { payload, trace_id, request_id, ..Invocation::default() };
            return self.accept(cx, &function, reference.qualifier, invocation);
        }
        destination::send(&*self.others()?, cx, arn, &message).await
    }

    /// A record that was not delivered is counted in a metric and shown on the status page as the function's last failure.
    fn note(
        &self,
        function: &Function,
        version: &Version,
        metric: &str,
        arn: &str,
        sent: Result<(), ApiError>,
    ) {
        if let Err(error) = sent {
            self.count(function, metric, 1.0, "Count");
            tracing::warn!(function = %function.name, arn, %error, "the record of an asynchronous event was not delivered");
            let text = format!("the record of an asynchronous event did not reach {arn}: {error}");
            version.last.lock().error = Some((text, self.invoker.clock.now_ms()));
        }
    }

    fn count(&self, function: &Function, metric: &str, value: f64, unit: &str) {
        let dimensions = [("FunctionName", function.name.as_ref())];
        let now_ms = self.invoker.clock.now_ms();
        self.cloudwatch.record(&function.region, "AWS/Lambda", metric, &dimensions, unit, value, now_ms);
    }
}
