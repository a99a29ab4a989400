//! Lines for people, where there is no terminal to draw on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use crate::engine::{Digest, Level, Millis, Notice, Problem, RolledBack, State};
use crate::graph::Reason;
use crate::output;
use crate::sink::{Sink, log_line};
use devloop_cloud::ReportLine;

/// How many bytes are buffered at most: two system calls for each line took a tenth of devloop's time under load.
const AT_ONCE: usize = 64 << 10;

/// Writes one or more lines for each notice.
#[derive(Debug)]
pub(crate) struct Plain<W: Write> {
    output: BufWriter<W>,
    colour: bool,
    unicode: bool,
    /// Follows the outputs when the session is ready.
    remark: Option<&'static str>,
}

impl<W: Write> Plain<W> {
    /// Writes to the output. Without `colour` the compiler's messages lose their colours; without `unicode` devloop's own signs are
    /// replaced by ASCII.
    pub(crate) fn new(output: W, colour: bool, unicode: bool) -> Self {
        Self { output: BufWriter::with_capacity(AT_ONCE, output), colour, unicode, remark: None }
    }

    /// Adds a line about the target to those that say that the session is ready.
    pub(crate) fn with_remark(self, remark: Option<&'static str>) -> Self {
        Self { remark, ..self }
    }
}

impl<W: Write + Send> Sink for Plain<W> {
    fn tell(&mut self, _at: Millis, notice: &Notice, state: &State) -> io::Result<()> {
        let text = text(notice, state);
        let text = if self.colour { output::coloured(&text) } else { output::plain(&text).into_owned() };
        let own = !matches!(notice, Notice::Log { .. } | Notice::Reported { .. } | Notice::Diagnostic { .. });
        let text = if own && !self.unicode { text.replace('→', "->").replace(" · ", ", ") } else { text };
        self.output.write_all(text.as_bytes())?;
        match self.remark {
            Some(remark) if matches!(notice, Notice::Ready { .. }) => {
                writeln!(self.output, "           {remark}")
            }
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// The notice's lines, each with its line end. Only the compiler's and the functions' own text has colours.
pub(crate) fn text(notice: &Notice, state: &State) -> String {
    match notice {
        Notice::Ready { endpoint, outputs } => {
            let mut text = format!("ready      {endpoint}\n");
            for (name, value) in outputs {
                let _ = writeln!(text, "           {name} = {value}");
            }
            text
        }
        Notice::Stack { stack, resources, took_ms } => {
            let first = format!("template   {stack}: {} in {took_ms} ms", count(resources.len(), "resource"));
            lines(std::iter::once(first).chain(resources.iter().map(|one| format!("           {one}"))))
        }
        Notice::Build { generation, reasons } => build(*generation, reasons),
        Notice::Paused => "paused     saves are noted and not built\n".to_owned(),
        Notice::Noted { functions } => {
            format!("noted      {}: not built while paused\n", functions.join(", "))
        }
        Notice::Resumed { saves } => format!("resumed    {saves} noted\n"),
        Notice::Cancelled { generation, .. } => format!("cancelled  build {generation}: a newer save\n"),
        // The first build would be long and silent otherwise; of later builds only the result is shown.
        Notice::Progress { generation: 1, line } => format!("           {line}\n"),
        Notice::Diagnostic { diagnostic, .. } if diagnostic.level == Level::Error => {
            format!("{}\n", diagnostic.rendered.trim_end())
        }
        Notice::Progress { .. } | Notice::Diagnostic { .. } => String::new(),
        Notice::BuildFailed { generation, functions, diagnostics, failure } => {
            let shown = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
            let mut text = if shown { String::new() } else { format!("{}\n", failure.trim_end()) };
            for (function, serving) in functions {
                let _ =
                    writeln!(text, "failed     {function}, build {generation}; {}", still(serving.as_ref()));
            }
            text
        }
        Notice::Swapped { function, warnings, .. } => {
            lines(warnings.iter().map(|warning| format!("warning    {function} {warning}")))
        }
        Notice::Live { function, digest, phases, .. } => {
            let open = state.functions.values().filter(|current| current.is_on_its_way()).count();
            let rest = if open == 0 { String::new() } else { format!(" ({open} to come)") };
            format!("live       {function} {} · {phases}{rest}\n", digest.short())
        }
        Notice::Unchanged { function, digest, .. } => format!("unchanged  {function} {}\n", digest.short()),
        Notice::Updated { stack, changes } => updated(stack, changes),
        Notice::Added { function, url } => format!("added      {function} = {url}\n"),
        Notice::Gone { function, removed, serving } => gone(function, *removed, serving.as_ref()),
        Notice::RollbackPlanned { function, plan } => {
            let plan: Vec<&str> = plan.iter().map(|line| line.trim()).collect();
            format!("rollback   {function}, if you agree: {}\n", plan.join("; "))
        }
        Notice::RolledBack(RolledBack { function, digest, .. }) => {
            format!(
                "rollback   {function} {} answers again; the next save goes live as usual\n",
                digest.short()
            )
        }
        Notice::NotRolledBack { problem, .. } => error(None, None, problem),
        Notice::Log { function, line } => match log_line(line) {
            Some(line) => format!("{function} | {line}\n"),
            None => format!("{function} | {line}\n"),
        },
        Notice::Reported { function, line } => ReportLine::parse(line).map_or_else(String::new, |report| {
            format!("{function} | request {} {}\n", report.request_id, report.in_short())
        }),
        Notice::Warning { problem } => with_hint(format!("warning    {}\n", problem.message), problem),
        Notice::Error { function, serving, problem, .. } => {
            error(function.as_deref(), serving.as_ref(), problem)
        }
    }
}

/// What a changed template has changed.
fn updated(stack: &str, changes: &[String]) -> String {
    if changes.is_empty() {
        return format!("template   {stack}: nothing to change\n");
    }
    let first = format!("template   {stack}: {} changed", count(changes.len(), "resource"));
    lines(std::iter::once(first).chain(changes.iter().map(|change| format!("           {change}"))))
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Functions with the same reason share a line.
fn build(generation: u64, reasons: &BTreeMap<String, Reason>) -> String {
    let mut by_reason: BTreeMap<&Reason, Vec<&str>> = BTreeMap::new();
    for (function, reason) in reasons {
        by_reason.entry(reason).or_default().push(function);
    }
    lines(
        by_reason
            .iter()
            .map(|(reason, functions)| format!("build {generation:<4} {}: {reason}", functions.join(", "))),
    )
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

fn error(function: Option<&str>, serving: Option<&Digest>, problem: &Problem) -> String {
    let text = match function {
        Some(function) => format!("error      {function}: {}; {}\n", problem.message, still(serving)),
        None => format!("error      {}\n", problem.message),
    };
    with_hint(text, problem)
}

fn with_hint(mut text: String, problem: &Problem) -> String {
    if let Some(hint) = &problem.hint {
        let _ = writeln!(text, "hint       {hint}");
    }
    text
}

fn gone(function: &str, removed: bool, serving: Option<&Digest>) -> String {
    let rest = match (removed, serving) {
        (true, _) => "removed from the cloud".to_owned(),
        (false, None) => "no code of it was live in this session".to_owned(),
        (false, Some(digest)) => {
            format!("{} goes on answering: the stack has the function, and keeps it", digest.short())
        }
    };
    format!("gone       {function} is no longer in the workspace; {rest}\n")
}

fn still(serving: Option<&Digest>) -> String {
    match serving {
        Some(digest) => format!("{} still serves", digest.short()),
        None => "nothing serves yet".to_owned(),
    }
}
