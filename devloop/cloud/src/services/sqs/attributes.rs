//! A queue's attributes: their defaults, ranges and text forms [`SetQueueAttributes`, Amazon SQS API reference].

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    redrive::{Redrive, RedriveAllow},
    service::invalid,
};
use crate::error::ApiError;

/// The attributes that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) delay_s: i64,
    pub(super) max_bytes: i64,
    pub(super) retention_s: i64,
    pub(super) wait_s: i64,
    pub(super) visibility_s: i64,
    /// Kept and shown without effect, because this cloud does not check callers.
    pub(super) policy: Option<String>,
    pub(super) redrive: Option<Redrive>,
    /// Which queues may use this one as their dead-letter queue; `None` means all.
    pub(super) redrive_allow: Option<RedriveAllow>,
    /// The attributes that only a FIFO queue has.
    pub(super) fifo: Option<Fifo>,
    /// Kept and shown without effect: messages are in memory only, so there is nothing to encrypt at rest.
    managed_sse: bool,
    /// The key of KMS, which takes the place of the queue's managed encryption; without effect, too.
    kms_key: Option<String>,
    /// How long a data key of KMS is used, in seconds.
    kms_reuse_s: i64,
}

/// The attributes of a FIFO queue. Queues have no throughput limit here, so the high throughput setting has no effect; it
/// is kept, and checked against the deduplication scope that it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fifo {
    /// Whether the queue uses content-based deduplication: the SHA-256 of the body.
    pub(super) by_content: bool,
    /// Whether deduplication ids are unique only within their message group.
    pub(super) scope_is_group: bool,
    limit_is_per_group: bool,
}

/// The attributes that [`Settings::get`] returns, in the order of the API reference.
pub(super) const SETTABLE: [&str; 15] = [
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

impl Settings {
    /// The defaults of a FIFO or a standard queue.
    pub(super) fn new(fifo: bool) -> Self {
        Self {
            delay_s: 0,
            max_bytes: 1 << 20,
            retention_s: 4 * 86_400,
            wait_s: 0,
            visibility_s: 30,
            policy: None,
            redrive: None,
            redrive_allow: None,
            fifo: fifo.then(Fifo::default),
            managed_sse: true,
            kms_key: None,
            kms_reuse_s: 300,
        }
    }

    /// Sets all these attributes, and checks their combination.
    pub(super) fn set_all(&mut self, given: &BTreeMap<String, String>) -> Result<(), ApiError> {
        given.iter().try_for_each(|(name, value)| self.set(name, value))?;
        match &self.fifo {
            Some(fifo) if fifo.limit_is_per_group && !fifo.scope_is_group => Err(invalid(
                "Value perMessageGroupId for parameter FifoThroughputLimit is invalid. Reason: DeduplicationScope must \
                 be messageGroup.",
            )),
            _ => Ok(()),
        }
    }

    /// Sets one attribute from its text.
    fn set(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        let (field, range) = match name {
            "DelaySeconds" => (&mut self.delay_s, 0..=900),
            "MaximumMessageSize" => (&mut self.max_bytes, 1_024..=1 << 20),
            "MessageRetentionPeriod" => (&mut self.retention_s, 60..=14 * 86_400),
            "ReceiveMessageWaitTimeSeconds" => (&mut self.wait_s, 0..=20),
            "VisibilityTimeout" => (&mut self.visibility_s, 0..=43_200),
            "KmsDataKeyReusePeriodSeconds" => (&mut self.kms_reuse_s, 60..=86_400),
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
                if self.managed_sse {
                    self.kms_key = None;
                }
                return Ok(());
            }
            "RedriveAllowPolicy" => {
                self.redrive_allow = if value.is_empty() { None } else { Some(RedriveAllow::parse(value)?) };
                return Ok(());
            }
            // A queue has one kind of encryption at a time.
            "KmsMasterKeyId" => {
                self.kms_key = Some(value.to_owned()).filter(|key| !key.is_empty());
                self.managed_sse &= self.kms_key.is_none();
                return Ok(());
            }
            _ => {
                let fifo = self.fifo.as_mut().ok_or_else(|| unknown(name))?;
                return fifo.set(name, value);
            }
        };
        *field = value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| bad_value(name))?;
        Ok(())
    }

    /// The text of one attribute; `None` if it is unset or unknown.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        match name {
            "DelaySeconds" => Some(self.delay_s.to_string()),
            "MaximumMessageSize" => Some(self.max_bytes.to_string()),
            "MessageRetentionPeriod" => Some(self.retention_s.to_string()),
            "ReceiveMessageWaitTimeSeconds" => Some(self.wait_s.to_string()),
            "VisibilityTimeout" => Some(self.visibility_s.to_string()),
            "Policy" => self.policy.clone(),
            "RedrivePolicy" => self.redrive.as_ref().map(|redrive| redrive.text.clone()),
            "RedriveAllowPolicy" => self.redrive_allow.as_ref().map(|allow| allow.text.clone()),
            "SqsManagedSseEnabled" => Some(self.managed_sse.to_string()),
            "KmsMasterKeyId" => self.kms_key.clone(),
            "KmsDataKeyReusePeriodSeconds" => self.kms_key.as_ref().map(|_| self.kms_reuse_s.to_string()),
            _ => self.fifo.as_ref()?.get(name),
        }
    }
}

impl Fifo {
    fn set(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        match (name, value) {
            ("FifoQueue", "true") => {}
            ("ContentBasedDeduplication", _) => {
                self.by_content = value.parse().map_err(|_| bad_value(name))?;
            }
            ("DeduplicationScope", "queue") => self.scope_is_group = false,
            ("DeduplicationScope", "messageGroup") => self.scope_is_group = true,
            ("FifoThroughputLimit", "perQueue") => self.limit_is_per_group = false,
            ("FifoThroughputLimit", "perMessageGroupId") => self.limit_is_per_group = true,
            ("FifoQueue" | "DeduplicationScope" | "FifoThroughputLimit", _) => return Err(bad_value(name)),
            _ => return Err(unknown(name)),
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<String> {
        let value = match name {
            "FifoQueue" => "true",
            "ContentBasedDeduplication" => return Some(self.by_content.to_string()),
            "DeduplicationScope" if self.scope_is_group => "messageGroup",
            "DeduplicationScope" => "queue",
            "FifoThroughputLimit" if self.limit_is_per_group => "perMessageGroupId",
            "FifoThroughputLimit" => "perQueue",
            _ => return None,
        };
        Some(value.to_owned())
    }
}

/// The error for an attribute that queues do not have.
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
    fn attributes_are_checked_when_they_are_set() {
        let in_queue = |fifo: bool, name: &str, value: &str, expected: Result<&str, &str>| {
            let mut settings = Settings::new(fifo);
            let outcome = settings.set(name, value).map(|()| settings.get(name).unwrap_or_default());
            let outcome = outcome.map_err(|error| error.code.into_owned());
            assert_eq!(outcome, expected.map(str::to_owned).map_err(str::to_owned), "{name}={value}");
        };
        let check = |name: &str, value: &str, expected| in_queue(false, name, value, expected);
        let fifo = |name: &str, value: &str, expected| in_queue(true, name, value, expected);
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
        check("FifoQueue", "true", Err("InvalidAttributeName"));
        fifo("FifoQueue", "true", Ok("true"));
        fifo("FifoQueue", "false", Err("InvalidAttributeValue"));
        check("ContentBasedDeduplication", "true", Err("InvalidAttributeName"));
        fifo("ContentBasedDeduplication", "true", Ok("true"));
        fifo("DeduplicationScope", "messageGroup", Ok("messageGroup"));
        fifo("DeduplicationScope", "galaxy", Err("InvalidAttributeValue"));
        fifo("FifoThroughputLimit", "perMessageGroupId", Ok("perMessageGroupId"));
        fifo("Colour", "red", Err("InvalidAttributeName"));
        let allow = r#"{"redrivePermission":"denyAll"}"#;
        check("RedriveAllowPolicy", allow, Ok(allow));
        check("RedriveAllowPolicy", r#"{"redrivePermission":"some"}"#, Err("InvalidParameterValue"));
        check("RedriveAllowPolicy", r#"{"redrivePermission":"byQueue"}"#, Err("InvalidParameterValue"));
        check("FifoQueue", "false", Err("InvalidAttributeName"));
        check("KmsMasterKeyId", "alias/aws/sqs", Ok("alias/aws/sqs"));
        check("KmsDataKeyReusePeriodSeconds", "59", Err("InvalidAttributeValue"));
        check("Colour", "red", Err("InvalidAttributeName"));
    }

    #[test]
    fn a_queue_has_one_kind_of_encryption_at_a_time() {
        let mut settings = Settings::new(false);
        let mut check = |name: &str, value: &str, [managed, key, reuse]: [Option<&str>; 3]| {
            settings.set(name, value).unwrap();
            let names = ["SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"];
            let shown = names.map(|name| settings.get(name));
            assert_eq!(shown.each_ref().map(Option::as_deref), [managed, key, reuse], "{name}={value}");
        };
        check("KmsDataKeyReusePeriodSeconds", "600", [Some("true"), None, None]);
        check("KmsMasterKeyId", "alias/k", [Some("false"), Some("alias/k"), Some("600")]);
        check("SqsManagedSseEnabled", "true", [Some("true"), None, None]);
        check("KmsMasterKeyId", "alias/k", [Some("false"), Some("alias/k"), Some("600")]);
        check("KmsMasterKeyId", "", [Some("false"), None, None]);
    }
}
