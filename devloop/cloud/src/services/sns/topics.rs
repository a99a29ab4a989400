//! Operations on topics.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    input::{self, invalid, not_found, required},
    service::Sns,
    store::Topic,
    tags,
};
use crate::{context::Context, error::ApiError};

/// The most topics on one page.
const PAGE: usize = 100;

/// The attributes of a topic that can be set [`SetTopicAttributes`, Amazon SNS API reference].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TopicSettings {
    /// The sender's name in e-mails.
    pub(super) display_name: String,
    /// Kept and shown without effect, because this cloud does not check callers.
    pub(super) policy: Option<String>,
    /// How HTTP deliveries are retried if the subscription has no policy.
    pub(super) delivery_policy: Option<String>,
    /// Whether a FIFO topic uses content-based deduplication.
    pub(super) by_content: bool,
    /// Whether a FIFO topic's deduplication ids are unique only within their message group.
    pub(super) scope_is_group: bool,
    /// `1` or `2`.
    pub(super) signature_version: Option<String>,
    /// Kept and shown without effect: nothing is encrypted.
    pub(super) kms_key: Option<String>,
    /// `Active` or `PassThrough`, kept and shown without effect: no traces are sent.
    pub(super) tracing: Option<String>,
}

impl TopicSettings {
    fn set(&mut self, fifo: bool, name: &str, value: &str) -> Result<(), ApiError> {
        let flag = || match value {
            "true" | "True" => Ok(true),
            "false" | "False" | "" => Ok(false),
            _ => Err(invalid(format_args!("Attributes Reason: {name}: Invalid value: {value}"))),
        };
        let document = || -> Result<Option<String>, ApiError> {
            match value {
                "" => Ok(None),
                text if serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object()) => {
                    Ok(Some(text.to_owned()))
                }
                _ => Err(invalid(format_args!("{name}: failed to parse JSON."))),
            }
        };
        match name {
            "DisplayName" if value.chars().count() <= 100 => value.clone_into(&mut self.display_name),
            "DisplayName" => return Err(invalid("DisplayName")),
            "Policy" => self.policy = document()?,
            "DeliveryPolicy" => {
                super::retry::Policy::read(value)?;
                self.delivery_policy = document()?;
            }
            "SignatureVersion" if matches!(value, "1" | "2") => {
                self.signature_version = Some(value.to_owned());
            }
            "SignatureVersion" => return Err(invalid("SignatureVersion")),
            "TracingConfig" if matches!(value, "Active" | "PassThrough") => {
                self.tracing = Some(value.to_owned());
            }
            "TracingConfig" => return Err(invalid("TracingConfig")),
            "KmsMasterKeyId" => self.kms_key = Some(value.to_owned()).filter(|key| !key.is_empty()),
            "FifoTopic" if flag()? == fifo => {}
            "FifoTopic" => return Err(invalid("FifoTopic")),
            "ContentBasedDeduplication" if fifo => self.by_content = flag()?,
            "FifoThroughputScope" if fifo => {
                self.scope_is_group = match value {
                    "Topic" => false,
                    "MessageGroup" => true,
                    _ => return Err(invalid("FifoThroughputScope")),
                }
            }
            "ContentBasedDeduplication" | "FifoThroughputScope" => {
                return Err(invalid(format_args!("{name} is only supported for FIFO topics")));
            }
            "ArchivePolicy" | "DataProtectionPolicy" => {
                return Err(ApiError::unsupported(format_args!("the topic attribute {name} (sns)")));
            }
            _ if name.contains("Feedback") => {
                return Err(ApiError::unsupported(format_args!("delivery status logging (sns:{name})")));
            }
            _ => return Err(invalid("AttributeName")),
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    name: Option<String>,
    topic_arn: Option<String>,
    #[serde(default, deserialize_with = "input::map")]
    attributes: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "input::map")]
    tags: BTreeMap<String, String>,
    data_protection_policy: Option<String>,
    attribute_name: Option<String>,
    attribute_value: Option<String>,
    next_token: Option<String>,
}

/// [`CreateTopic`, Amazon SNS API reference]. Succeeds for an existing topic with the same attributes and tags.
pub(super) fn create(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let mut input: Input = input::read(input)?;
    let name = required(input.name, "Topic Name")?;
    if input.data_protection_policy.is_some_and(|policy| !policy.is_empty()) {
        return Err(ApiError::unsupported("data protection policies (sns:DataProtectionPolicy)"));
    }
    let fifo = name.strip_suffix(".fifo").is_some();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let stem = name.strip_suffix(".fifo").unwrap_or(&name);
    if stem.is_empty() || name.len() > 256 || !stem.chars().all(plain) {
        return Err(invalid("Topic Name"));
    }
    let asks_fifo = input.attributes.get("FifoTopic").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if asks_fifo != fifo {
        let kind = if asks_fifo {
            "Fifo Topic names must end with .fifo and must be made up of only uppercase and \
                                   lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and \
                                   256 characters long."
        } else {
            "Topic Name"
        };
        return Err(invalid(kind));
    }
    // An empty text, which templates may give, means that the attribute is not set.
    input.attributes.retain(|_, value| !value.is_empty());
    let mut settings = TopicSettings::default();
    input.attributes.iter().try_for_each(|(name, value)| settings.set(fifo, name, value))?;
    tags::check(&input.tags)?;
    let arn = cx.arn("sns", &name);
    let region = sns.region(&cx.region);
    let mut topics = region.topics.write();
    if let Some(topic) = topics.get(&name) {
        if !input.attributes.is_empty() && *topic.settings.read() != settings {
            return Err(invalid("Attributes Reason: Topic already exists with different attributes"));
        }
        if !input.tags.is_empty() && *topic.tags.read() != input.tags {
            return Err(invalid("Tags Reason: Topic already exists with different tags"));
        }
    } else {
        let topic = Topic::new(&name, arn.clone(), settings, input.tags, &sns.courier().memory);
        topics.insert(name, Arc::new(topic));
    }
    Ok(json!({ "TopicArn": arn }))
}

/// [`DeleteTopic`, Amazon SNS API reference]. Deletes the topic's subscriptions too.
pub(super) fn delete(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let arn = required(input::read::<Input>(input)?.topic_arn, "TopicArn")?;
    let (_, _, name, _) = input::parse_arn(&arn).ok_or_else(|| invalid("TopicArn"))?;
    let region = sns.region(&cx.region);
    if let Some(topic) = region.topics.write().remove(name) {
        region.subscriptions.write().retain(|_, subscription| subscription.topic_arn != topic.arn);
        topic.subscriptions.write().clear();
    }
    Ok(json!({}))
}

/// [`ListTopics`, Amazon SNS API reference]. The token is the name of the last topic on the page.
pub(super) fn list(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let after = input::read::<Input>(input)?.next_token.unwrap_or_default();
    let region = sns.region(&cx.region);
    let topics = region.topics.read();
    let mut rest = topics.values().filter(|topic| topic.name > after);
    let page: Vec<_> = rest.by_ref().take(PAGE).collect();
    let mut output = json!({
        "Topics": page.iter().map(|topic| json!({ "TopicArn": topic.arn })).collect::<Vec<_>>(),
    });
    if rest.next().is_some() {
        output["NextToken"] = page.last().map(|topic| topic.name.clone()).into();
    }
    Ok(output)
}

/// [`GetTopicAttributes`, Amazon SNS API reference].
pub(super) fn attributes(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let topic = sns.topic(cx, input::read::<Input>(input)?.topic_arn.as_deref())?;
    let settings = topic.settings.read();
    let subscriptions = topic.subscriptions.read();
    let confirmed = subscriptions.iter().filter(|subscription| subscription.is_confirmed()).count();
    let mut all = Map::new();
    let mut add = |name: &str, value: String| all.insert(name.to_owned(), value.into());
    add("TopicArn", topic.arn.clone());
    add("Owner", cx.account.to_string());
    add("DisplayName", settings.display_name.clone());
    add("Policy", settings.policy.clone().unwrap_or_else(|| default_policy(cx, &topic.arn)));
    add("EffectiveDeliveryPolicy", super::retry::effective(settings.delivery_policy.as_deref()));
    add("SubscriptionsConfirmed", confirmed.to_string());
    add("SubscriptionsPending", (subscriptions.len() - confirmed).to_string());
    add("SubscriptionsDeleted", topic.unsubscribed.load(Ordering::Relaxed).to_string());
    if let Some(policy) = &settings.delivery_policy {
        add("DeliveryPolicy", policy.clone());
    }
    if let Some(version) = &settings.signature_version {
        add("SignatureVersion", version.clone());
    }
    if let Some(key) = &settings.kms_key {
        add("KmsMasterKeyId", key.clone());
    }
    if let Some(mode) = &settings.tracing {
        add("TracingConfig", mode.clone());
    }
    if topic.is_fifo() {
        add("FifoTopic", "true".to_owned());
        add("ContentBasedDeduplication", settings.by_content.to_string());
        add("FifoThroughputScope", if settings.scope_is_group { "MessageGroup" } else { "Topic" }.to_owned());
    }
    Ok(json!({ "Attributes": all }))
}

/// [`SetTopicAttributes`, Amazon SNS API reference].
pub(super) fn set_attributes(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = input::read(input)?;
    let topic = sns.topic(cx, input.topic_arn.as_deref())?;
    let name = required(input.attribute_name, "AttributeName")?;
    if name == "FifoTopic" {
        return Err(invalid("AttributeName"));
    }
    let mut settings = topic.settings.write();
    let mut changed = settings.clone();
    changed.set(topic.is_fifo(), &name, input.attribute_value.as_deref().unwrap_or_default())?;
    *settings = changed;
    Ok(json!({}))
}

/// The default policy of a topic on AWS: its owner may do everything.
pub(super) fn default_policy(cx: &Context, arn: &str) -> String {
    let actions = [
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    ];
    let actions: Vec<_> = actions.iter().map(|action| format!("SNS:{action}")).collect();
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": actions,
            "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": *cx.account } },
        }],
    })
    .to_string()
}

/// The error for a topic that does not exist.
pub(super) fn missing() -> ApiError {
    not_found("Topic")
}
