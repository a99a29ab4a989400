//! Delivers events of rules and schedules to targets: the first try, retries, and the dead-letter queue [How EventBridge
//! retries delivering events; Using dead-letter queues to process undelivered events].

use std::{
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    arn::Arn,
    cause,
    clock::Clock,
    context::Context,
    error::ApiError,
    functions::{Functions, Invocation},
    kept::{Budget, Kept},
    service::Catalogue,
};

/// The most deliveries of one rule or schedule at the same time; further ones go to the dead-letter queue at once.
const MOST_PENDING: usize = 10_000;

/// The longest time in seconds during which an event is retried, and the most retries.
const OLDEST_S: i64 = 86_400;
const MOST_RETRIES: u32 = 185;

/// The retry policy of a target: how often and for how long a delivery is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    retries: u32,
    age_s: i64,
}

impl Patience {
    /// Reads a `RetryPolicy`. The default is 24 hours and 185 retries.
    pub(crate) fn read(given: Option<&Value>) -> Result<Self, ApiError> {
        let number = |name: &str, least: i64, most: i64| match given.map(|given| &given[name]) {
            None | Some(Value::Null) => Ok(most),
            Some(value) => {
                let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
                number.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
                    ApiError::validation(format!("{name} must be between {least} and {most}, not {value}"))
                })
            }
        };
        let retries = number("MaximumRetryAttempts", 0, MOST_RETRIES.into())?;
        Ok(Self { retries: retries as u32, age_s: number("MaximumEventAgeInSeconds", 60, OLDEST_S)? })
    }

    /// The complete `RetryPolicy`.
    pub(crate) fn shown(self) -> Value {
        json!({ "MaximumEventAgeInSeconds": self.age_s, "MaximumRetryAttempts": self.retries })
    }
}

/// Refuses an ARN that cannot be a dead-letter queue.
pub(crate) fn check_dead_letters(arn: Option<&str>) -> Result<(), ApiError> {
    match arn {
        Some(arn)
            if Arn::of_service("sqs", arn).is_none_or(|arn| arn.resource.strip_suffix(".fifo").is_some()) =>
        {
            Err(ApiError::validation(format!("{arn} is not the ARN of a standard queue")))
        }
        _ => Ok(()),
    }
}

/// The delivery of one event to one target.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) cx: Context,
    /// The rule or the schedule that sends the event.
    pub(crate) from: String,
    pub(crate) target: String,
    pub(crate) body: String,
    /// The partition key of a Kinesis record.
    pub(crate) partition: String,
    /// The message group of a message in a FIFO queue.
    pub(crate) group: Option<String>,
    /// Source and detail type, for a target that is an event bus.
    pub(crate) kind: (String, String),
    pub(crate) patience: Patience,
    pub(crate) dead_letters: Option<String>,
    /// Counts the deliveries in progress of the same rule or schedule.
    pub(crate) pending: Arc<AtomicUsize>,
}

/// The most memory of the events of all rules and schedules that are on their way.
pub(crate) const MEMORY: usize = 256 << 20;

/// About how many bytes a delivery takes besides its event.
const OVERHEAD: usize = 1_000;

/// Delivers events to targets.
#[derive(Debug)]
pub(crate) struct Courier {
    clock: Clock,
    functions: Arc<dyn Functions>,
    all: OnceLock<Weak<dyn Catalogue>>,
    /// The memory of what is on its way.
    pub(crate) memory: Arc<Budget>,
}

impl Courier {
    /// A courier that invokes `functions`; it reaches other services once [`Courier::connect`] was called.
    pub(crate) fn new(clock: Clock, functions: Arc<dyn Functions>) -> Arc<Self> {
        Arc::new(Self { clock, functions, all: OnceLock::new(), memory: Arc::new(Budget::new(MEMORY)) })
    }

    /// Sets the catalogue of all services, once.
    pub(crate) fn connect(&self, all: Weak<dyn Catalogue>) {
        // The cloud is assembled once; a second call would be ignored.
        let _ = self.all.set(all);
    }

    /// Delivers in a task of its own, and retries as the target's retry policy says.
    pub(crate) fn send(self: &Arc<Self>, delivery: Delivery) {
        let courier = Arc::clone(self);
        let is_full = delivery.pending.fetch_add(1, Ordering::AcqRel) >= MOST_PENDING;
        let kept = Kept::claim(&self.memory, delivery.body.len() + OVERHEAD).filter(|_| !is_full);
        tokio::spawn(cause::carried(async move {
            if kept.is_none() {
                let error = ApiError::client(
                    "ThrottlingException",
                    "too many deliveries of this rule or schedule are in progress, or those of all take too much memory",
                );
                courier.give_up(&delivery, &error, 0, "MaximumRetryAttempts").await;
            } else {
                courier.pursue(&delivery).await;
            }
            drop(kept);
            delivery.pending.fetch_sub(1, Ordering::AcqRel);
        }));
    }

    async fn pursue(&self, delivery: &Delivery) {
        let began_ms = self.clock.now_ms();
        let mut retries = 0;
        loop {
            let Err(error) = self.attempt(delivery).await else { return };
            // Client errors, such as a deleted target, are not retried, except throttles.
            let may_pass = !error.is_client_fault() || error.status == 429 || error.code.contains("Throttl");
            if !may_pass {
                return self.give_up(delivery, &error, retries, "").await;
            }
            if retries >= delivery.patience.retries {
                return self.give_up(delivery, &error, retries, "MaximumRetryAttempts").await;
            }
            let wait = Duration::from_secs(1 << retries.min(8));
            let age_s = (self.clock.now_ms() - began_ms) / 1_000 + wait.as_secs() as i64;
            if age_s > delivery.patience.age_s {
                return self.give_up(delivery, &error, retries, "MaximumEventAgeInSeconds").await;
            }
            self.clock.sleep(wait).await;
            retries += 1;
        }
    }

    /// One try of a delivery.
    async fn attempt(&self, delivery: &Delivery) -> Result<(), ApiError> {
        let arn = &delivery.target;
        let (service, region, resource) =
            Arn::parse(arn).map_or(("", "", ""), |arn| (arn.service, arn.region, arn.resource));
        let region = if region.is_empty() { Arc::clone(&delivery.cx.region) } else { region.into() };
        let cx = &Context { region, ..delivery.cx.clone() };
        let body = &delivery.body;
        let (operation, input) = match service {
            "lambda" => {
                let invocation = Invocation { payload: body.clone().into(), ..Invocation::default() };
                return self.functions.invoke_later(cx, arn, invocation);
            }
            "sqs" => {
                let url = format!("{}/{}/{resource}", cx.endpoint, cx.account);
                let mut input = json!({ "QueueUrl": url, "MessageBody": body });
                if let Some(group) = &delivery.group {
                    input["MessageGroupId"] = group.as_str().into();
                }
                ("SendMessage", input)
            }
            "sns" => ("Publish", json!({ "TopicArn": arn, "Message": body })),
            "kinesis" => {
                let data = BASE64_STANDARD.encode(body);
                let name = resource.strip_prefix("stream/").unwrap_or(resource);
                ("PutRecord", json!({ "StreamName": name, "Data": data, "PartitionKey": delivery.partition }))
            }
            "events" => {
                let (source, detail_type) = &delivery.kind;
                let entry = json!({ "EventBusName": arn, "Source": source, "DetailType": detail_type, "Detail": body });
                ("PutEvents", json!({ "Entries": [entry] }))
            }
            // A universal target can be any operation of any service: `arn:aws:scheduler:::aws-sdk:sqs:sendMessage`.
            "scheduler" => return self.operation(cx, resource, body).await,
            other => {
                return Err(ApiError::unsupported(format_args!("targets in the service `{other}` ({arn})")));
            }
        };
        self.call(cx, service, operation, input).await
    }

    async fn operation(&self, cx: &Context, resource: &str, body: &str) -> Result<(), ApiError> {
        let mut parts = resource.splitn(3, ':').skip(1);
        let (service, action) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let mut letters = action.chars();
        let operation: String =
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
        let input = serde_json::from_str(body)
            .map_err(|error| ApiError::validation(format!("the input of {action} is not JSON: {error}")))?;
        self.call(cx, service, &operation, input).await
    }

    async fn call(&self, cx: &Context, service: &str, operation: &str, input: Value) -> Result<(), ApiError> {
        let all = self.all.get().and_then(Weak::upgrade);
        let all = all.ok_or_else(|| ApiError::with_status(404, "Stopped", "the cloud is stopping"))?;
        let answer = all.call(cx, service, operation, input).await?;
        let failed = answer["Entries"].as_array().and_then(|entries| entries.first());
        match failed.and_then(|entry| entry["ErrorMessage"].as_str()) {
            Some(message) => Err(ApiError::validation(message)),
            None => Ok(()),
        }
    }

    /// Sends the event to the dead-letter queue. Without one the event is lost, which is logged.
    async fn give_up(&self, delivery: &Delivery, error: &ApiError, retries: u32, exhausted: &str) {
        let lost = |why: &str| {
            tracing::warn!(
                from = delivery.from,
                target = delivery.target,
                %error,
                retries,
                "an event was not delivered and is lost: {why}"
            );
        };
        let Some(queue) = &delivery.dead_letters else { return lost("there is no dead-letter queue") };
        let (region, name) = Arn::parse(queue).map_or(("", ""), |arn| (arn.region, arn.resource));
        let cx = Context { region: region.into(), ..delivery.cx.clone() };
        let text = |value: &str| json!({ "DataType": "String", "StringValue": value });
        let mut attributes = json!({
            "RULE_ARN": text(&delivery.from),
            "TARGET_ARN": text(&delivery.target),
            "ERROR_CODE": text(&code(error)),
            "ERROR_MESSAGE": text(&error.message),
            "RETRY_ATTEMPTS": text(&retries.to_string()),
        });
        if !exhausted.is_empty() {
            attributes["EXHAUSTED_RETRY_CONDITION"] = text(exhausted);
        }
        let input = json!({
            "QueueUrl": format!("{}/{}/{name}", cx.endpoint, cx.account),
            "MessageBody": delivery.body,
            "MessageAttributes": attributes,
        });
        if let Err(error) = self.call(&cx, "sqs", "SendMessage", input).await {
            lost(&format!("the dead-letter queue {queue} did not take it: {error}"));
        }
    }
}

/// The error code in a dead letter [Considerations when using a dead-letter queue].
fn code(error: &ApiError) -> String {
    match error.status {
        404 => "RESOURCE_NOT_FOUND".to_owned(),
        429 => "THROTTLING".to_owned(),
        500.. => "INTERNAL_ERROR".to_owned(),
        _ => "SDK_CLIENT_ERROR".to_owned(),
    }
}
