//! JSON lines for programs: one object a line, each with `event` and `at`, described in `docs/events.md`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use devloop_cloud::without_secrets;
use serde::Serialize;

use crate::engine::{
    Diagnostic, Digest, Generation, Level, Location, Millis, Notice, Phases, Problem, RolledBack, State,
};
use crate::graph::Reason;
use crate::output;
use crate::sink::Sink;

/// Writes one JSON object a line.
#[derive(Debug)]
pub(crate) struct Json<W> {
    output: W,
}

impl<W: Write> Json<W> {
    /// Writes to the output, and flushes after each line.
    pub(crate) fn new(output: W) -> Self {
        Self { output }
    }
}

impl<W: Write + Send> Sink for Json<W> {
    fn tell(&mut self, at: Millis, notice: &Notice, _state: &State) -> io::Result<()> {
        // Left out: compiler messages come again with the failed build; progress, also of resources, and functions' lines are for
        // people and the log file.
        if matches!(
            notice,
            Notice::Stack { .. }
                | Notice::Progress { .. }
                | Notice::Diagnostic { .. }
                | Notice::Log { .. }
                | Notice::Reported { .. }
        ) {
            return Ok(());
        }
        writeln!(self.output, "{}", line(at, notice)?)?;
        self.output.flush()
    }
}

/// Writes any notice as one line, without its line end. A terminal may show it.
pub(super) fn line(at: Millis, notice: &Notice) -> io::Result<String> {
    let (event, body) = body(notice);
    written(&Line { event, at, body })
}

/// The line of an error that ends the program.
pub(crate) fn error_line(at: Millis, problem: &Problem) -> io::Result<String> {
    let body = Body::Error { generation: None, function: None, serving: None, problem };
    Ok(without_secrets(&written(&Line { event: "error", at, body })?).into_owned())
}

fn written(line: &Line<'_>) -> io::Result<String> {
    let json = serde_json::to_string(line)?;
    Ok(match output::escaped(&json) {
        Cow::Borrowed(_) => json,
        Cow::Owned(escaped) => escaped,
    })
}

#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    at: Millis,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Ready {
        endpoint: &'a str,
        outputs: &'a BTreeMap<String, String>,
    },
    Stack {
        stack: &'a str,
        resources: &'a [String],
        took_ms: Millis,
    },
    Build {
        generation: Generation,
        functions: Vec<&'a str>,
        reason: String,
        reasons: BTreeMap<&'a str, String>,
    },
    Updated {
        stack: &'a str,
        changes: &'a [String],
    },
    Added {
        function: &'a str,
        url: &'a str,
    },
    Gone {
        function: &'a str,
        removed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        serving: Option<&'a Digest>,
    },
    RollbackPlanned {
        function: &'a str,
        plan: &'a [String],
    },
    RolledBack {
        function: &'a str,
        name: &'a str,
        code: &'a str,
        digest: &'a Digest,
    },
    Cancelled {
        generation: Generation,
        functions: &'a [String],
    },
    Noted {
        functions: &'a [String],
    },
    Resumed {
        saves: usize,
    },
    Paused {},
    BuildFailed {
        generation: Generation,
        functions: Vec<&'a str>,
        serving: &'a BTreeMap<String, Option<Digest>>,
        message: String,
        diagnostics: Vec<WireDiagnostic<'a>>,
    },
    Swapped {
        generation: Generation,
        function: &'a str,
        digest: &'a Digest,
        warnings: &'a [String],
    },
    Live {
        generation: Generation,
        function: &'a str,
        digest: &'a Digest,
        phases_ms: &'a Phases,
        total_ms: u64,
    },
    Unchanged {
        generation: Generation,
        function: &'a str,
        digest: &'a Digest,
    },
    Warning {
        #[serde(flatten)]
        problem: &'a Problem,
    },
    Error {
        #[serde(flatten)]
        problem: &'a Problem,
        #[serde(skip_serializing_if = "Option::is_none")]
        generation: Option<Generation>,
        #[serde(skip_serializing_if = "Option::is_none")]
        function: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        serving: Option<&'a Digest>,
    },
    Progress {
        generation: Generation,
        line: &'a str,
    },
    Diagnostic {
        generation: Generation,
        #[serde(flatten)]
        diagnostic: WireDiagnostic<'a>,
    },
    Log {
        function: &'a str,
        line: &'a str,
    },
}

#[derive(Serialize)]
struct WireDiagnostic<'a> {
    level: Level,
    message: &'a str,
    package: Option<&'a str>,
    location: Option<&'a Location>,
    rendered: String,
}

impl<'a> From<&'a Diagnostic> for WireDiagnostic<'a> {
    fn from(diagnostic: &'a Diagnostic) -> Self {
        Self {
            level: diagnostic.level,
            message: &diagnostic.message,
            package: diagnostic.package.as_deref(),
            location: diagnostic.location.as_ref(),
            rendered: output::plain(&diagnostic.rendered).into_owned(),
        }
    }
}

fn body(notice: &Notice) -> (&'static str, Body<'_>) {
    match notice {
        Notice::Ready { endpoint, outputs } => ("ready", Body::Ready { endpoint, outputs }),
        Notice::Stack { stack, resources, took_ms } => {
            ("stack", Body::Stack { stack, resources, took_ms: *took_ms })
        }
        Notice::Build { generation, reasons } => (
            "build",
            Body::Build {
                generation: *generation,
                functions: reasons.keys().map(String::as_str).collect(),
                reason: joined(reasons),
                reasons: reasons.iter().map(|(name, reason)| (name.as_str(), reason.to_string())).collect(),
            },
        ),
        Notice::Paused => ("paused", Body::Paused {}),
        Notice::Noted { functions } => ("noted", Body::Noted { functions }),
        Notice::Resumed { saves } => ("resumed", Body::Resumed { saves: *saves }),
        Notice::Cancelled { generation, functions } => {
            ("cancelled", Body::Cancelled { generation: *generation, functions })
        }
        Notice::BuildFailed { generation, functions, diagnostics, failure } => (
            "build_failed",
            Body::BuildFailed {
                generation: *generation,
                functions: functions.keys().map(String::as_str).collect(),
                serving: functions,
                message: output::plain(failure).into_owned(),
                diagnostics: diagnostics.iter().map(WireDiagnostic::from).collect(),
            },
        ),
        Notice::Swapped { generation, function, digest, warnings } => {
            ("swapped", Body::Swapped { generation: *generation, function, digest, warnings })
        }
        Notice::Live { generation, function, digest, phases } => (
            "live",
            Body::Live {
                generation: *generation,
                function,
                digest,
                phases_ms: phases,
                total_ms: phases.total(),
            },
        ),
        Notice::Unchanged { generation, function, digest } => {
            ("unchanged", Body::Unchanged { generation: *generation, function, digest })
        }
        Notice::Warning { problem } => ("warning", Body::Warning { problem }),
        Notice::Error { generation, function, serving, problem } => (
            "error",
            Body::Error {
                problem,
                generation: *generation,
                function: function.as_deref(),
                serving: serving.as_ref(),
            },
        ),
        Notice::Progress { generation, line } => {
            ("progress", Body::Progress { generation: *generation, line })
        }
        Notice::Diagnostic { generation, diagnostic } => {
            ("diagnostic", Body::Diagnostic { generation: *generation, diagnostic: diagnostic.into() })
        }
        Notice::Updated { stack, changes } => ("template", Body::Updated { stack, changes }),
        Notice::Added { function, url } => ("added", Body::Added { function, url }),
        Notice::Gone { function, removed, serving } => {
            ("gone", Body::Gone { function, removed: *removed, serving: serving.as_ref() })
        }
        Notice::RollbackPlanned { function, plan } => {
            ("rollback_planned", Body::RollbackPlanned { function, plan })
        }
        Notice::RolledBack(RolledBack { function, name, code, digest }) => {
            ("rolled_back", Body::RolledBack { function, name, code, digest })
        }
        Notice::NotRolledBack { function, problem } => {
            ("error", Body::Error { problem, generation: None, function: Some(function), serving: None })
        }
        Notice::Log { function, line } => ("log", Body::Log { function, line }),
        Notice::Reported { function, line } => ("report", Body::Log { function, line }),
    }
}

/// The different reasons, in the functions' order.
fn joined(reasons: &BTreeMap<String, Reason>) -> String {
    let mut texts: Vec<String> = Vec::new();
    for reason in reasons.values() {
        let text = reason.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.join("; ")
}
