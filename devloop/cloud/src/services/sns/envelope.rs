//! The JSON around a message, for queues and HTTP endpoints, and the event of a function.
//!
//! Signatures have AWS's members and form but cannot be verified, because there is no certificate for them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    message::Published,
    store::{Protocol, Subscription},
};
use crate::{context::Context, wire};

/// The document for queues and HTTP endpoints [Amazon SNS message and JSON formats].
pub(super) fn notification(cx: &Context, subscription: &Subscription, message: &Published) -> Value {
    let mut envelope = json!({
        "Type": "Notification",
        "MessageId": message.id,
        "TopicArn": message.topic_arn,
        "Message": message.text_for(subscription.protocol),
        "Timestamp": wire::iso(message.at_ms),
        "SignatureVersion": message.signature_version,
        "Signature": signature(message),
        "SigningCertURL": certificate(cx),
        "UnsubscribeURL": unsubscribe(cx, subscription),
    });
    if let Some(subject) = &message.subject {
        envelope["Subject"] = subject.clone().into();
    }
    if let Some(number) = &message.sequence_number {
        envelope["SequenceNumber"] = number.clone().into();
    }
    if !message.attributes.is_empty() {
        envelope["MessageAttributes"] = attributes(message);
    }
    envelope
}

/// The document that asks an HTTP endpoint to confirm its subscription.
pub(super) fn confirmation(cx: &Context, subscription: &Subscription, at_ms: i64) -> Value {
    let topic = &subscription.topic_arn;
    let token = &subscription.token;
    json!({
        "Type": "SubscriptionConfirmation",
        "MessageId": wire::unique_id().to_string(),
        "Token": token,
        "TopicArn": topic,
        "Message": format!(
            "You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the SubscribeURL \
             included in this message."
        ),
        "SubscribeURL": format!(
            "{}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}&Version=2010-03-31", cx.endpoint
        ),
        "Timestamp": wire::iso(at_ms),
        "SignatureVersion": "1",
        "Signature": BASE64_STANDARD.encode(Sha256::digest(token)),
        "SigningCertURL": certificate(cx),
    })
}

/// The event for a function [Using AWS Lambda with Amazon SNS].
pub(super) fn event(cx: &Context, subscription: &Subscription, message: &Published) -> Value {
    json!({ "Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": {
            "Type": "Notification",
            "MessageId": message.id,
            "TopicArn": message.topic_arn,
            "Subject": message.subject,
            "Message": message.text_for(Protocol::Lambda),
            "Timestamp": wire::iso(message.at_ms),
            "SignatureVersion": message.signature_version,
            "Signature": signature(message),
            "SigningCertUrl": certificate(cx),
            "UnsubscribeUrl": unsubscribe(cx, subscription),
            "MessageAttributes": attributes(message),
        },
    }] })
}

fn attributes(message: &Published) -> Value {
    let attributes = message.attributes.iter().map(|(name, value)| {
        let text = value.string_value.as_ref().or(value.binary_value.as_ref());
        (name.clone(), json!({ "Type": value.data_type, "Value": text }))
    });
    Value::Object(attributes.collect::<Map<_, _>>())
}

fn signature(message: &Published) -> String {
    BASE64_STANDARD.encode(Sha256::digest(format!("{}\n{}\n{}", message.id, message.topic_arn, message.text)))
}

fn certificate(cx: &Context) -> String {
    format!("https://sns.{}.amazonaws.com/SimpleNotificationService-devloop.pem", cx.region)
}

/// The URL that ends a subscription.
pub(super) fn unsubscribe(cx: &Context, subscription: &Subscription) -> String {
    format!("{}/?Action=Unsubscribe&SubscriptionArn={}&Version=2010-03-31", cx.endpoint, subscription.arn)
}
