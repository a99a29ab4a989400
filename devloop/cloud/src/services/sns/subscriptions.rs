//! Operations on subscriptions.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    attributes::{self, SubscriptionSettings},
    http,
    input::{self, invalid, not_found, required},
    service::Sns,
    store::{Protocol, Subscription},
};
use crate::{arn::Arn, context::Context, error::ApiError, wire};

/// The most subscriptions on one page.
const PAGE: usize = 100;

/// The most subscriptions of one topic.
const MOST: usize = 10_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    topic_arn: Option<String>,
    subscription_arn: Option<String>,
    protocol: Option<String>,
    endpoint: Option<String>,
    #[serde(default, deserialize_with = "input::map")]
    attributes: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "wire::boolean")]
    return_subscription_arn: Option<bool>,
    token: Option<String>,
    attribute_name: Option<String>,
    attribute_value: Option<String>,
    next_token: Option<String>,
}

/// [`Subscribe`, Amazon SNS API reference]. HTTP endpoints must confirm. E-mail addresses need not, because mails are
/// captured here and nobody would read the request.
pub(super) fn subscribe(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = input::read(input)?;
    let topic = sns.topic(cx, input.topic_arn.as_deref())?;
    let protocol = required(input.protocol, "Protocol")?;
    let endpoint = required(input.endpoint.filter(|endpoint| !endpoint.is_empty()), "Endpoint")?;
    let protocol = protocol_of(&protocol, &endpoint, topic.is_fifo())?;
    let mut settings = SubscriptionSettings::default();
    settings.set_all(protocol, input.attributes.iter())?;
    let region = sns.region(&cx.region);
    let mut all = region.subscriptions.write();
    let mut own = topic.subscriptions.write();
    let twin = own.iter().find(|other| other.protocol == protocol && other.endpoint == endpoint).cloned();
    let subscription = if let Some(twin) = twin {
        // An endpoint is subscribed only once. Subscribing it again is an error if the attributes differ.
        let mut same = twin.settings.read().clone();
        same.set_all(protocol, input.attributes.iter())?;
        if same != *twin.settings.read() {
            return Err(invalid("Attributes Reason: Subscription already exists with different attributes"));
        }
        twin
    } else {
        if own.len() >= MOST {
            return Err(ApiError::with_status(
                403,
                "SubscriptionLimitExceeded",
                format!("The topic has {MOST} subscriptions, the most that the embedded cloud keeps."),
            ));
        }
        let confirmed = !protocol.is_posted();
        let made = Arc::new(Subscription::new(&topic, (protocol, endpoint), settings, confirmed));
        all.insert(made.arn.clone(), Arc::clone(&made));
        own.push(Arc::clone(&made));
        made
    };
    if !subscription.is_confirmed() {
        sns.courier().ask(cx, &subscription);
    }
    let shown = subscription.is_confirmed() || input.return_subscription_arn == Some(true);
    Ok(json!({ "SubscriptionArn": if shown { subscription.arn.as_str() } else { "pending confirmation" } }))
}

fn protocol_of(protocol: &str, endpoint: &str, fifo: bool) -> Result<Protocol, ApiError> {
    let service = Arn::parse(endpoint).map(|arn| arn.service);
    let known = match protocol {
        "sqs" if service == Some("sqs") => Protocol::Sqs,
        "sqs" => return Err(invalid("SQS endpoint ARN")),
        "lambda" if service == Some("lambda") => Protocol::Lambda,
        "lambda" => return Err(invalid("Lambda endpoint ARN")),
        "http" | "https" => {
            http::check(endpoint, protocol)?;
            if protocol == "http" { Protocol::Http } else { Protocol::Https }
        }
        "email" | "email-json" => {
            let plain = |c: char| !c.is_whitespace() && !c.is_control();
            let parts = endpoint.split_once('@');
            if !parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
                || !endpoint.chars().all(plain)
            {
                return Err(invalid("Email address"));
            }
            if protocol == "email" { Protocol::Email } else { Protocol::EmailJson }
        }
        "sms" | "application" | "firehose" => {
            return Err(ApiError::unsupported(format_args!("`{protocol}` subscriptions (sns:Protocol)")));
        }
        other => {
            return Err(invalid(format_args!("Amazon SNS does not support this protocol string: {other}")));
        }
    };
    if fifo && known != Protocol::Sqs {
        return Err(invalid(
            "Invalid protocol for FIFO topic: only SQS queues can subscribe to a FIFO topic",
        ));
    }
    if !fifo && known == Protocol::Sqs && endpoint.strip_suffix(".fifo").is_some() {
        return Err(invalid("Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"));
    }
    Ok(known)
}

/// [`ConfirmSubscription`, Amazon SNS API reference].
pub(super) fn confirm(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = input::read(input)?;
    let topic = sns.topic(cx, input.topic_arn.as_deref())?;
    let token = required(input.token, "Token")?;
    let subscriptions = topic.subscriptions.read();
    let found = subscriptions.iter().find(|subscription| subscription.token == token);
    let subscription = found.ok_or_else(|| invalid("Token"))?;
    subscription.confirm();
    Ok(json!({ "SubscriptionArn": subscription.arn }))
}

/// [`Unsubscribe`, Amazon SNS API reference].
pub(super) fn unsubscribe(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let arn = required(input::read::<Input>(input)?.subscription_arn, "SubscriptionArn")?;
    let (_, _, name, id) = input::parse_arn(&arn)
        .ok_or_else(|| invalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"))?;
    required(id, "SubscriptionId")?;
    let region = sns.region(&cx.region);
    let mut all = region.subscriptions.write();
    if let Some(gone) = all.shift_remove(&arn)
        && let Some(topic) = region.topics.read().get(name)
    {
        topic.subscriptions.write().retain(|other| other.arn != gone.arn);
        topic.unsubscribed.fetch_add(1, Ordering::Relaxed);
    }
    Ok(json!({}))
}

/// [`ListSubscriptions`, Amazon SNS API reference].
pub(super) fn list(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let from = input::read::<Input>(input)?.next_token;
    let region = sns.region(&cx.region);
    let all = region.subscriptions.read();
    page(cx, all.values(), from.as_deref())
}

/// [`ListSubscriptionsByTopic`, Amazon SNS API reference].
pub(super) fn list_by_topic(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = input::read(input)?;
    let topic = sns.topic(cx, input.topic_arn.as_deref())?;
    let own = topic.subscriptions.read();
    page(cx, own.iter(), input.next_token.as_deref())
}

/// One page; its token is the number of items on the pages before it.
fn page<'a>(
    cx: &Context,
    subscriptions: impl Iterator<Item = &'a Arc<Subscription>>,
    from: Option<&str>,
) -> Result<Value, ApiError> {
    let from: usize = from.map_or(Ok(0), |token| token.parse().map_err(|_| invalid("NextToken")))?;
    let mut rest = subscriptions.skip(from);
    let page: Vec<_> = rest
        .by_ref()
        .take(PAGE)
        .map(|subscription| {
            let arn =
                if subscription.is_confirmed() { subscription.arn.as_str() } else { "PendingConfirmation" };
            json!({
                "SubscriptionArn": arn,
                "Owner": *cx.account,
                "Protocol": subscription.protocol.name(),
                "Endpoint": subscription.endpoint,
                "TopicArn": subscription.topic_arn,
            })
        })
        .collect();
    let mut output = json!({ "Subscriptions": page });
    if rest.next().is_some() {
        output["NextToken"] = (from + PAGE).to_string().into();
    }
    Ok(output)
}

/// [`GetSubscriptionAttributes`, Amazon SNS API reference].
pub(super) fn get_attributes(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let arn = input::read::<Input>(input)?.subscription_arn;
    Ok(attributes::describe(cx, &*find(sns, cx, arn)?))
}

/// [`SetSubscriptionAttributes`, Amazon SNS API reference].
pub(super) fn set_attributes(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = input::read(input)?;
    let subscription = find(sns, cx, input.subscription_arn)?;
    let name = required(input.attribute_name, "AttributeName")?;
    let mut settings = subscription.settings.write();
    let mut changed = settings.clone();
    changed.set(subscription.protocol, &name, input.attribute_value.as_deref().unwrap_or_default())?;
    *settings = changed;
    Ok(json!({}))
}

fn find(sns: &Sns, cx: &Context, arn: Option<String>) -> Result<Arc<Subscription>, ApiError> {
    let arn = required(arn, "SubscriptionArn")?;
    input::parse_arn(&arn)
        .ok_or_else(|| invalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"))?;
    let region = sns.region(&cx.region);
    let found = region.subscriptions.read().get(&arn).cloned();
    found.ok_or_else(|| not_found("Subscription"))
}
