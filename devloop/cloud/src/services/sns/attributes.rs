//! A subscription's attributes [`SetSubscriptionAttributes`, Amazon SNS API reference].

use serde_json::{Map, Value, json};

use super::{
    filter::{FilterPolicy, Scope},
    input::invalid,
    retry::{self, Policy},
    store::{Protocol, Subscription},
};
use crate::{arn::Arn, context::Context, error::ApiError};

/// The attributes that can be set.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SubscriptionSettings {
    /// Whether the message is delivered as it is, without the JSON around it.
    pub(super) raw: bool,
    /// The filter policy: which messages are delivered.
    pub(super) filter: Option<FilterPolicy>,
    pub(super) scope: Scope,
    /// The ARN of the dead-letter queue.
    pub(super) dead_letters: Option<String>,
    redrive_policy: Option<String>,
    /// How deliveries over HTTP are retried.
    pub(super) delivery_policy: Option<String>,
}

impl SubscriptionSettings {
    /// Sets one attribute from its text; an empty text removes it.
    pub(super) fn set(&mut self, protocol: Protocol, name: &str, value: &str) -> Result<(), ApiError> {
        match name {
            "RawMessageDelivery" => {
                self.raw = match value {
                    "true" | "True" => true,
                    "false" | "False" | "" => false,
                    _ => {
                        return Err(invalid(format_args!(
                            "Attributes Reason: RawMessageDelivery: Invalid value [{value}]. Must be true or false."
                        )));
                    }
                };
                if self.raw && protocol != Protocol::Sqs && !protocol.is_posted() {
                    return Err(invalid(format_args!(
                        "Attributes Reason: Delivery protocol [{}] does not support raw message delivery.",
                        protocol.name()
                    )));
                }
            }
            "FilterPolicy" => {
                self.filter =
                    if value.is_empty() { None } else { Some(FilterPolicy::read(value, self.scope)?) };
            }
            "FilterPolicyScope" => {
                self.scope = match value {
                    "MessageAttributes" | "" => Scope::Attributes,
                    "MessageBody" => Scope::Body,
                    _ => {
                        return Err(invalid(format_args!(
                            "FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
                        )));
                    }
                };
                if let Some(filter) = &self.filter {
                    self.filter = Some(FilterPolicy::read(&filter.text, self.scope)?);
                }
            }
            "RedrivePolicy" if value.is_empty() => (self.dead_letters, self.redrive_policy) = (None, None),
            "RedrivePolicy" => {
                let policy: Value = serde_json::from_str(value)
                    .map_err(|_| invalid("RedrivePolicy: failed to parse JSON."))?;
                let arn = policy.get("deadLetterTargetArn").and_then(Value::as_str);
                let arn = arn.filter(|arn| Arn::of_service("sqs", arn).is_some());
                let arn =
                    arn.ok_or_else(|| invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn"))?;
                (self.dead_letters, self.redrive_policy) = (Some(arn.to_owned()), Some(value.to_owned()));
            }
            "DeliveryPolicy" if protocol.is_posted() => {
                Policy::read(value)?;
                self.delivery_policy = Some(value.to_owned()).filter(|policy| !policy.is_empty());
            }
            "DeliveryPolicy" => {
                return Err(invalid("DeliveryPolicy: only HTTP and HTTPS endpoints have delivery policies"));
            }
            "SubscriptionRoleArn" | "ReplayPolicy" => {
                return Err(ApiError::unsupported(format_args!("the subscription attribute {name} (sns)")));
            }
            _ => return Err(invalid("AttributeName")),
        }
        Ok(())
    }

    /// Sets several attributes: the scope first, because the filter policy depends on it.
    pub(super) fn set_all<'a>(
        &mut self,
        protocol: Protocol,
        given: impl Iterator<Item = (&'a String, &'a String)>,
    ) -> Result<(), ApiError> {
        let mut given: Vec<_> = given.collect();
        given.sort_by_key(|(name, _)| *name != "FilterPolicyScope");
        given.into_iter().try_for_each(|(name, value)| self.set(protocol, name, value))
    }
}

/// A subscription as [`GetSubscriptionAttributes`, Amazon SNS API reference] shows it.
pub(super) fn describe(cx: &Context, subscription: &Subscription) -> Value {
    let settings = subscription.settings.read();
    let mut all = Map::new();
    let mut add = |name: &str, value: String| all.insert(name.to_owned(), value.into());
    add("SubscriptionArn", subscription.arn.clone());
    add("TopicArn", subscription.topic_arn.clone());
    add("Owner", cx.account.to_string());
    add("Protocol", subscription.protocol.name().to_owned());
    add("Endpoint", subscription.endpoint.clone());
    add("PendingConfirmation", (!subscription.is_confirmed()).to_string());
    add("ConfirmationWasAuthenticated", (!subscription.protocol.is_posted()).to_string());
    add("RawMessageDelivery", settings.raw.to_string());
    add("SubscriptionPrincipal", format!("arn:aws:iam::{}:user/devloop", cx.account));
    if let Some(filter) = &settings.filter {
        add("FilterPolicy", filter.text.clone());
        add("FilterPolicyScope", settings.scope.name().to_owned());
    }
    if let Some(policy) = &settings.redrive_policy {
        add("RedrivePolicy", policy.clone());
    }
    if subscription.protocol.is_posted() {
        add("EffectiveDeliveryPolicy", retry::effective(settings.delivery_policy.as_deref()));
        if let Some(policy) = &settings.delivery_policy {
            add("DeliveryPolicy", policy.clone());
        }
    }
    json!({ "Attributes": all })
}
