//! What Lambda itself writes into a function's log, and which of the function's lines it keeps, by the function's `LoggingConfig`
//! [Lambda developer guide, "Configuring JSON and plain text log formats" and "Log-level filtering"; Telemetry API schema reference].
//!
//! The level of each platform event is that of the table "System log level event mapping" on the page "Log-level filtering". Its
//! rows were read as Neaox/overcast repeats them (`logging_json.go` and its test), not on the page itself, which says in its
//! text only that INFO, the default, keeps the events `start` and `report`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{error::ApiError, report_line::ReportLine, wire};

/// How much a line matters, from the most detail to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

const APPLICATION: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const SYSTEM: [&str; 3] = ["DEBUG", "INFO", "WARN"];

impl Level {
    fn named(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "TRACE" => Some(Self::Trace),
            "DEBUG" => Some(Self::Debug),
            "INFO" => Some(Self::Info),
            "WARN" | "WARNING" => Some(Self::Warn),
            "ERROR" => Some(Self::Error),
            "FATAL" | "CRITICAL" => Some(Self::Fatal),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        APPLICATION[self as usize]
    }

    /// The level of a function's line: its member `level`, or INFO without one.
    fn of(line: &str) -> Self {
        let object = line.starts_with('{').then(|| serde_json::from_str::<Value>(line).ok()).flatten();
        let level = object.as_ref().and_then(|object| object.get("level")?.as_str());
        level.and_then(Self::named).unwrap_or(Self::Info)
    }
}

/// A function's `LoggingConfig`, without its log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logging {
    /// Lines as they are, without levels [Log-level filtering: "your function must be configured to use the JSON log format"].
    Text,
    /// Lambda's lines as JSON, and lines below these levels left out.
    Json(Levels),
}

/// The least levels that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Levels {
    application: Level,
    system: Level,
}

/// How an invocation ended [Telemetry API schema reference, `Status`], with the type of the error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Success,
    /// The function answered with an error.
    Error(String),
    /// Its process ended.
    Failure(String),
    Timeout,
}

impl Ending {
    fn level(&self, of_success: Level) -> Level {
        if *self == Self::Success { of_success } else { Level::Warn }
    }

    fn put_into(&self, record: &mut Value) {
        let (status, error) = match self {
            Self::Success => ("success", None),
            Self::Error(error) => ("error", Some(error.as_str())),
            Self::Failure(error) => ("failure", Some(error.as_str())),
            Self::Timeout => ("timeout", None),
        };
        record["status"] = status.into();
        if let Some(error) = error {
            record["errorType"] = error.into();
        }
    }
}

/// The time and the memory that an invocation took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    pub(super) duration: Duration,
    /// Megabytes that the function may use and has used at most.
    pub(super) memory: u64,
    pub(super) peak: u64,
    /// Of an environment's first invocation: how long its start took.
    pub(super) init: Option<Duration>,
}

impl Logging {
    /// Reads the member `LoggingConfig` of a function.
    pub(crate) fn read(config: &Value) -> Result<Self, ApiError> {
        let one_of = |member: &str, shown: &str, known: &[&str]| -> Result<Option<String>, ApiError> {
            let Some(value) = config.get(member).filter(|value| !value.is_null()) else { return Ok(None) };
            match value.as_str().filter(|text| known.contains(text)) {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(ApiError::constraint(
                    value,
                    &format!("loggingConfig.{shown}"),
                    &format!("satisfy enum value set: [{}]", known.join(", ")),
                )),
            }
        };
        let level = |given: Option<String>| given.and_then(|name| Level::named(&name)).unwrap_or(Level::Info);
        let format = one_of("LogFormat", "logFormat", &["JSON", "Text"])?;
        let application = one_of("ApplicationLogLevel", "applicationLogLevel", &APPLICATION)?;
        let system = one_of("SystemLogLevel", "systemLogLevel", &SYSTEM)?;
        if format.as_deref() == Some("JSON") {
            return Ok(Self::Json(Levels { application: level(application), system: level(system) }));
        }
        if application.is_some() || system.is_some() {
            // The service's words, as aws/aws-cdk pull request 28045 quotes them.
            return Err(ApiError::client(
                "InvalidParameterValueException",
                "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your request or change \
                 the LogFormat to \"Json\" and try again.",
            ));
        }
        Ok(Self::Text)
    }

    /// The members of `LoggingConfig` that are shown of it.
    pub(super) fn show(self) -> Value {
        match self {
            Self::Text => json!({ "LogFormat": "Text" }),
            Self::Json(levels) => json!({
                "LogFormat": "JSON",
                "ApplicationLogLevel": levels.application.name(),
                "SystemLogLevel": levels.system.name(),
            }),
        }
    }

    /// The variables that tell a runtime of it. A runtime that heeds them writes nothing that would be left out.
    pub(super) fn variables(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Text => vec![("AWS_LAMBDA_LOG_FORMAT", "Text".to_owned())],
            Self::Json(levels) => vec![
                ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
                ("AWS_LAMBDA_LOG_LEVEL", levels.application.name().to_owned()),
            ],
        }
    }

    /// The function's lines that are kept.
    pub(super) fn kept(self, mut lines: Vec<(i64, String)>) -> Vec<(i64, String)> {
        if let Self::Json(levels) = self {
            lines.retain(|(_, line)| Level::of(line) >= levels.application);
        }
        lines
    }

    /// A sentence about what went wrong; in JSON the record of the invocation says it.
    pub(super) fn sentence(self, text: impl FnOnce() -> String) -> Option<String> {
        (self == Self::Text).then(text)
    }

    /// An environment starts.
    pub(super) fn init_start(self, now: i64, runtime: &str) -> Option<String> {
        let record =
            || json!({ "initializationType": "on-demand", "phase": "init", "runtimeVersion": runtime });
        self.line(Level::Info, now, "initStart", record, || format!("INIT_START Runtime Version: {runtime}"))
    }

    /// An environment has started; the text format has no lines about this.
    pub(super) fn init_done(self, now: i64, init: Duration) -> impl Iterator<Item = String> {
        let record = json!({ "initializationType": "on-demand", "phase": "init", "status": "success" });
        let mut report = record.clone();
        report["metrics"] = json!({ "durationMs": milliseconds(init) });
        let lines = [
            self.event(Level::Debug, now, "initRuntimeDone", || record),
            self.event(Level::Debug, now, "initReport", || report),
        ];
        lines.into_iter().flatten()
    }

    /// An environment did not come up.
    pub(super) fn init_failed(
        self,
        now: i64,
        request_id: &str,
        error: &str,
        text: &str,
    ) -> [Option<String>; 2] {
        let record = || {
            let status = if error == "Sandbox.Timedout" { "timeout" } else { "error" };
            json!({
                "initializationType": "on-demand", "phase": "invoke", "status": status, "errorType": error,
            })
        };
        [
            self.event(Level::Warn, now, "initRuntimeDone", record),
            self.line(Level::Warn, now, "initReport", record, || {
                format!("RequestId: {request_id} {text} {error}")
            }),
        ]
    }

    /// An invocation begins.
    pub(super) fn start(self, now: i64, request_id: &str, version: &str) -> Option<String> {
        let record = || json!({ "requestId": request_id, "version": version });
        self.line(Level::Info, now, "start", record, || {
            format!("START RequestId: {request_id} Version: {version}")
        })
    }

    /// The function has ended its work.
    pub(super) fn end(
        self,
        now: i64,
        request_id: &str,
        duration: Duration,
        ending: &Ending,
    ) -> Option<String> {
        let record = || {
            let mut record =
                json!({ "requestId": request_id, "metrics": { "durationMs": milliseconds(duration) } });
            ending.put_into(&mut record);
            record
        };
        self.line(ending.level(Level::Debug), now, "runtimeDone", record, || {
            format!("END RequestId: {request_id}")
        })
    }

    /// What the invocation took.
    pub(super) fn report(
        self,
        now: i64,
        request_id: &str,
        figures: Figures,
        ending: &Ending,
    ) -> Option<String> {
        let Figures { duration, memory, peak, init } = figures;
        let ms = milliseconds(duration);
        let record = || {
            let mut record = json!({ "requestId": request_id, "metrics": {
                "durationMs": ms, "billedDurationMs": ms.ceil(), "memorySizeMB": memory, "maxMemoryUsedMB": peak,
            }});
            if let Some(init) = init {
                record["metrics"]["initDurationMs"] = milliseconds(init).into();
            }
            ending.put_into(&mut record);
            record
        };
        let text = || {
            let report = ReportLine {
                request_id: request_id.to_owned(),
                duration_ms: ms,
                billed_ms: Some(ms.ceil()),
                memory_size_mb: Some(memory),
                max_memory_used_mb: Some(peak),
                init_ms: init.map(milliseconds),
            };
            report.to_string()
        };
        self.line(ending.level(Level::Info), now, "report", record, text)
    }

    /// A line of Lambda's own, unless its level is left out.
    fn line(
        self,
        level: Level,
        now: i64,
        kind: &str,
        record: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Option<String> {
        match self {
            Self::Text => Some(text()),
            Self::Json(_) => self.event(level, now, kind, record),
        }
    }

    /// A platform event in JSON, unless its level is left out; the text format has none.
    fn event(self, level: Level, now: i64, kind: &str, record: impl FnOnce() -> Value) -> Option<String> {
        let Self::Json(levels) = self else { return None };
        (level >= levels.system).then(|| {
            let kind = format!("platform.{kind}");
            json!({ "time": wire::iso(now), "type": kind, "record": record() }).to_string()
        })
    }
}

/// In ms, to the hundredth.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

#[cfg(test)]
mod tests;
