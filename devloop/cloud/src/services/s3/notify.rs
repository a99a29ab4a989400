//! Event notifications: tells functions, queues and topics about changes of objects [Amazon S3 Event Notifications].

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    bridge,
    bucket::Bucket,
    document::{items, text},
    error::refused,
    operations::Call,
    service::S3,
    version::Version,
};
use crate::{arn::Arn, context::Context, error::ApiError, functions::Invocation, wire};

/// The kind of target of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    Queue,
    Topic,
}

/// The lists of a notification document, and the element in each with the target's ARN.
const LISTS: [(&str, &str, Kind); 3] = [
    ("CloudFunctionConfiguration", "CloudFunction", Kind::Function),
    ("QueueConfiguration", "Queue", Kind::Queue),
    ("TopicConfiguration", "Topic", Kind::Topic),
];

/// The event types; a prefix of one of them with `*` is allowed too.
const EVENTS: [&str; 9] = [
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
    "s3:TestEvent",
];

/// One configuration of a bucket's notifications.
#[derive(Debug, Clone)]
struct Configuration {
    id: String,
    kind: Kind,
    target: String,
    events: Vec<String>,
    prefix: String,
    suffix: String,
}

impl Configuration {
    /// The configurations in a document.
    fn all(document: &Value) -> Vec<Self> {
        let mut found = Vec::new();
        for (list, member, kind) in LISTS {
            for item in items(document, list) {
                let rule = |wanted: &str| {
                    let key = item
                        .get("Filter")
                        .and_then(|filter| filter.get("S3Key"))
                        .cloned()
                        .unwrap_or_default();
                    let rules = items(&key, "FilterRule");
                    let rule = rules.iter().find(|rule| {
                        text(rule, "Name").is_some_and(|name| name.eq_ignore_ascii_case(wanted))
                    });
                    rule.and_then(|rule| text(rule, "Value")).unwrap_or_default().to_owned()
                };
                let events = items(item, "Event")
                    .iter()
                    .filter_map(|event| event.as_str().map(str::to_owned))
                    .collect();
                found.push(Self {
                    id: text(item, "Id").unwrap_or_default().to_owned(),
                    kind,
                    target: text(item, member).unwrap_or_default().to_owned(),
                    events,
                    prefix: rule("prefix"),
                    suffix: rule("suffix"),
                });
            }
        }
        found
    }

    fn wants(&self, event: &str, key: &str) -> bool {
        key.starts_with(&self.prefix)
            && key.ends_with(&self.suffix)
            && self.events.iter().any(|wanted| covers(wanted, &format!("s3:{event}")))
    }

    /// Whether both configurations would match some event of some object.
    fn overlaps(&self, other: &Self) -> bool {
        let events = self.events.iter().any(|a| other.events.iter().any(|b| covers(a, b) || covers(b, a)));
        let one = |a: &str, b: &str, fits: fn(&str, &str) -> bool| fits(a, b) || fits(b, a);
        events
            && one(&self.prefix, &other.prefix, |a, b| a.starts_with(b))
            && one(&self.suffix, &other.suffix, |a, b| a.ends_with(b))
    }
}

/// Whether the wanted event type, which may end with `*`, covers an event type.
fn covers(wanted: &str, event: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => event.starts_with(start),
        None => wanted == event,
    }
}

/// Checks a notification document: event types, overlaps, and that all targets exist. Queues and topics get the test event.
pub(super) fn check(document: &Value) -> Result<(), ApiError> {
    let invalid = |message: String| refused(400, "InvalidArgument", message);
    let all = Configuration::all(document);
    for (index, one) in all.iter().enumerate() {
        if one.events.is_empty() {
            return Err(super::error::malformed_xml());
        }
        for event in &one.events {
            if !EVENTS.iter().any(|known| covers(event, known)) || !event.starts_with("s3:") {
                return Err(invalid(format!("The event '{event}' is not supported for notifications")));
            }
        }
        if all[..index].iter().any(|other| one.overlaps(other)) {
            return Err(invalid(
                "Configurations overlap. Configurations on the same bucket cannot share a common event type."
                    .to_owned(),
            ));
        }
    }
    Ok(())
}

/// Sends a test event to every destination of a checked document, and asks for its functions.
pub(super) async fn try_destinations(
    s3: &S3,
    cx: &Context,
    bucket: &Bucket,
    document: &Value,
) -> Result<(), ApiError> {
    let invalid =
        || refused(400, "InvalidArgument", "Unable to validate the following destination configurations");
    let all = Configuration::all(document);
    for one in all.iter().filter(|one| one.kind != Kind::Function) {
        let test = json!({
            "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": wire::iso(s3.clock.now_ms()),
            "Bucket": bucket.name, "RequestId": &*cx.request_id, "HostId": "devloop",
        });
        deliver(s3, cx, one, test.to_string()).await.map_err(|error| {
            tracing::warn!(%error, bucket = bucket.name, target = one.target, "the test event was not accepted");
            invalid()
        })?;
    }
    for one in all.iter().filter(|one| one.kind == Kind::Function) {
        let input = json!({ "FunctionName": one.target });
        if s3.others()?.call(cx, "lambda", "GetFunctionConfiguration", input).await.is_err() {
            return Err(invalid());
        }
    }
    Ok(())
}

/// Gives an id to each configuration of a checked document that has none, as S3 does.
pub(super) fn give_ids(document: &mut Value) {
    for (list, ..) in LISTS {
        let all = match document.get_mut(list) {
            Some(Value::Array(all)) => all.as_mut_slice(),
            Some(one) => std::slice::from_mut(one),
            None => continue,
        };
        for one in all {
            if text(one, "Id").is_none_or(str::is_empty) {
                one["Id"] = uuid::Uuid::new_v4().to_string().into();
            }
        }
    }
}

/// Sends an event to all targets whose configuration matches. A failure is logged, because S3 has no other way to report
/// it.
pub(super) async fn notify(
    call: &Call<'_>,
    bucket: &Bucket,
    key: &str,
    version: &Arc<Version>,
    event: &str,
    sequencer: &str,
) {
    let Some(document) = bucket.settings.read().get("notification").cloned() else { return };
    if document.get("EventBridgeConfiguration").is_some()
        && let Some(entry) = bridge::entry(call, bucket, key, version, event, sequencer)
    {
        let all = call.s3.all.get().and_then(std::sync::Weak::upgrade);
        let cx = Context { region: Arc::clone(&bucket.region), ..call.cx.clone() };
        let sent = match all {
            Some(all) => {
                all.call(&cx, "events", "PutEvents", json!({ "Entries": [entry] })).await.map(|_| ())
            }
            None => Err(ApiError::internal("the cloud is stopping")),
        };
        if let Err(error) = sent {
            tracing::warn!(%error, bucket = bucket.name, key, "EventBridge did not accept an event");
        }
    }
    for one in Configuration::all(&document).iter().filter(|one| one.wants(event, key)) {
        let message = json!({ "Records": [record(call, bucket, key, version, event, sequencer, &one.id)] });
        if let Err(error) = deliver(call.s3, call.cx, one, message.to_string()).await {
            tracing::warn!(%error, bucket = bucket.name, key, target = one.target, "a notification was not accepted");
        }
    }
}

/// The record of an event [Event message structure].
fn record(
    call: &Call<'_>,
    bucket: &Bucket,
    key: &str,
    version: &Version,
    event: &str,
    sequencer: &str,
    id: &str,
) -> Value {
    let principal = format!("AWS:{}", call.cx.account);
    let mut object = json!({ "key": encoded(key), "sequencer": sequencer });
    if event.starts_with("ObjectCreated") || event.starts_with("ObjectTagging") {
        object["size"] = version.content.length.into();
        object["eTag"] = version.etag.as_str().into();
    }
    if event.ends_with("DeleteMarkerCreated") {
        object["eTag"] = "d41d8cd98f00b204e9800998ecf8427e".into();
    }
    if version.id != "null" {
        object["versionId"] = version.id.as_str().into();
    }
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": &*bucket.region,
        "eventTime": wire::iso(call.s3.clock.now_ms()),
        "eventName": event,
        "userIdentity": { "principalId": principal },
        "requestParameters": { "sourceIPAddress": call.request.peer.to_string() },
        "responseElements": { "x-amz-request-id": &*call.cx.request_id, "x-amz-id-2": "devloop" },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": { "principalId": &*call.cx.account },
                "arn": format!("arn:aws:s3:::{}", bucket.name),
            },
            "object": object,
        },
    })
}

/// A key in the form of events: form-encoded, with `+` for a space and unescaped slashes.
fn encoded(key: &str) -> String {
    crate::http::encode(key).replace("%20", "+").replace("%2F", "/").replace('~', "%7E").replace("%2A", "*")
}

async fn deliver(s3: &S3, cx: &Context, target: &Configuration, message: String) -> Result<(), ApiError> {
    let arn = &target.target;
    let parsed = Arn::parse(arn).ok_or_else(|| ApiError::internal(format!("{arn} is not an ARN")))?;
    let region = Some(parsed.region).filter(|region| !region.is_empty());
    let cx = &Context { region: region.map_or_else(|| Arc::clone(&cx.region), Into::into), ..cx.clone() };
    if target.kind == Kind::Function {
        let invocation = Invocation { payload: message.into(), ..Invocation::default() };
        return s3.functions.invoke_later(cx, arn, invocation);
    }
    let all = s3.others()?;
    let outcome = if target.kind == Kind::Queue {
        let url = format!("{}/{}/{}", cx.endpoint, cx.account, parsed.resource);
        all.call(cx, "sqs", "SendMessage", json!({ "QueueUrl": url, "MessageBody": message })).await
    } else {
        let input = json!({ "TopicArn": arn, "Subject": "Amazon S3 Notification", "Message": message });
        all.call(cx, "sns", "Publish", input).await
    };
    outcome.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(events: &[&str], prefix: &str, suffix: &str) -> Configuration {
        Configuration {
            id: String::new(),
            kind: Kind::Function,
            target: String::new(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
        }
    }

    #[test]
    fn configurations_that_share_an_object_and_an_event_overlap() {
        let base = configuration(&["s3:ObjectCreated:*"], "images/", ".jpg");
        let check = |events: &[&str], prefix: &str, suffix: &str, expected: bool| {
            assert_eq!(
                base.overlaps(&configuration(events, prefix, suffix)),
                expected,
                "{events:?} {prefix} {suffix}"
            );
        };
        check(&["s3:ObjectCreated:Put"], "images/", ".jpg", true);
        check(&["s3:ObjectCreated:Put"], "", "", true);
        check(&["s3:ObjectCreated:Put"], "other/", ".jpg", false);
        check(&["s3:ObjectCreated:Put"], "images/", ".png", false);
        check(&["s3:ObjectRemoved:*"], "images/", ".jpg", false);
    }

    #[test]
    fn events_match_by_prefix_suffix_and_type() {
        let base = configuration(&["s3:ObjectCreated:*"], "in/", ".xml");
        assert!(base.wants("ObjectCreated:Put", "in/a.xml"));
        assert!(!base.wants("ObjectCreated:Put", "in/a.json"));
        assert!(!base.wants("ObjectRemoved:Delete", "in/a.xml"));
    }

    #[test]
    fn keys_are_encoded_as_in_events() {
        let check = |key: &str, expected: &str| assert_eq!(encoded(key), expected);
        check("a b/c+d.xml", "a+b/c%2Bd.xml");
        check("é", "%C3%A9");
    }
}
