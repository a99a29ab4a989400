//! What Lambda itself writes into a function's log, and which of the function's lines it keeps, by the function's `LoggingConfig`
//! [Lambda developer guide, "Configuring JSON and plain text log formats" and "Log-level filtering"; Telemetry API schema reference].

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

    /// That of a function's line: what its member `level` says, and INFO where it says nothing.
    fn of(line: &str) -> Self {
        let object = line.starts_with('{').then(|| serde_json::from_str::<Value>(line).ok()).flatten();
        let level = object.as_ref().and_then(|object| object.get("level")?.as_str());
        level.and_then(Self::named).unwrap_or(Self::Info)
    }
}

/// A function's `LoggingConfig`, without its log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logging {
    /// Lines as they are. Levels have no effect [Log-level filtering: "your function must be configured to use the JSON log format"].
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

/// What an invocation took.
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
        let application = level(one_of("ApplicationLogLevel", "applicationLogLevel", &APPLICATION)?);
        let system = level(one_of("SystemLogLevel", "systemLogLevel", &SYSTEM)?);
        Ok(if format.as_deref() == Some("JSON") {
            Self::Json(Levels { application, system })
        } else {
            Self::Text
        })
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

    /// An environment did not come up.
    pub(super) fn init_failed(self, now: i64, request_id: &str, error: &str, text: &str) -> Option<String> {
        let record = || {
            let status = if error == "Sandbox.Timedout" { "timeout" } else { "error" };
            json!({
                "initializationType": "on-demand", "phase": "invoke", "status": status, "errorType": error,
            })
        };
        self.line(Level::Warn, now, "initReport", record, || {
            format!("RequestId: {request_id} {text} {error}")
        })
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
            Self::Json(levels) => (level >= levels.system).then(|| {
                let kind = format!("platform.{kind}");
                json!({ "time": wire::iso(now), "type": kind, "record": record() }).to_string()
            }),
        }
    }
}

/// In ms, to the hundredth.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: &Value) -> Logging {
        Logging::read(config).unwrap()
    }

    #[test]
    fn members_are_read_and_wrong_ones_are_named() {
        assert_eq!(of(&json!({})), Logging::Text);
        assert_eq!(of(&json!({"LogFormat": "JSON"})).show()["SystemLogLevel"], "INFO");
        for (member, value, part) in [
            ("LogFormat", "json", "[JSON, Text]"),
            ("ApplicationLogLevel", "info", "[TRACE, DEBUG, INFO, WARN, ERROR, FATAL]"),
            ("SystemLogLevel", "ERROR", "[DEBUG, INFO, WARN]"),
        ] {
            let error = Logging::read(&json!({ member: value })).unwrap_err();
            assert!(error.message.contains(part), "{error}");
        }
    }

    #[test]
    fn lines_below_the_application_s_level_are_left_out_of_json_alone() {
        let lines = || {
            let lines =
                [r#"{"level":"debug"}"#, r#"{"level":"Warning"}"#, r#"{"level":7}"#, "plain", "{no json"];
            lines.map(|line| (0, line.to_owned())).to_vec()
        };
        let kept =
            |level: &str| of(&json!({"LogFormat": "JSON", "ApplicationLogLevel": level})).kept(lines()).len();
        assert_eq!([kept("TRACE"), kept("INFO"), kept("WARN"), kept("ERROR")], [5, 4, 1, 0]);
        assert_eq!(of(&json!({"ApplicationLogLevel": "ERROR"})).kept(lines()).len(), 5);
    }

    #[test]
    fn the_system_s_level_decides_which_of_lambda_s_lines_are_written() {
        let figures = Figures { duration: Duration::from_micros(7_604), memory: 128, peak: 17, init: None };
        let count = |level: &str, ending: &Ending| {
            let logging = of(&json!({"LogFormat": "JSON", "SystemLogLevel": level}));
            [
                logging.start(0, "r", "1"),
                logging.end(0, "r", figures.duration, ending),
                logging.report(0, "r", figures, ending),
            ]
            .map(|line| u8::from(line.is_some()))
        };
        assert_eq!(count("DEBUG", &Ending::Success), [1, 1, 1]);
        assert_eq!(count("INFO", &Ending::Success), [1, 0, 1]);
        assert_eq!(count("WARN", &Ending::Success), [0, 0, 0]);
        assert_eq!(count("WARN", &Ending::Timeout), [0, 1, 1]);
        let line = of(&json!({"LogFormat": "JSON"})).report(0, "r", figures, &Ending::Success).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            line,
            json!({"time": "1970-01-01T00:00:00.000Z", "type": "platform.report", "record": {
                "requestId": "r", "status": "success",
                "metrics": {"durationMs": 7.6, "billedDurationMs": 8.0, "memorySizeMB": 128, "maxMemoryUsedMB": 17},
            }})
        );
    }
}
