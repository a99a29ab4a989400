//! A queue's attributes: their defaults, ranges and printed forms [`SetQueueAttributes`, Amazon SQS API reference].

use serde_json::Value;

use super::service::invalid;
use crate::error::ApiError;

/// The attributes that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) delay_s: i64,
    pub(super) max_bytes: i64,
    pub(super) retention_s: i64,
    pub(super) wait_s: i64,
    pub(super) visibility_s: i64,
    /// Kept for those who read it back; nothing here asks who is calling.
    policy: Option<String>,
    pub(super) redrive: Option<Redrive>,
    /// Kept for those who read it back: messages live in memory, nothing of them is at rest.
    managed_sse: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            delay_s: 0,
            max_bytes: 1 << 20,
            retention_s: 4 * 86_400,
            wait_s: 0,
            visibility_s: 30,
            policy: None,
            redrive: None,
            managed_sse: true,
        }
    }
}

/// When and where messages go that nobody manages to handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redrive {
    /// The dead-letter queue's ARN.
    pub(crate) target_arn: String,
    /// How often a message is handed out before it moves.
    pub(crate) max_receives: u32,
    /// As it was set.
    text: String,
}

/// The attributes that [`Settings`] prints, in the order of the API reference.
pub(super) const SETTABLE: [&str; 8] = [
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

impl Settings {
    /// Sets one attribute from its printed form.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        let (field, range) = match name {
            "DelaySeconds" => (&mut self.delay_s, 0..=900),
            "MaximumMessageSize" => (&mut self.max_bytes, 1_024..=1 << 20),
            "MessageRetentionPeriod" => (&mut self.retention_s, 60..=14 * 86_400),
            "ReceiveMessageWaitTimeSeconds" => (&mut self.wait_s, 0..=20),
            "VisibilityTimeout" => (&mut self.visibility_s, 0..=43_200),
            "Policy" => {
                self.policy = Some(value.to_owned()).filter(|policy| !policy.is_empty());
                return match &self.policy {
                    Some(policy) if serde_json::from_str::<Value>(policy).is_err() => Err(bad_value(name)),
                    _ => Ok(()),
                };
            }
            "RedrivePolicy" => {
                self.redrive = if value.is_empty() { None } else { Some(Redrive::parse(value)?) };
                return Ok(());
            }
            "SqsManagedSseEnabled" => {
                self.managed_sse = value.parse().map_err(|_| bad_value(name))?;
                return Ok(());
            }
            "FifoQueue" if value == "true" => {
                return Err(ApiError::unsupported("FIFO queues (sqs:FifoQueue)"));
            }
            "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit" => {
                return Err(ApiError::unsupported(format_args!("FIFO queues (sqs:{name})")));
            }
            "KmsMasterKeyId" | "KmsDataKeyReusePeriodSeconds" => {
                return Err(ApiError::unsupported(format_args!("encryption with KMS keys (sqs:{name})")));
            }
            "RedriveAllowPolicy" => {
                return Err(ApiError::unsupported(
                    "policies on dead-letter sources (sqs:RedriveAllowPolicy)",
                ));
            }
            _ => return Err(unknown(name)),
        };
        *field = value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| bad_value(name))?;
        Ok(())
    }

    /// One attribute's printed form; `None` when it has none or is unknown.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        match name {
            "DelaySeconds" => Some(self.delay_s.to_string()),
            "MaximumMessageSize" => Some(self.max_bytes.to_string()),
            "MessageRetentionPeriod" => Some(self.retention_s.to_string()),
            "ReceiveMessageWaitTimeSeconds" => Some(self.wait_s.to_string()),
            "VisibilityTimeout" => Some(self.visibility_s.to_string()),
            "Policy" => self.policy.clone(),
            "RedrivePolicy" => self.redrive.as_ref().map(|redrive| redrive.text.clone()),
            "SqsManagedSseEnabled" => Some(self.managed_sse.to_string()),
            _ => None,
        }
    }
}

impl Redrive {
    fn parse(text: &str) -> Result<Self, ApiError> {
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

    /// The answer for a policy whose dead-letter queue is not there.
    pub(super) fn no_target(&self) -> ApiError {
        invalid(format!(
            "Value {} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
            self.text
        ))
    }
}

/// The answer for an attribute that queues do not have.
pub(super) fn unknown(name: &str) -> ApiError {
    ApiError::client("InvalidAttributeName", format!("Unknown Attribute {name}."))
}

fn bad_value(name: &str) -> ApiError {
    ApiError::client("InvalidAttributeValue", format!("Invalid value for the parameter {name}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_checked_on_their_way_in() {
        let check = |name: &str, value: &str, expected: Result<&str, &str>| {
            let mut settings = Settings::default();
            let outcome = settings.set(name, value).map(|()| settings.get(name).unwrap_or_default());
            let outcome = outcome.map_err(|error| error.code.into_owned());
            assert_eq!(outcome, expected.map(str::to_owned).map_err(str::to_owned), "{name}={value}");
        };
        check("VisibilityTimeout", "0", Ok("0"));
        check("VisibilityTimeout", "43201", Err("InvalidAttributeValue"));
        check("VisibilityTimeout", "soon", Err("InvalidAttributeValue"));
        check("MaximumMessageSize", "1023", Err("InvalidAttributeValue"));
        check("MessageRetentionPeriod", "60", Ok("60"));
        check("Policy", "{}", Ok("{}"));
        check("Policy", "{", Err("InvalidAttributeValue"));
        check("RedrivePolicy", "", Ok(""));
        let redrive = r#"{"deadLetterTargetArn":"a","maxReceiveCount":"3"}"#;
        check("RedrivePolicy", redrive, Ok(redrive));
        check(
            "RedrivePolicy",
            r#"{"deadLetterTargetArn":"a","maxReceiveCount":0}"#,
            Err("InvalidParameterValue"),
        );
        check("RedrivePolicy", r#"{"maxReceiveCount":1}"#, Err("InvalidParameterValue"));
        check("FifoQueue", "true", Err("NotImplementedException"));
        check("FifoQueue", "false", Err("InvalidAttributeName"));
        check("KmsMasterKeyId", "alias/aws/sqs", Err("NotImplementedException"));
        check("Colour", "red", Err("InvalidAttributeName"));
    }
}
