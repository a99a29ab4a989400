//! The service: the queues of all regions, the operations by their API names, and what the rest of the cloud uses.

use std::{
    collections::BTreeMap,
    sync::{Arc, Once, OnceLock},
};

use parking_lot::RwLock;
use serde_json::Value;
use tokio::sync::Notify;

use super::{
    deliver::Poll,
    forms, manage,
    message::{Message, Parcel},
    messages::Counts,
    metrics,
    moves::{self, Tasks},
    permissions,
    queue::{MEMORY, Queue},
    receive,
    received::Received,
    send,
};
use crate::{
    arn::Arn, clock::Clock, context::Context, error::ApiError, kept::Budget, regional::Regional,
    services::cloudwatch::CloudWatch,
};

/// The queues of one region by name.
pub(super) type Queues = RwLock<BTreeMap<String, Arc<Queue>>>;

/// SQS. Access policies are not enforced, because this cloud does not check callers. A deleted queue's name is free at once
/// and not after 60 seconds, because stacks are recreated faster than that.
#[derive(Debug)]
pub(crate) struct Sqs {
    clock: Clock,
    regions: Arc<Regional<Queues>>,
    tasks: Arc<Tasks>,
    memory: Arc<Budget>,
    /// Notified of every message that arrives in a queue.
    new_message: Arc<Notify>,
    /// Where metrics are recorded, and whether the recording task runs.
    meter: OnceLock<Arc<CloudWatch>>,
    measured: Once,
}

/// The status of a queue, for `devloop status`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct QueueStatus {
    /// The region of the queue.
    pub(crate) region: String,
    /// The queue's name.
    pub(crate) name: String,
    /// How many messages are visible, in flight and delayed.
    pub(crate) counts: Counts,
    /// The age of the oldest message, in ms.
    pub(crate) oldest_ms: Option<i64>,
    /// The bytes of the queue.
    pub(crate) bytes: usize,
}

impl Sqs {
    /// A service without queues.
    pub(crate) fn new(clock: Clock) -> Self {
        Self::within(clock, MEMORY)
    }

    /// A service whose queues have so many bytes of memory together.
    pub(super) fn within(clock: Clock, memory: usize) -> Self {
        Self {
            clock,
            regions: Arc::default(),
            tasks: Arc::default(),
            memory: Arc::new(Budget::new(memory)),
            new_message: Arc::default(),
            meter: OnceLock::new(),
            measured: Once::new(),
        }
    }

    /// Sets where the queues' metrics are recorded, once.
    pub(crate) fn reports_to(&self, cloudwatch: Arc<CloudWatch>) {
        let _ = self.meter.set(cloudwatch);
    }

    /// The signal that a new queue notifies of messages. The first call starts the task that records metrics.
    pub(super) fn new_message(&self) -> Arc<Notify> {
        if let Some(cloudwatch) = self.meter.get() {
            self.measured.call_once(|| {
                let regions = Arc::downgrade(&self.regions);
                let (clock, new_message) = (self.clock.clone(), Arc::clone(&self.new_message));
                tokio::spawn(metrics::measure(regions, clock, Arc::downgrade(cloudwatch), new_message));
            });
        }
        Arc::clone(&self.new_message)
    }

    /// Runs one operation by its API name.
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let input = forms::normalize(input);
        match operation {
            "SendMessage" => send::one(self, cx, input),
            "SendMessageBatch" => send::batch(self, cx, input),
            "ReceiveMessage" => receive::receive(self, cx, input).await,
            "DeleteMessage" => receive::delete(self, cx, input),
            "DeleteMessageBatch" => receive::delete_batch(self, cx, input),
            "ChangeMessageVisibility" => receive::change_visibility(self, cx, input),
            "ChangeMessageVisibilityBatch" => receive::change_visibility_batch(self, cx, input),
            "CreateQueue" => manage::create(self, cx, input),
            "DeleteQueue" => manage::delete(self, cx, &input),
            "PurgeQueue" => manage::purge(self, cx, &input),
            "GetQueueUrl" => manage::url(self, cx, input),
            "ListQueues" => manage::list(self, cx, input),
            "ListDeadLetterSourceQueues" => manage::list_sources(self, cx, input),
            "GetQueueAttributes" => manage::attributes(self, cx, input),
            "SetQueueAttributes" => manage::set_attributes(self, cx, input),
            "TagQueue" => manage::tag(self, cx, input),
            "UntagQueue" => manage::untag(self, cx, input),
            "ListQueueTags" => manage::tags(self, cx, &input),
            "AddPermission" => permissions::add(self, cx, input),
            "RemovePermission" => permissions::remove(self, cx, input),
            "StartMessageMoveTask" => moves::start(self, cx, input),
            "CancelMessageMoveTask" => moves::cancel(self, cx, input),
            "ListMessageMoveTasks" => moves::list(self, cx, input),
            _ => Err(ApiError::unknown_operation("sqs", operation)),
        }
    }

    /// Sends a message without attributes to the queue with this ARN.
    #[expect(clippy::unused_async, reason = "destinations are awaited alike")]
    pub(crate) async fn send(&self, region: &str, queue_arn: &str, body: String) -> Result<(), ApiError> {
        self.deliver(region, queue_arn, Parcel { body, ..Parcel::default() })
    }

    /// Sends a message of another service of the cloud to the queue with this ARN.
    pub(crate) fn deliver(&self, region: &str, queue_arn: &str, parcel: Parcel) -> Result<(), ApiError> {
        let queue = self.queue(region, queue_arn)?;
        let (_, account) = parse_arn(queue_arn).ok_or_else(does_not_exist)?;
        let message = Message::new(parcel, None, account, self.clock.now_ms());
        message.check(queue.max_bytes())?;
        queue.send(message, None).map(|_| ())
    }

    /// The queue with this ARN.
    pub(crate) fn queue(&self, region: &str, queue_arn: &str) -> Result<Arc<Queue>, ApiError> {
        let (name, _) = parse_arn(queue_arn)
            .filter(|_| Arn::parse(queue_arn).is_some_and(|arn| arn.region == region))
            .ok_or_else(does_not_exist)?;
        self.named(region, name)
    }

    /// Receives messages from a queue, waiting as long as `poll` says. Messages that were received too often move to the
    /// queue's dead-letter queue instead.
    pub(crate) async fn receive(
        &self,
        region: &str,
        queue: &Queue,
        poll: &Poll,
    ) -> Result<Vec<Received>, ApiError> {
        let dead_letters = || {
            let redrive = queue.redrive()?;
            // Messages are delivered even if the dead-letter queue does not exist.
            let target = self.queue(region, &redrive.target_arn).ok()?;
            Some((target, redrive.max_receives))
        };
        queue.receive(poll, dead_letters).await
    }

    /// The status of all queues in all regions.
    pub(crate) fn status(&self) -> Vec<QueueStatus> {
        let mut all = Vec::new();
        for (region, queues) in self.regions.all() {
            for (name, queue) in queues.read().iter() {
                all.push(QueueStatus {
                    region: region.to_string(),
                    name: name.clone(),
                    counts: queue.counts(),
                    oldest_ms: queue.oldest_ms(),
                    bytes: queue.bytes(),
                });
            }
        }
        all
    }

    /// The memory of all queues.
    pub(super) fn memory(&self) -> &Arc<Budget> {
        &self.memory
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn regions(&self) -> &Arc<Regional<Queues>> {
        &self.regions
    }

    pub(super) fn tasks(&self) -> &Arc<Tasks> {
        &self.tasks
    }

    /// The queues of the request's region.
    pub(super) fn queues(&self, cx: &Context) -> Arc<Queues> {
        self.regions.of(&cx.region)
    }

    /// The queue called `name`.
    pub(super) fn named(&self, region: &str, name: &str) -> Result<Arc<Queue>, ApiError> {
        self.regions.of(region).read().get(name).cloned().ok_or_else(does_not_exist)
    }

    /// The queue of the input's `QueueUrl`. Its last segment is the name; the host does not matter.
    pub(super) fn target(&self, cx: &Context, input: &Value) -> Result<Arc<Queue>, ApiError> {
        let url = required(input.get("QueueUrl").and_then(Value::as_str), "QueueUrl")?;
        let name = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        self.named(&cx.region, name)
    }
}

impl Drop for Sqs {
    /// Lets the recording task notice that the service was dropped.
    fn drop(&mut self) {
        self.new_message.notify_one();
    }
}

/// Name and account of `arn:aws:sqs:<region>:<account>:<name>`.
pub(super) fn parse_arn(arn: &str) -> Option<(&str, &str)> {
    let arn = Arn::of_service("sqs", arn)?;
    (!arn.resource.contains(':')).then_some((arn.resource, arn.account))
}

/// The error for a queue that does not exist.
pub(super) fn does_not_exist() -> ApiError {
    ApiError::client("QueueDoesNotExist", "The specified queue does not exist.")
}

/// A required parameter.
pub(super) fn required<T>(value: Option<T>, name: &str) -> Result<T, ApiError> {
    value.ok_or_else(|| missing(name))
}

/// The error for a required parameter that is missing.
pub(super) fn missing(name: &str) -> ApiError {
    ApiError::client("MissingParameter", format!("The request must contain the parameter {name}."))
}

/// `InvalidParameterValue`, which SQS uses for most mistakes.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValue", message)
}

/// The error for a number outside its range.
pub(super) fn out_of_range(name: &str, value: i64, least: i64, most: i64) -> ApiError {
    invalid(format!(
        "Value {value} for parameter {name} is invalid. Reason: Must be between {least} and {most}, if provided."
    ))
}
