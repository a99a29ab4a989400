//! Message move tasks: they move messages from a dead-letter queue back to their source queues, or to another queue
//! [`StartMessageMoveTask`, Amazon SQS API reference].

use std::{collections::VecDeque, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Sqs,
    queue::Queue,
    service::{Queues, invalid, out_of_range, parse_arn, required},
};
use crate::{arn::Arn, clock::Clock, context::Context, error::ApiError, regional::Regional, wire};

/// How many tasks of one queue are kept; AWS lists at most ten.
const REMEMBERED: usize = 10;

/// How many messages move in one step when the task has no rate.
const STEP: usize = 500;

/// The tasks of all regions, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Tasks(Mutex<VecDeque<Arc<Task>>>);

#[derive(Debug)]
struct Task {
    id: String,
    source_arn: String,
    destination_arn: Option<String>,
    per_second: Option<usize>,
    started_ms: i64,
    to_move: usize,
    progress: Mutex<Progress>,
}

#[derive(Debug, Clone)]
struct Progress {
    status: Status,
    moved: usize,
    failure: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Running,
    Cancelling,
    Cancelled,
    Completed,
    Failed,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Cancelling => "CANCELLING",
            Self::Cancelled => "CANCELLED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }

    fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Cancelling)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    #[serde(default, deserialize_with = "wire::integer")]
    max_number_of_messages_per_second: Option<i64>,
    #[serde(default, deserialize_with = "wire::integer")]
    max_results: Option<i64>,
    task_handle: Option<String>,
}

/// [`StartMessageMoveTask`, Amazon SQS API reference]. The task moves as many messages as there are when it starts, so that
/// messages which fail again meanwhile do not keep it running.
pub(super) fn start(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let source_arn = required(input.source_arn, "SourceArn")?;
    let source = find(sqs, cx, &source_arn, "SourceArn")?;
    let is_dead_letter_queue = sqs
        .queues(cx)
        .read()
        .values()
        .any(|queue| queue.redrive().is_some_and(|redrive| redrive.target_arn == source_arn));
    if !is_dead_letter_queue {
        return Err(invalid("Source queue must be configured as a Dead Letter Queue."));
    }
    if let Some(destination) = &input.destination_arn {
        if *destination == source_arn {
            return Err(invalid("Source queue arn and destination queue arn must be different."));
        }
        if find(sqs, cx, destination, "DestinationArn")?.is_fifo() != source.is_fifo() {
            return Err(invalid("Source and destination queue must be of the same type."));
        }
    }
    let per_second = match input.max_number_of_messages_per_second {
        Some(rate @ 1..=500) => Some(rate as usize),
        Some(rate) => return Err(out_of_range("MaxNumberOfMessagesPerSecond", rate, 1, 500)),
        None => None,
    };
    let task = Arc::new(Task {
        id: wire::unique_id().to_string(),
        source_arn,
        destination_arn: input.destination_arn,
        per_second,
        started_ms: sqs.clock().now_ms(),
        to_move: source.counts().visible,
        progress: Mutex::new(Progress { status: Status::Running, moved: 0, failure: None }),
    });
    sqs.tasks().begin(Arc::clone(&task))?;
    let handle = task.handle();
    tokio::spawn(run(task, source, Arc::clone(sqs.regions()), sqs.clock().clone()));
    Ok(json!({ "TaskHandle": handle }))
}

/// [`CancelMessageMoveTask`, Amazon SQS API reference].
pub(super) fn cancel(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let handle = required(wire::read::<Input>(input)?.task_handle, "TaskHandle")?;
    let bad = || invalid("Value for parameter TaskHandle is invalid.");
    let text = BASE64_STANDARD.decode(&handle).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let parsed: Value = serde_json::from_str(&text.ok_or_else(bad)?).map_err(|_| bad())?;
    let (Some(id), Some(source_arn)) = (parsed["taskId"].as_str(), parsed["sourceArn"].as_str()) else {
        return Err(bad());
    };
    find(sqs, cx, source_arn, "SourceArn")?;
    let task = sqs.tasks().0.lock().iter().find(|task| task.id == id).cloned();
    let task = task.ok_or_else(|| not_found("Task does not exist."))?;
    let mut progress = task.progress.lock();
    if progress.status != Status::Running {
        return Err(ApiError::client("UnsupportedOperation", "Only active tasks can be cancelled."));
    }
    progress.status = Status::Cancelling;
    Ok(json!({ "ApproximateNumberOfMessagesMoved": progress.moved }))
}

/// [`ListMessageMoveTasks`, Amazon SQS API reference]. The newest task comes first.
pub(super) fn list(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let source_arn = required(input.source_arn, "SourceArn")?;
    find(sqs, cx, &source_arn, "SourceArn")?;
    let most = match input.max_results {
        Some(most @ 1..=10) => most as usize,
        Some(most) => return Err(out_of_range("MaxResults", most, 1, 10)),
        None => 1,
    };
    let tasks = sqs.tasks().0.lock();
    let tasks = tasks.iter().rev().filter(|task| task.source_arn == source_arn).take(most);
    Ok(json!({ "Results": tasks.map(|task| task.describe()).collect::<Vec<_>>() }))
}

impl Tasks {
    fn begin(&self, task: Arc<Task>) -> Result<(), ApiError> {
        let mut tasks = self.0.lock();
        let same = |other: &&Arc<Task>| other.source_arn == task.source_arn;
        if tasks.iter().filter(same).any(|other| other.progress.lock().status.is_active()) {
            return Err(ApiError::client(
                "UnsupportedOperation",
                "There is already a task running. Only one active task is allowed for a source queue arn at a given \
                 time.",
            ));
        }
        if tasks.iter().filter(same).count() >= REMEMBERED
            && let Some(oldest) = tasks.iter().position(|other| other.source_arn == task.source_arn)
        {
            tasks.remove(oldest);
        }
        tasks.push_back(task);
        Ok(())
    }

    /// Forgets the tasks of a deleted queue; a running one ends by itself.
    pub(super) fn forget(&self, source_arn: &str) {
        self.0.lock().retain(|task| task.source_arn != source_arn);
    }
}

impl Task {
    fn handle(&self) -> String {
        BASE64_STANDARD.encode(json!({ "taskId": self.id, "sourceArn": self.source_arn }).to_string())
    }

    fn describe(&self) -> Value {
        let progress = self.progress.lock().clone();
        let mut entry = json!({
            "Status": progress.status.name(),
            "SourceArn": self.source_arn,
            "ApproximateNumberOfMessagesMoved": progress.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": self.started_ms,
        });
        if progress.status == Status::Running {
            entry["TaskHandle"] = self.handle().into();
        }
        if let Some(destination) = &self.destination_arn {
            entry["DestinationArn"] = destination.clone().into();
        }
        if let Some(rate) = self.per_second {
            entry["MaxNumberOfMessagesPerSecond"] = rate.into();
        }
        if let Some(failure) = progress.failure {
            entry["FailureReason"] = failure.into();
        }
        entry
    }
}

/// Moves messages step by step until all are moved, the task is cancelled, or a message cannot be moved.
async fn run(task: Arc<Task>, source: Arc<Queue>, regions: Arc<Regional<Queues>>, clock: Clock) {
    loop {
        {
            let mut progress = task.progress.lock();
            if progress.status == Status::Cancelling {
                progress.status = Status::Cancelled;
                return;
            }
            let most = task.per_second.unwrap_or(STEP).min(task.to_move - progress.moved);
            match step(&task, &source, &regions, most) {
                Ok(moved) => {
                    progress.moved += moved;
                    if moved == 0 || progress.moved >= task.to_move {
                        progress.status = Status::Completed;
                        return;
                    }
                }
                Err(failure) => {
                    progress.status = Status::Failed;
                    progress.failure = Some(failure);
                    return;
                }
            }
        }
        match task.per_second {
            Some(_) => clock.sleep(Duration::from_secs(1)).await,
            None => tokio::task::yield_now().await,
        }
    }
}

/// Moves up to `most` messages. A message that cannot be moved stays in the source queue; the error is the reason.
fn step(task: &Task, source: &Queue, regions: &Regional<Queues>, most: usize) -> Result<usize, String> {
    let withdrawn = source.withdraw(most).map_err(|error| error.code.into_owned())?;
    let (mut moved, mut failure) = (0, None);
    for (message, origin) in withdrawn {
        let to = task.destination_arn.as_deref().or(origin.as_deref());
        let outcome = match to.and_then(|arn| target(regions, arn)) {
            Some(target) => target.take_back(&message).map_err(|error| error.code.into_owned()),
            None if to.is_none() => Err("CouldNotDetermineMessageSource".to_owned()),
            None => Err("AWS.SimpleQueueService.NonExistentQueue".to_owned()),
        };
        match outcome {
            Ok(()) => moved += 1,
            Err(reason) => {
                failure = Some(reason);
                source.restore(message, origin).map_err(|error| error.code.into_owned())?;
            }
        }
    }
    failure.map_or(Ok(moved), Err)
}

fn target(regions: &Regional<Queues>, arn: &str) -> Option<Arc<Queue>> {
    let (name, _) = parse_arn(arn)?;
    regions.of(Arn::parse(arn)?.region).read().get(name).cloned()
}

fn find(sqs: &Sqs, cx: &Context, arn: &str, parameter: &str) -> Result<Arc<Queue>, ApiError> {
    if parse_arn(arn).is_none() {
        return Err(invalid(format!(
            "You must use this format to specify the {parameter}: \
             arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )));
    }
    sqs.queue(&cx.region, arn).map_err(|_| {
        not_found(&format!("The resource that you specified for the {parameter} parameter doesn't exist."))
    })
}

fn not_found(message: &str) -> ApiError {
    ApiError::with_status(404, "ResourceNotFoundException", message)
}
