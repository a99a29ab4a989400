//! A function's log line in JSON, as tracing's JSON formatter and lambda_runtime write it, in the form that people read.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Names that log writers use for the time, and for the message.
const TIMES: [&str; 3] = ["timestamp", "time", "ts"];
const MESSAGES: [&str; 2] = ["message", "msg"];

/// Members that say where the line was written: in which function, whose name precedes each line anyway, or where in its program.
/// The raw line has them.
const PLACES: [&str; 6] = ["target", "filename", "line_number", "threadName", "threadId", "fn"];

/// Fields that are shown last, because they are long and mean little to a reader; in small letters without `_` and `-`.
const IDS: [&str; 5] = ["requestid", "awsrequestid", "traceid", "xraytraceid", "recordid"];

/// A number from this one on is taken for a time in ms since the epoch, in 1973 or later.
const EARLIEST_MS: i64 = 100_000_000_000;

/// A line's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    /// The time of day as the function wrote it, to the millisecond.
    pub(crate) time: Option<String>,
    /// Such as `INFO`.
    pub(crate) level: String,
    /// The message if there is one, then every field as `key=value`: the event's own first, then those of its spans,
    /// and the ids of requests and traces last.
    pub(crate) text: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(time) = &self.time {
            write!(f, "{time} ")?;
        }
        write!(f, "{:<5} {}", self.level, self.text)
    }
}

/// A member's name, and its value as JSON. Both borrow from the line: a function under load writes thousands of lines a second.
type Member<'a> = (Cow<'a, str>, &'a str);

/// Reads the line; `None` if it is not a JSON object with a level and a message or fields.
pub(crate) fn log_line(line: &str) -> Option<LogLine> {
    let line = line.trim();
    if !line.starts_with('{') {
        return None;
    }
    let members = members(line)?;
    let of = |name: &str| members.iter().find(|(member, _)| member == name).map(|(_, value)| *value);
    let nested = of("fields").and_then(self::members).unwrap_or_default();
    let level = text_of(of("level")?)?.to_ascii_uppercase();
    let message = message_of(&nested).or_else(|| message_of(&members));
    let time =
        members.iter().filter(|(name, _)| TIMES.contains(&&**name)).find_map(|(_, time)| time_of(time));
    let own = ["level", "fields", "span", "spans"];
    // A message or a time that is not understood is shown as a field.
    let is_field = |name: &str| {
        let is_told =
            (message.is_some() && MESSAGES.contains(&name)) || (time.is_some() && TIMES.contains(&name));
        !(own.contains(&name) || is_told || PLACES.contains(&name))
    };
    let spans = spans(of("spans"), of("span"));
    let of_event = nested.iter().chain(&members).filter(|(name, _)| is_field(name));
    let of_spans = spans.iter().filter(|(name, _)| name != "name");
    let mut fields: Vec<&Member<'_>> = Vec::with_capacity(nested.len() + members.len() + spans.len());
    for field in of_event.chain(of_spans) {
        // Nested spans repeat values.
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    fields.sort_by_key(|(name, _)| is_id(name));
    let mut text = message.unwrap_or_default().into_owned();
    for (name, value) in fields {
        let gap = if text.is_empty() { "" } else { " " };
        text.extend([gap, &**name, "=", &*bare(value)]);
    }
    (!text.is_empty()).then_some(LogLine { time, level, text })
}

fn message_of<'a>(members: &[Member<'a>]) -> Option<Cow<'a, str>> {
    let (_, message) = members.iter().find(|(name, _)| MESSAGES.contains(&&**name))?;
    text_of(message)
}

/// Whether the field is shown last.
fn is_id(name: &str) -> bool {
    let letters =
        || name.bytes().filter(|letter| !b"_-".contains(letter)).map(|letter| letter.to_ascii_lowercase());
    IDS.iter().any(|id| letters().eq(id.bytes()))
}

/// The members of all spans; a writer lists them all, or only the innermost one.
fn spans<'a>(all: Option<&'a str>, innermost: Option<&'a str>) -> Vec<Member<'a>> {
    let all: Vec<&'a RawValue> = all.and_then(|all| serde_json::from_str(all).ok()).unwrap_or_default();
    let all: Vec<_> = all.into_iter().filter_map(|span| members(span.get())).flatten().collect();
    if all.is_empty() { innermost.and_then(members).unwrap_or_default() } else { all }
}

/// The members of an object in their order.
fn members(object: &str) -> Option<Vec<Member<'_>>> {
    serde_json::from_str::<Members<'_>>(object).ok().map(|members| members.0)
}

struct Members<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((name, value.get()));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// A JSON string, which borrows from the document where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The text of a JSON string.
fn text_of(json: &str) -> Option<Cow<'_, str>> {
    // What begins otherwise is no string; serde_json would make an error of it, which costs more than the rest.
    if !json.starts_with('"') {
        return None;
    }
    serde_json::from_str::<Text<'_>>(json).ok().map(|Text(text)| text)
}

/// A value without quotes, where it can be read without them.
fn bare(json: &str) -> Cow<'_, str> {
    let is_plain = |text: &Cow<'_, str>| {
        !text.is_empty()
            && !text.chars().any(|it| it.is_whitespace() || it.is_control() || "\"=".contains(it))
    };
    text_of(json).filter(is_plain).unwrap_or(Cow::Borrowed(json))
}

/// The time of day of a JSON value: a text, or a number of ms since the epoch.
fn time_of(json: &str) -> Option<String> {
    if let Some(text) = text_of(json) {
        return time_of_day(&text).map(str::to_owned);
    }
    let ms = json.parse().ok().filter(|ms| *ms >= EARLIEST_MS)?;
    Some(Timestamp::from_millisecond(ms).ok()?.strftime("%H:%M:%S%.3f").to_string())
}

/// `22:13:20.007` of `2023-11-14T22:13:20.007123Z`.
fn time_of_day(time: &str) -> Option<&str> {
    let (_, time) = time.split_once(['T', ' '])?;
    let end = time.find(|it: char| !(it.is_ascii_digit() || ":.".contains(it))).unwrap_or(time.len());
    time.get(..end.min("22:13:20.007".len()))
}

#[cfg(test)]
mod tests {
    use super::log_line;

    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(log_line(line).map(|line| line.to_string()).as_deref(), expected, "{line}");
    }

    #[test]
    fn a_line_of_tracing_is_shown_for_people() {
        check(
            r#"{"timestamp":"2023-11-14T22:13:20.007123Z","level":"INFO","fields":{"message":"accepted","zone":"eu","event":1,"by":"a b"},"target":"upstream"}"#,
            Some(r#"22:13:20.007 INFO  accepted zone=eu event=1 by="a b""#),
        );
    }

    #[test]
    fn a_line_of_lambda_runtime_names_its_request_last() {
        let span = r#"{"requestId":"c6af-1","xrayTraceId":"Root=1-2","name":"Lambda runtime invoke"}"#;
        check(
            &format!(
                r#"{{"timestamp":"2023-11-14T22:13:20Z","level":"WARN","message":"slow","ms":12.5,"target":"up","span":{span},"spans":[{span}]}}"#
            ),
            Some(r#"22:13:20 WARN  slow ms=12.5 requestId=c6af-1 xrayTraceId="Root=1-2""#),
        );
        check(
            &format!(r#"{{"level":"error","msg":"no","span":{span}}}"#),
            Some(r#"ERROR no requestId=c6af-1 xrayTraceId="Root=1-2""#),
        );
    }

    #[test]
    fn a_line_without_a_message_is_its_fields() {
        check(
            r#"{"level":"info","ts":1700000000080,"fn":"upstream","request_id":"c6af-1","outcome":"ok","ms":1.234}"#,
            Some("22:13:20.080 INFO  outcome=ok ms=1.234 request_id=c6af-1"),
        );
        check(r#"{"level":"info","fields":{"count":3}}"#, Some("INFO  count=3"));
        // A value that is neither text nor time is shown as it is.
        check(r#"{"level":"info","message":{"a":1},"time":12}"#, Some(r#"INFO  message={"a":1} time=12"#));
    }

    #[test]
    fn nested_values_stay_json() {
        check(
            r#"{"level":"DEBUG","message":"two\nlines","at":{"a":[1]},"none":null}"#,
            Some("DEBUG two\nlines at={\"a\":[1]} none=null"),
        );
    }

    #[test]
    fn what_is_no_log_line_stays_as_it_is() {
        for line in [
            "accepted event=1",
            "{",
            r#"{"level":"INFO"}"#,
            r#"{"message":"no level"}"#,
            r#"{"level":3,"message":"a number"}"#,
            "[1]",
            "",
        ] {
            check(line, None);
        }
    }
}
