//! FilterLogEvents: all streams of a group, ordered by time, in pages.

use std::{ops::Bound, sync::Arc};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    errors::{bad_token, constraint, invalid},
    group::{Content, Event, Group, OVERHEAD, Position},
    pattern::Pattern,
    read::{PAGE_BYTES, event_id, from_event_id, limit, range},
    service::Scope,
};
use crate::{aside::aside_if, error::ApiError, wire};

/// How many events are examined under one lock, and for one answer. With a pattern that rarely matches, a page has few
/// events and a token, as on AWS.
const SLICE: usize = 1_000;
const LOOKED_AT: usize = 100_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    #[serde(rename = "filterPattern", default)]
    pattern: String,
    next_token: Option<String>,
    limit: Option<i64>,
}

/// [FilterLogEvents, CloudWatch Logs API reference]
///
/// A token names the last event that was examined. Events that arrive later with an earlier time are not on the following
/// pages.
pub(crate) fn filter(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let filter: Filter = wire::read(input)?;
    let limit = limit(filter.limit)?;
    if filter.log_stream_names.is_some() && filter.log_stream_name_prefix.is_some() {
        return Err(invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
    }
    if let Some(names) =
        filter.log_stream_names.as_ref().filter(|names| names.is_empty() || names.len() > 100)
    {
        return Err(constraint(
            format!("{names:?}"),
            "logStreamNames",
            "have length less than or equal to 100, and greater than or equal to 1",
        ));
    }
    let pattern = Pattern::of_search(&filter.pattern)?;
    let group = scope.group(filter.log_group_name.as_deref(), filter.log_group_identifier.as_deref())?;
    let (from, to) = range(filter.start_time, filter.end_time, group.content.lock().kept_from(scope.now_ms));
    let after = match filter.next_token.as_deref() {
        None => Bound::Included(from),
        Some(token) => Bound::Excluded(from_event_id(token).ok_or_else(bad_token)?.max(from)),
    };
    let is_long = group.content.lock().events.len() > SLICE;
    let (events, next) = aside_if(is_long, || filter.page(&pattern, &group, after, to, limit));
    let mut output = Map::new();
    output.insert("events".to_owned(), events.into());
    output.insert("searchedLogStreams".to_owned(), json!([]));
    if let Some(position) = next {
        output.insert("nextToken".to_owned(), event_id(position).into());
    }
    Ok(output.into())
}

impl Filter {
    /// The events of a page; with the last position that was looked at if there are more.
    fn page(
        &self,
        pattern: &Pattern,
        group: &Group,
        mut after: Bound<Position>,
        to: Position,
        limit: usize,
    ) -> (Vec<Value>, Option<Position>) {
        let (mut events, mut bytes, mut looked_at) = (Vec::new(), 0, 0);
        let more = loop {
            let slice = slice(&group.content.lock(), after, to);
            if slice.is_empty() {
                break false;
            }
            looked_at += slice.len();
            let mut full = false;
            for (position, event) in slice {
                if self.wants(&event) && pattern.matches(&event.message) {
                    bytes += event.message.len() + OVERHEAD;
                    if !events.is_empty() && (events.len() == limit || bytes > PAGE_BYTES) {
                        full = true;
                        break;
                    }
                    events.push(json!({
                        "logStreamName": &*event.stream,
                        "timestamp": position.at_ms,
                        "message": &*event.message,
                        "ingestionTime": event.ingested_ms,
                        "eventId": event_id(position),
                    }));
                }
                after = Bound::Excluded(position);
            }
            if full || looked_at >= LOOKED_AT {
                break true;
            }
        };
        match after {
            Bound::Excluded(position) if more => (events, Some(position)),
            _ => (events, None),
        }
    }

    fn wants(&self, event: &Event) -> bool {
        self.log_stream_names.as_ref().is_none_or(|names| names.iter().any(|name| **name == *event.stream))
            && self.log_stream_name_prefix.as_deref().is_none_or(|prefix| event.stream.starts_with(prefix))
    }
}

/// The next events before `to`; none if the range is empty.
fn slice(content: &Content, after: Bound<Position>, to: Position) -> Vec<(Position, Arc<Event>)> {
    let (Bound::Included(start) | Bound::Excluded(start)) = after else { return Vec::new() };
    if start >= to {
        return Vec::new();
    }
    let range = content.events.range((after, Bound::Excluded(to)));
    range.take(SLICE).map(|(position, event)| (*position, Arc::clone(event))).collect()
}
