//! Operations on log streams.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    errors::{bad_token, constraint, invalid, missing, no_stream},
    group::Stream,
    groups::page_size,
    service::Scope,
};
use crate::{error::ApiError, wire};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
}

/// [CreateLogStream, CloudWatch Logs API reference]
pub(crate) fn create(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let named: Named = wire::read(input)?;
    let stream = stream_name(named.log_stream_name)?;
    let group = scope.group(named.log_group_name.as_deref(), None)?;
    if group.content.lock().create_stream(stream.into(), scope.now_ms) {
        return Ok(json!({}));
    }
    Err(ApiError::client("ResourceAlreadyExistsException", "The specified log stream already exists"))
}

/// [DeleteLogStream, CloudWatch Logs API reference]
pub(crate) fn delete(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let named: Named = wire::read(input)?;
    let stream = stream_name(named.log_stream_name)?;
    let group = scope.group(named.log_group_name.as_deref(), None)?;
    if group.content.lock().delete_stream(&stream) { Ok(json!({})) } else { Err(no_stream()) }
}

/// Checks the name of a stream: 1 to 512 characters without `:` and `*` [CreateLogStream].
pub(crate) fn stream_name(name: Option<String>) -> Result<String, ApiError> {
    let name = name.ok_or_else(|| missing("logStreamName"))?;
    if name.is_empty() || name.chars().count() > 512 {
        return Err(constraint(
            &name,
            "logStreamName",
            "have length less than or equal to 512, and greater than or equal to 1",
        ));
    }
    if name.contains([':', '*']) {
        return Err(constraint(&name, "logStreamName", "satisfy regular expression pattern: [^:*]*"));
    }
    Ok(name)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<i64>,
}

/// The order of streams: by the time of their last event if the request asks for it, then by name.
type Order = (i64, Arc<str>);

/// [DescribeLogStreams, CloudWatch Logs API reference]
pub(crate) fn describe(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let describe: Describe = wire::read(input)?;
    let by_time = match describe.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") => true,
        Some(other) => {
            return Err(constraint(
                other,
                "orderBy",
                "satisfy enum value set: [LogStreamName, LastEventTime]",
            ));
        }
    };
    if by_time && describe.log_stream_name_prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let limit = page_size(describe.limit)?;
    let after = describe.next_token.as_deref().map(from_token).transpose()?;
    let group = scope.group(describe.log_group_name.as_deref(), describe.log_group_identifier.as_deref())?;
    let content = group.content.lock();
    let prefix = describe.log_stream_name_prefix.as_deref().unwrap_or("");
    let order = |stream: &Stream| -> Order {
        let last = stream.span().map_or(i64::MIN, |(_, last)| last);
        (if by_time { last } else { 0 }, Arc::clone(&stream.name))
    };
    let mut found: Vec<_> = content
        .streams
        .values()
        .filter(|stream| stream.name.starts_with(prefix))
        .map(|stream| (order(stream), stream))
        .filter(|(order, _)| match &after {
            None => true,
            Some(after) if describe.descending => order < after,
            Some(after) => order > after,
        })
        .collect();
    found.sort_by(|(one, _), (other, _)| if describe.descending { other.cmp(one) } else { one.cmp(other) });
    let more = found.len() > limit;
    found.truncate(limit);
    let arn = scope.arn(&group.name);
    let mut output = Map::new();
    output.insert(
        "logStreams".to_owned(),
        found.iter().map(|(_, stream)| describe_one(&arn, stream)).collect(),
    );
    if let Some((last, _)) = found.last().filter(|_| more) {
        output.insert("nextToken".to_owned(), to_token(last).into());
    }
    Ok(output.into())
}

fn describe_one(group_arn: &str, stream: &Stream) -> Value {
    let mut members = json!({
        "logStreamName": &*stream.name,
        "creationTime": stream.created_ms,
        "arn": format!("{group_arn}:log-stream:{}", stream.name),
        // Deprecated by AWS, which reports 0 for every stream.
        "storedBytes": 0,
    });
    if let Some((first, last)) = stream.span() {
        members["firstEventTimestamp"] = first.into();
        members["lastEventTimestamp"] = last.into();
    }
    if let Some(at_ms) = stream.last_ingested_ms {
        members["lastIngestionTime"] = at_ms.into();
        members["uploadSequenceToken"] = put_token().into();
    }
    members
}

/// The token that PutLogEvents no longer needs but still returns.
pub(crate) fn put_token() -> &'static str {
    "49590302637565679733984362574651"
}

fn to_token((at, name): &Order) -> String {
    format!("{at}@{name}")
}

fn from_token(token: &str) -> Result<Order, ApiError> {
    let (at, name) = token.split_once('@').ok_or_else(bad_token)?;
    Ok((at.parse().map_err(|_| bad_token())?, name.into()))
}
