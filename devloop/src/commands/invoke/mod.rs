//! `devloop invoke FUNCTION`: writes the answer to the standard output, the log and the duration to the standard error.

mod follow;

use std::fs;
use std::io::{Read, Write};
use std::process::ExitCode;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::Method;
use serde_json::Value;

use super::asked::{Asked, failed, printed, printed_data, printed_json};
use crate::aws::{Answer, Call, encoded};
use crate::cli::{Example, InvokeArguments};
use crate::error::UserError;
use crate::output;
use crate::sink::log_line;
use devloop_cloud::{OwnLine, without_secrets};

/// One invocation.
pub(super) struct Request {
    pub(super) function: String,
    pub(super) payload: String,
    /// Whether the event is invoked asynchronously, without waiting for the answer.
    pub(super) later: bool,
    pub(super) qualifier: Option<String>,
    /// The trace header to send with it.
    pub(super) trace: Option<String>,
}

/// Invokes the function that was named.
pub(crate) async fn invoke(arguments: &InvokeArguments) -> Result<ExitCode, UserError> {
    if arguments.follow && arguments.cloud.is_aws() {
        let message = "follow the event: only the embedded cloud keeps events, AWS does not";
        return Err(UserError::usage("follow_unsupported", message));
    }
    let payload = payload(arguments)?;
    let asked = Asked::new(&arguments.cloud).await?;
    let function = asked.function(&arguments.function).await?;
    let (later, qualifier) = (arguments.later, arguments.qualifier.clone());
    if !arguments.follow {
        return run(&asked, &Request { function, payload, later, qualifier, trace: None }).await;
    }
    // Before anything is sent: what cannot be followed is not invoked.
    follow::events(&asked).await?;
    let (root, header) = follow::trace();
    let code = run(&asked, &Request { function, payload, later, qualifier, trace: Some(header) }).await?;
    follow::follow(&asked, &root).await?;
    Ok(code)
}

/// The event, which must be JSON.
fn payload(arguments: &InvokeArguments) -> Result<String, UserError> {
    let (text, from) = match (&arguments.payload, &arguments.file, arguments.example) {
        (Some(text), _, _) => (text.clone(), "--payload".to_owned()),
        (_, Some(file), _) if file.as_os_str() == "-" => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|error| {
                UserError::usage("event_unreadable", format!("read the standard input: {error}"))
            })?;
            (text, "the standard input".to_owned())
        }
        (_, Some(file), _) => {
            let text = fs::read_to_string(file).map_err(|error| {
                UserError::usage("event_unreadable", format!("read {}: {error}", file.display()))
            })?;
            (text, file.display().to_string())
        }
        (_, _, Some(example)) => return Ok(example_event(example).to_owned()),
        _ => return Ok("{}".to_owned()),
    };
    match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(UserError::usage("event_invalid", format!("{from} is not JSON: {error}"))),
    }
}

/// Sends the event, and shows the result. A failure of the function is exit code 1.
pub(super) async fn run(asked: &Asked, request: &Request) -> Result<ExitCode, UserError> {
    let mut path = format!("/2015-03-31/functions/{}/invocations", encoded(&request.function));
    if let Some(qualifier) = &request.qualifier {
        path.push_str(&format!("?Qualifier={}", encoded(qualifier)));
    }
    let kind = if request.later { "Event" } else { "RequestResponse" };
    let call = Call::body("lambda", Method::POST, &path, request.payload.clone())
        .with_header("x-amz-invocation-type", kind)
        .with_header("x-amz-log-type", if request.later { "None" } else { "Tail" });
    let call = match &request.trace {
        Some(header) => call.with_header("x-amzn-trace-id", header),
        None => call,
    };
    let answer = asked.client.ask(&asked.region, &call).await;
    let answer = answer.map_err(|error| failed(&error, &format!("invoke {}", request.function)))?;
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    if request.later {
        let id = header("x-amzn-requestid").unwrap_or("unknown");
        return printed(&format!("{} takes the event as request {id}\n", request.function));
    }
    let log =
        header("x-amz-log-result").and_then(|text| BASE64_STANDARD.decode(text).ok()).unwrap_or_default();
    let log = String::from_utf8_lossy(&log).into_owned();
    let is_failure = header("x-amz-function-error").is_some();
    told(&request.function, &log, is_failure);
    shown(&answer)?;
    Ok(if is_failure { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Writes the answer. JSON is indented, and has escapes in place of what a terminal would obey; anything else is written as it is, unless
/// a terminal gets it.
fn shown(answer: &Answer) -> Result<ExitCode, UserError> {
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(value) => printed_json(&format!("{value:#}\n")),
        Err(_) => printed_data(&[&answer.body[..], b"\n"].concat()),
    }
}

/// Writes the end of the log, and the duration. A closed standard error is no reason to fail.
fn told(function: &str, log: &str, is_failure: bool) {
    let mut out = output::stderr();
    let mut report = None;
    for line in log.lines() {
        match OwnLine::parse(line) {
            Some(OwnLine::Report(found)) => report = Some(found),
            Some(OwnLine::Start(_) | OwnLine::Other) => {}
            None => {
                let _ = writeln!(out, "  {}", readable(line));
            }
        }
    }
    let word = if is_failure { "failed" } else { "answered" };
    let _ = match report {
        Some(report) => {
            writeln!(out, "{function} {word}: request {}, {}", report.request_id, report.in_short())
        }
        None => writeln!(out, "{function} {word}"),
    };
}

/// A log line as the screen shows it, without its colours and secrets.
pub(super) fn readable(line: &str) -> String {
    let line = without_secrets(line);
    match log_line(&line) {
        Some(line) => output::plain(&line.to_string()).into_owned(),
        None => output::plain(&line).into_owned(),
    }
}

/// The events that AWS documents, by kind.
pub(super) fn example_event(example: Example) -> &'static str {
    match example {
        Example::Apigateway => include_str!("apigateway.json"),
        Example::Dynamodb => include_str!("dynamodb.json"),
        Example::Eventbridge => include_str!("eventbridge.json"),
        Example::Http => include_str!("http.json"),
        Example::Kinesis => include_str!("kinesis.json"),
        Example::S3 => include_str!("s3.json"),
        Example::Schedule => include_str!("schedule.json"),
        Example::Sns => include_str!("sns.json"),
        Example::Sqs => include_str!("sqs.json"),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn a_line_is_shown_without_what_a_terminal_obeys_and_without_secrets() {
        let check = |line: &str, expected: &str| assert_eq!(readable(line), expected);
        check("a\u{9b}31mb\u{202e}c\u{7}\r", "a31mbc");
        check("password=p", "password=***");
        // JSON keeps such characters in escapes, which are undone when it is shown for people.
        check(
            r#"{"level":"info","message":"a\u009b31m\u202eb","url":"x://u:p@h"}"#,
            "INFO  a31mb url=x://u:***@h",
        );
    }

    #[test]
    fn every_example_is_an_event() {
        for example in Example::value_variants() {
            let event: Value = serde_json::from_str(example_event(*example)).unwrap();
            assert!(event.is_object(), "{example:?}");
        }
    }
}
