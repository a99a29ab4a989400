//! Redrive policies: when and where messages go that are received too often, and which queues may send them there [Using
//! dead-letter queues in Amazon SQS].

use serde_json::Value;

use super::service::invalid;
use crate::error::ApiError;

/// The most source queues that a redrive allow policy can list [`SetQueueAttributes`, Amazon SQS API reference].
const MOST_SOURCES: usize = 10;

/// A queue's `RedrivePolicy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redrive {
    /// The dead-letter queue's ARN.
    pub(crate) target_arn: String,
    /// How often a message is received before it moves to the dead-letter queue.
    pub(crate) max_receives: u32,
    /// The policy's text as it was set.
    pub(super) text: String,
}

impl Redrive {
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let bad = |why: &str| {
            invalid(format!("Value {text} for parameter RedrivePolicy is invalid. Reason: {why}"))
        };
        let policy: Value =
            serde_json::from_str(text).map_err(|_| bad("Redrive policy is not a valid JSON map."))?;
        let target = policy.get("deadLetterTargetArn").and_then(Value::as_str);
        let count = policy.get("maxReceiveCount");
        let (Some(target), Some(count)) = (target, count) else {
            return Err(bad("Redrive policy does not contain mandatory attribute: deadLetterTargetArn or \
                            maxReceiveCount."));
        };
        let number = count.as_i64().or_else(|| count.as_str()?.parse().ok());
        match number {
            Some(max_receives @ 1..=1_000) => Ok(Self {
                target_arn: target.to_owned(),
                max_receives: max_receives as u32,
                text: text.to_owned(),
            }),
            _ => Err(bad(&format!(
                "Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
            ))),
        }
    }

    /// The error for a policy whose dead-letter queue cannot be used.
    pub(super) fn refused(&self, why: &str) -> ApiError {
        invalid(format!("Value {} for parameter RedrivePolicy is invalid. Reason: {why}", self.text))
    }
}

/// A dead-letter queue's `RedriveAllowPolicy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RedriveAllow {
    /// The queues that may use this one as their dead-letter queue; `None` means all.
    sources: Option<Vec<String>>,
    /// The policy's text as it was set.
    pub(super) text: String,
}

impl RedriveAllow {
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let bad = |why: &str| {
            invalid(format!("Value {text} for parameter RedriveAllowPolicy is invalid. Reason: {why}"))
        };
        let policy: Value =
            serde_json::from_str(text).map_err(|_| bad("Redrive allow policy is not a valid JSON map."))?;
        let sources = match policy.get("sourceQueueArns") {
            None => None,
            Some(Value::Array(arns)) => {
                let arns: Option<Vec<_>> = arns.iter().map(|arn| arn.as_str().map(str::to_owned)).collect();
                Some(arns.ok_or_else(|| bad("sourceQueueArns must be a list of ARNs."))?)
            }
            Some(_) => return Err(bad("sourceQueueArns must be a list of ARNs.")),
        };
        let sources = match (policy.get("redrivePermission").and_then(Value::as_str), sources) {
            (Some("byQueue"), Some(sources)) if (1..=MOST_SOURCES).contains(&sources.len()) => Some(sources),
            (Some("byQueue"), _) => {
                return Err(bad("redrivePermission byQueue needs 1 to 10 ARNs in sourceQueueArns."));
            }
            (Some("allowAll" | "denyAll"), Some(_)) => {
                return Err(bad("sourceQueueArns can only be given when redrivePermission is byQueue."));
            }
            (Some("allowAll"), None) => None,
            (Some("denyAll"), None) => Some(Vec::new()),
            _ => return Err(bad("redrivePermission must be allowAll, denyAll or byQueue.")),
        };
        Ok(Self { sources, text: text.to_owned() })
    }

    /// Whether the queue with this ARN may use this one as its dead-letter queue.
    pub(super) fn permits(&self, source_arn: &str) -> bool {
        self.sources.as_ref().is_none_or(|sources| sources.iter().any(|arn| arn == source_arn))
    }
}
