//! PutLogEvents: checks the whole batch, rejects events that are too old or too new, and stores the others.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    errors::{constraint, invalid, missing, no_stream},
    group::OVERHEAD,
    live::Live,
    service::Scope,
    streams::{put_token, stream_name},
};
use crate::{error::ApiError, services::cloudwatch::CloudWatch, wire};

/// The limits of a batch [PutLogEvents].
const EVENTS: usize = 10_000;
const BYTES: usize = 1_048_576;
const SPAN_MS: i64 = 86_400_000;

/// How far in the past and in the future an event may be, in ms [PutLogEvents].
const OLDEST: i64 = 14 * 86_400_000;
const NEWEST: i64 = 2 * 3_600_000;

#[derive(Deserialize)]
struct Put {
    #[serde(rename = "logGroupName")]
    group: Option<String>,
    #[serde(rename = "logStreamName")]
    stream: Option<String>,
    #[serde(rename = "logEvents")]
    events: Option<Vec<InputEvent>>,
}

#[derive(Deserialize)]
struct InputEvent {
    timestamp: Option<i64>,
    message: Option<String>,
}

/// [PutLogEvents, CloudWatch Logs API reference]
pub(crate) fn put(
    scope: &Scope<'_>,
    live: &Live,
    metrics: &CloudWatch,
    input: Value,
) -> Result<Value, ApiError> {
    let put: Put = wire::read(input)?;
    let stream = stream_name(put.stream)?;
    let events = check(put.events.ok_or_else(|| missing("logEvents"))?)?;
    let group = scope.group(put.group.as_deref(), None)?;
    let mut content = group.content.lock();
    let kept_from = content.kept_from(scope.now_ms);
    let old = events.partition_point(|(at_ms, _)| *at_ms < scope.now_ms - OLDEST);
    let expired = events.partition_point(|(at_ms, _)| *at_ms < kept_from);
    let new = events.partition_point(|(at_ms, _)| *at_ms <= scope.now_ms + NEWEST);
    let accepted = events.get(old.max(expired)..new).unwrap_or_default();
    let stream = content.append(&stream, scope.now_ms, accepted).ok_or_else(no_stream)?;
    let filters: Vec<_> = content.metric_filters.values().cloned().collect();
    drop(content);
    scope.memory.make_room(0);
    for (at_ms, message) in accepted {
        for filter in &filters {
            filter.observe(metrics, &scope.cx.region, *at_ms, message);
        }
    }
    live.send(
        &scope.cx.region,
        &group.name,
        &stream,
        accepted.iter().map(|(at_ms, message)| (*at_ms, message)),
    );
    let mut output = Map::new();
    output.insert("nextSequenceToken".to_owned(), put_token().into());
    let mut rejected = Map::new();
    if old > 0 {
        rejected.insert("tooOldLogEventEndIndex".to_owned(), old.into());
    }
    if expired > 0 {
        rejected.insert("expiredLogEventEndIndex".to_owned(), expired.into());
    }
    if new < events.len() {
        rejected.insert("tooNewLogEventStartIndex".to_owned(), new.into());
    }
    if !rejected.is_empty() {
        output.insert("rejectedLogEventsInfo".to_owned(), rejected.into());
    }
    Ok(output.into())
}

fn check(events: Vec<InputEvent>) -> Result<Vec<(i64, Arc<str>)>, ApiError> {
    if events.is_empty() || events.len() > EVENTS {
        let length = format!("have length less than or equal to {EVENTS}, and greater than or equal to 1");
        return Err(constraint(events.len(), "logEvents", &length));
    }
    let mut bytes = 0;
    let mut checked: Vec<(i64, Arc<str>)> = Vec::with_capacity(events.len());
    for (index, event) in events.into_iter().enumerate() {
        let member = |name: &str| missing(&format!("logEvents.{}.member.{name}", index + 1));
        let at_ms = event.timestamp.filter(|at_ms| *at_ms >= 0).ok_or_else(|| member("timestamp"))?;
        let message = event.message.filter(|text| !text.is_empty()).ok_or_else(|| member("message"))?;
        bytes += message.len() + OVERHEAD;
        if checked.last().is_some_and(|(before, _)| *before > at_ms) {
            return Err(invalid(
                "Log events in a single PutLogEvents request must be in chronological order.",
            ));
        }
        checked.push((at_ms, message.into()));
    }
    if bytes > BYTES {
        return Err(invalid(format!("Upload too large: {bytes} bytes exceeds limit of {BYTES}")));
    }
    match (checked.first(), checked.last()) {
        (Some((first, _)), Some((last, _))) if last - first > SPAN_MS => Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        )),
        _ => Ok(checked),
    }
}
