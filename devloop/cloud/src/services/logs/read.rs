//! GetLogEvents: reads one stream, forwards and backwards.

use std::{ops::Bound, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    errors::{bad_token, constraint, missing, no_stream},
    group::{Event, OVERHEAD, Position},
    service::Scope,
};
use crate::{error::ApiError, wire};

/// The most events and bytes (as AWS counts them) in one answer [GetLogEvents].
pub(crate) const PAGE: usize = 10_000;
pub(crate) const PAGE_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Get {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    #[serde(default)]
    start_from_head: bool,
}

/// A position between events, and the direction to read in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    /// After the event.
    Forward(Position),
    /// Before the event.
    Backward(Position),
}

/// [GetLogEvents, CloudWatch Logs API reference]
///
/// A token names the event at the edge of the page. At the end of the stream the answer contains the token of the request
/// again. Clients recognise the end by this, and the same token finds later events.
pub(crate) fn get(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let get: Get = wire::read(input)?;
    let limit = limit(get.limit)?;
    let name = get.log_stream_name.ok_or_else(|| missing("logStreamName"))?;
    let token = get.next_token.as_deref().map(from_token).transpose()?;
    let group = scope.group(get.log_group_name.as_deref(), get.log_group_identifier.as_deref())?;
    let (from, to) = {
        let kept_from = group.content.lock().kept_from(scope.now_ms);
        range(get.start_time, get.end_time, kept_from)
    };
    let empty = if from >= to { Some(from) } else { None };
    let page: Vec<(Position, Arc<Event>)> = {
        let content = group.content.lock();
        let stream = content.streams.get(name.as_str()).ok_or_else(no_stream)?;
        let own = |(position, event): (&Position, &Arc<Event>)| (*position, Arc::clone(event));
        let forward = |after: Bound<Position>| {
            fits(stream.events.range((after, Bound::Excluded(to))), limit).map(own).collect::<Vec<_>>()
        };
        let backward = |before: Position| {
            let mut page: Vec<_> = fits(stream.events.range(from..before).rev(), limit).map(own).collect();
            page.reverse();
            page
        };
        match token {
            _ if empty.is_some() => Vec::new(),
            Some(Token::Forward(position)) if position >= to => Vec::new(),
            Some(Token::Forward(position)) if position < from => forward(Bound::Included(from)),
            Some(Token::Forward(position)) => forward(Bound::Excluded(position)),
            Some(Token::Backward(position)) if position <= from => Vec::new(),
            Some(Token::Backward(position)) => backward(position.min(to)),
            None if get.start_from_head => forward(Bound::Included(from)),
            None => backward(to),
        }
    };
    let here = match token {
        Some(Token::Forward(position) | Token::Backward(position)) => position,
        None => from,
    };
    let (first, last) = match (page.first(), page.last()) {
        (Some((first, _)), Some((last, _))) => (*first, *last),
        _ => (here, here),
    };
    let events: Vec<_> = page
        .iter()
        .map(|(position, event)| {
            json!({
                "timestamp": position.at_ms,
                "message": &*event.message,
                "ingestionTime": event.ingested_ms,
            })
        })
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": to_token(Token::Forward(last)),
        "nextBackwardToken": to_token(Token::Backward(first)),
    }))
}

/// The positions of `[startTime, endTime)`, limited to the events that are kept.
pub(crate) fn range(start: Option<i64>, end: Option<i64>, kept_from: i64) -> (Position, Position) {
    let from = start.unwrap_or(0).max(kept_from);
    (Position::before(from), Position::before(end.unwrap_or(i64::MAX)))
}

/// The `limit` of the read operations: 1 to 10,000, which is also the default.
pub(crate) fn limit(limit: Option<i64>) -> Result<usize, ApiError> {
    match limit {
        None => Ok(PAGE),
        Some(limit) if (1..=PAGE as i64).contains(&limit) => Ok(limit as usize),
        Some(limit) if limit < 1 => Err(constraint(limit, "limit", "have value greater than or equal to 1")),
        Some(limit) => Err(constraint(limit, "limit", "have value less than or equal to 10000")),
    }
}

/// The events that fit into one answer.
fn fits<'a>(
    events: impl Iterator<Item = (&'a Position, &'a Arc<Event>)>,
    limit: usize,
) -> impl Iterator<Item = (&'a Position, &'a Arc<Event>)> {
    let mut bytes = 0;
    events
        .take(limit)
        .enumerate()
        .take_while(move |(index, (_, event))| {
            bytes += event.message.len() + OVERHEAD;
            *index == 0 || bytes <= PAGE_BYTES
        })
        .map(|(_, item)| item)
}

/// An event's id: 56 digits that sort like the events.
pub(crate) fn event_id(position: Position) -> String {
    format!("{:020}{:036}", position.at_ms.max(0), position.number)
}

/// The position of the event with this id.
pub(crate) fn from_event_id(id: &str) -> Option<Position> {
    if id.len() != 56 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Position { at_ms: id[..20].parse().ok()?, number: id[20..].parse().ok()? })
}

fn to_token(token: Token) -> String {
    match token {
        Token::Forward(position) => format!("f/{}/s", event_id(position)),
        Token::Backward(position) => format!("b/{}/s", event_id(position)),
    }
}

fn from_token(token: &str) -> Result<Token, ApiError> {
    let inner = token.strip_suffix("/s").ok_or_else(bad_token)?;
    let (way, id) = inner.split_once('/').ok_or_else(bad_token)?;
    let position = from_event_id(id).ok_or_else(bad_token)?;
    match way {
        "f" => Ok(Token::Forward(position)),
        "b" => Ok(Token::Backward(position)),
        _ => Err(bad_token()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_encoding() {
        let check = |token: Token| assert_eq!(from_token(&to_token(token)).unwrap(), token);
        check(Token::Forward(Position { at_ms: 0, number: 0 }));
        check(Token::Backward(Position { at_ms: i64::MAX, number: u64::MAX }));
        for text in
            ["", "f", "f/1/s", "x/00000000000000000000000000000000000000000000000000000000/s", "f/é/s"]
        {
            assert!(from_token(text).is_err(), "{text}");
        }
    }
}
