//! An event source mapping: its source and function, its options and its state. The API and the delivering tasks share it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

use super::{
    kind::Kind,
    settings::{Settings, check_tags},
    status::{MappingStatus, ShardStatus},
    streams::Reading,
};
use crate::{context::Context, error::ApiError, shard::Start, wire};

/// An event source mapping.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) uuid: String,
    /// Increases with every mapping of the region; it determines the order of lists.
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) source_arn: String,
    pub(crate) start: Start,
    /// The context of the request that created the mapping.
    cx: Context,
    facts: Mutex<Facts>,
    plan: watch::Sender<Arc<Plan>>,
    nudges: watch::Sender<u64>,
    shards: Mutex<Vec<Arc<dyn Reading>>>,
    /// How many answers named failed items although the mapping does not use `ReportBatchItemFailures`.
    ignored_failures: AtomicU64,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What the user currently wants. It is replaced as a whole; delivering tasks look at it before every step.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) enabled: bool,
    pub(crate) function_arn: String,
    pub(crate) settings: Settings,
}

impl Plan {
    /// The function's name, without qualifier.
    pub(crate) fn function_name(&self) -> &str {
        function_name(&self.function_arn)
    }
}

/// The name in a function's ARN, partial ARN, or name with or without a qualifier.
pub(crate) fn function_name(reference: &str) -> &str {
    reference
        .rsplit_once("function:")
        .map_or(reference, |(_, rest)| rest)
        .split(':')
        .next()
        .unwrap_or_default()
}

/// What the API shows besides the plan.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) state: State,
    pub(crate) last_modified_ms: i64,
    pub(crate) last_result: LastResult,
    pub(crate) tags: BTreeMap<String, String>,
}

/// The states in [`CreateEventSourceMapping`, Lambda API reference], with the API's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Creating,
    Enabling,
    Enabled,
    Disabling,
    Disabled,
    Updating,
    Deleting,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Enabling => "Enabling",
            Self::Enabled => "Enabled",
            Self::Disabling => "Disabling",
            Self::Disabled => "Disabled",
            Self::Updating => "Updating",
            Self::Deleting => "Deleting",
        }
    }
}

/// The result of the mapping's last try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastResult {
    Nothing,
    Ok,
    CallFailed,
    DestinationFailed,
    StreamGone,
    QueueGone,
}

impl LastResult {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Nothing => "No records processed",
            Self::Ok => "OK",
            Self::CallFailed => "PROBLEM: Function call failed",
            Self::DestinationFailed => "PROBLEM: On-failure destination call failed",
            Self::StreamGone => "PROBLEM: Stream not found",
            Self::QueueGone => "PROBLEM: Queue not found",
        }
    }
}

impl Mapping {
    /// A mapping for which no task delivers yet.
    pub(crate) fn new(
        cx: Context,
        number: u64,
        (kind, source_arn, start): (Kind, String, Start),
        plan: Plan,
        tags: BTreeMap<String, String>,
        now_ms: i64,
    ) -> Self {
        let facts = Facts {
            state: State::Creating,
            last_modified_ms: now_ms,
            last_result: LastResult::Nothing,
            tags,
        };
        Self {
            uuid: Uuid::new_v4().to_string(),
            number,
            kind,
            source_arn,
            start,
            cx,
            facts: Mutex::new(facts),
            plan: watch::Sender::new(Arc::new(plan)),
            nudges: watch::Sender::new(0),
            shards: Mutex::default(),
            ignored_failures: AtomicU64::new(0),
            task: Mutex::default(),
        }
    }

    /// The mapping's own ARN.
    pub(crate) fn arn(&self) -> String {
        self.cx.arn("lambda", &format!("event-source-mapping:{}", self.uuid))
    }

    /// The context for one invocation by the mapping.
    pub(crate) fn request_context(&self) -> Context {
        Context { request_id: wire::unique_id().to_string().into(), ..self.cx.clone() }
    }

    /// The region of the mapping and of its source.
    pub(crate) fn region(&self) -> &str {
        &self.cx.region
    }

    pub(crate) fn facts(&self) -> Facts {
        self.facts.lock().clone()
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.borrow())
    }

    /// Follows the plan and its changes.
    pub(crate) fn plans(&self) -> watch::Receiver<Arc<Plan>> {
        self.plan.subscribe()
    }

    /// Notifies when the function got new code.
    pub(crate) fn nudges(&self) -> watch::Receiver<u64> {
        self.nudges.subscribe()
    }

    /// Makes waiting retries run now.
    pub(crate) fn nudge(&self) {
        self.nudges.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Adds and removes tags; fails if that makes too many.
    pub(crate) fn retag(&self, add: BTreeMap<String, String>, remove: &[String]) -> Result<(), ApiError> {
        let mut facts = self.facts.lock();
        let mut tags = facts.tags.clone();
        tags.extend(add);
        tags.retain(|key, _| !remove.contains(key));
        check_tags(&tags)?;
        facts.tags = tags;
        Ok(())
    }

    /// Sets a new plan. The mapping is in transition until its tasks follow the plan.
    pub(crate) fn replan(&self, plan: Plan, now_ms: i64) {
        let mut facts = self.facts.lock();
        facts.state = match (self.plan.borrow().enabled, plan.enabled) {
            (true, false) => State::Disabling,
            (false, true) => State::Enabling,
            _ => State::Updating,
        };
        facts.last_modified_ms = now_ms;
        if plan.settings.partial_answers {
            // What was lost before is mended, and no longer pointed out.
            self.ignored_failures.store(0, Ordering::Relaxed);
        }
        self.plan.send_replace(Arc::new(plan));
    }

    /// Sets the state once the tasks follow `plan`; ignored if there is a newer plan.
    pub(crate) fn settle(&self, plan: &Arc<Plan>, state: State) {
        let mut facts = self.facts.lock();
        if Arc::ptr_eq(&self.plan.borrow(), plan) {
            facts.state = state;
        }
    }

    /// Disables the mapping, because its source was deleted.
    pub(crate) fn disable(&self) {
        let mut facts = self.facts.lock();
        let plan = Plan { enabled: false, ..Plan::clone(&self.plan.borrow()) };
        self.plan.send_replace(Arc::new(plan));
        facts.state = State::Disabled;
    }

    /// Sets the result of the last try.
    pub(crate) fn processed(&self, result: LastResult) {
        self.facts.lock().last_result = result;
    }

    /// The stream's ARN, even if the source is one of its consumers.
    pub(crate) fn stream_arn(&self) -> &str {
        self.source_arn.split_once("/consumer/").map_or(&self.source_arn, |(stream, _)| stream)
    }

    /// Records that a function's answer named failed items, which were ignored: they count as done and are lost.
    pub(crate) fn ignores_failures(&self, function: &str) {
        if self.ignored_failures.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                mapping = %self.uuid, function, source = self.source_arn,
                "the function answers batchItemFailures, and its event source mapping does not read them: the records \
                 they name are lost. Set FunctionResponseTypes to [\"ReportBatchItemFailures\"]"
            );
        }
    }

    /// Sets the shards that are being read.
    pub(crate) fn reads(&self, shards: Vec<Arc<dyn Reading>>) {
        *self.shards.lock() = shards;
    }

    /// Sets the task that delivers; an earlier one is stopped.
    pub(crate) fn runs(&self, task: JoinHandle<()>) {
        if let Some(earlier) = self.task.lock().replace(task) {
            earlier.abort();
        }
    }

    /// Whether a task delivers. None does after the stream was deleted.
    pub(crate) fn is_running(&self) -> bool {
        self.task.lock().as_ref().is_some_and(|task| !task.is_finished())
    }

    /// Ends delivery. An invocation in progress is not awaited, and its result is ignored.
    pub(crate) fn stop(&self) -> Option<JoinHandle<()>> {
        let task = self.task.lock().take()?;
        task.abort();
        Some(task)
    }

    /// The mapping for `devloop status`.
    pub(crate) fn status(&self, now_ms: i64) -> MappingStatus {
        let readings = self.shards.lock().clone();
        let shards: Vec<ShardStatus> = readings.iter().map(|reading| reading.status(now_ms)).collect();
        let facts = self.facts();
        MappingStatus {
            uuid: self.uuid.clone(),
            function: self.plan().function_name().to_owned(),
            source: self.source_arn.clone(),
            state: facts.state.name(),
            last_result: facts.last_result.text(),
            ignored_failures: self.ignored_failures.load(Ordering::Relaxed),
            lag_records: shards.iter().map(|shard| shard.lag_records).sum(),
            oldest_unprocessed_ms: shards.iter().filter_map(|shard| shard.oldest_unprocessed_ms).max(),
            shards,
        }
    }
}
