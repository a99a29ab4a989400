//! `devloop logs`: shows what functions have logged, through CloudWatch Logs, on every target.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use devloop_cloud::OwnLine;
use serde_json::{Value, json};

use super::asked::{Asked, printed};
use super::invoke::readable;
use crate::aws::Call;
use crate::bus;
use crate::cli::LogsArguments;
use crate::error::{Exit, UserError};
use crate::output;

const TARGET: &str = "Logs_20140328.FilterLogEvents";

/// The pause between two looks while lines are followed.
const PAUSE: Duration = Duration::from_secs(1);

/// How far behind the newest line the next look begins: lines of several streams come out of order, and late on AWS.
const OVERLAP_MS: i64 = 10_000;

/// One line of a function's log.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    id: String,
    at_ms: i64,
    stream: String,
    text: String,
}

/// The lines of one function that were seen.
#[derive(Debug, Default)]
struct Seen {
    /// The ids of the lines, with their times. Ids older than the next look's beginning are forgotten.
    ids: BTreeMap<String, i64>,
    newest_ms: i64,
    /// The request that each log stream is working on.
    requests: BTreeMap<String, String>,
}

/// Shows lines, and with `--follow` goes on until Ctrl-C.
pub(crate) async fn logs(arguments: &LogsArguments) -> Result<ExitCode, UserError> {
    let asked = Asked::new(&arguments.cloud).await?;
    let mut functions = Vec::new();
    for typed in &arguments.functions {
        functions.push(asked.function(typed).await?);
    }
    if functions.is_empty() {
        functions = asked.functions().await?;
    }
    let since_ms = (bus::wall() as i64).saturating_sub(arguments.since.as_millis() as i64);
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    loop {
        let mut found = Vec::new();
        for function in &functions {
            let seen = seen.entry(function.clone()).or_default();
            let from_ms = since_ms.max(seen.newest_ms - OVERLAP_MS);
            let lines = read(&asked, function, from_ms, arguments.filter.as_deref()).await?;
            let lines = seen.new_of(lines, arguments.request.as_deref());
            found.extend(lines.into_iter().map(|line| (function, line)));
        }
        found.sort_by_key(|(_, line)| line.at_ms);
        let name = functions.len() > 1;
        let text: String = found.iter().map(|(function, line)| shown(function, line, name)).collect();
        if !text.is_empty() {
            printed(&text)?;
        } else if !arguments.follow {
            // A closed standard error is no reason to fail.
            let _ = writeln!(output::stderr(), "there are no such lines; --since looks further back");
        }
        if !arguments.follow {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// The lines of a function since a time; empty if it has never logged.
async fn read(
    asked: &Asked,
    function: &str,
    from_ms: i64,
    filter: Option<&str>,
) -> Result<Vec<Line>, UserError> {
    let group = format!("/aws/lambda/{function}");
    let mut input = json!({ "logGroupName": group, "startTime": from_ms });
    if let Some(filter) = filter {
        input["filterPattern"] = filter.into();
    }
    let mut lines = Vec::new();
    loop {
        let answer = asked.client.ask(&asked.region, &Call::json("logs", TARGET, &input)).await;
        let page = match answer.and_then(|answer| answer.json()) {
            Ok(page) => page,
            Err(error) if error.code() == "ResourceNotFoundException" => return Ok(lines),
            Err(error) => {
                let problem = error.problem(&format!("read the log of {function}"));
                return Err(UserError { problem, exit: Exit::Cloud });
            }
        };
        lines.extend(page["events"].as_array().into_iter().flatten().map(line));
        match page["nextToken"].as_str() {
            Some(token) => input["nextToken"] = Value::from(token),
            None => return Ok(lines),
        }
    }
}

fn line(event: &Value) -> Line {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    Line {
        id: text("eventId"),
        at_ms: event["timestamp"].as_i64().unwrap_or_default(),
        stream: text("logStreamName"),
        text: text("message"),
    }
}

impl Seen {
    /// The lines that were not seen before; if a request is given, only its lines.
    fn new_of(&mut self, lines: Vec<Line>, request: Option<&str>) -> Vec<Line> {
        let mut found = Vec::new();
        for line in lines {
            if self.ids.insert(line.id.clone(), line.at_ms).is_some() {
                continue;
            }
            self.newest_ms = self.newest_ms.max(line.at_ms);
            if let Some(OwnLine::Start(id)) = OwnLine::parse(&line.text) {
                self.requests.insert(line.stream.clone(), id);
            }
            let of = self.requests.get(&line.stream);
            if request.is_none_or(|wanted| of.is_some_and(|id| id == wanted) || line.text.contains(wanted)) {
                found.push(line);
            }
        }
        let oldest_ms = self.newest_ms - 2 * OVERLAP_MS;
        self.ids.retain(|_, at_ms| *at_ms >= oldest_ms);
        found
    }
}

/// A line as the screen shows it.
fn shown(function: &str, line: &Line, name: bool) -> String {
    let time = jiff::Timestamp::from_millisecond(line.at_ms).unwrap_or_default();
    let time = time.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S%.3f").to_string();
    let name = if name { format!("{function}  ") } else { String::new() };
    format!("{time}  {name}{}\n", readable(line.text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, stream: &str, text: &str) -> Line {
        Line { id: id.to_owned(), at_ms: 1, stream: stream.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_requests_lines_are_those_between_its_start_and_the_next() {
        let all = [
            line("1", "a", "START RequestId: one Version: $LATEST"),
            line("2", "b", "START RequestId: two Version: $LATEST"),
            line("3", "a", "of one"),
            line("4", "b", "of two"),
            line("5", "a", r#"{"type":"platform.start","record":{"requestId":"three"}}"#),
            line("6", "a", "of three"),
            line("7", "b", "it names one"),
        ];
        let ids = |request: Option<&str>| {
            let mut seen = Seen::default();
            let found = seen.new_of(all.to_vec(), request);
            assert_eq!(seen.new_of(all.to_vec(), request), [], "nothing is shown twice");
            found.into_iter().map(|line| line.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(Some("one")), ["1", "3", "7"]);
        assert_eq!(ids(Some("three")), ["5", "6"]);
        assert_eq!(ids(None).len(), 7);
    }
}
