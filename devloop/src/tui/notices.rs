//! Changes the screen by what happens in the session and in its cloud.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::engine::{Digest, FunctionState, Millis, Notice, Problem, RolledBack, State};
use crate::sink::{self, log_line};
use crate::status::{ApiCall, Function, Section, StatusReport, Tone, lines};
use crate::tui::screen::{Commit, Prompt, Question, Screen};
use crate::tui::styled;
use devloop_cloud::ReportLine;

/// The order of sections on the screen, where the end may be out of sight.
const SECTIONS: [Section; 7] = [
    Section::Problems,
    Section::Latency,
    Section::Mappings,
    Section::Stages,
    Section::Code,
    Section::Queues,
    // Last, because the cloud is named above all panes; this section only adds the number of API requests.
    Section::Cloud,
];

/// The sections of a report. One from the cloud's page has no API requests to show.
fn sections(report: &StatusReport) -> &'static [Section] {
    if report.calls.is_some() { &SECTIONS } else { &SECTIONS[..SECTIONS.len() - 1] }
}

/// What is known about the running pipeline.
#[derive(Debug, Default)]
pub(super) struct Figures {
    report: Option<StatusReport>,
    /// Requests per second, by function name in Lambda.
    rates: BTreeMap<String, f64>,
    /// Why the last question was not answered.
    problem: Option<Problem>,
}

impl Figures {
    /// The last answer.
    pub(super) fn report(&self) -> Option<&StatusReport> {
        self.report.as_ref()
    }

    /// The busiest Lambda function of the binary and its requests per second between the last two answers.
    pub(super) fn of(&self, binary: &str) -> Option<(&Function, Option<f64>)> {
        let of_binary = |function: &&Function| function.binary() == Some(binary);
        let function =
            self.report.as_ref()?.functions.iter().filter(of_binary).max_by_key(|it| it.invocations)?;
        Some((function, self.rates.get(&function.name).copied()))
    }
}

impl Screen {
    /// Takes an announcement; `state` is the engine's state after it.
    pub(super) fn tell(&mut self, at: Millis, notice: &Notice, state: &State) {
        match notice {
            Notice::Log { function, line } => {
                self.log_of_function(at, function, line);
                return;
            }
            Notice::Reported { function, line } => {
                self.add_report(function, line);
                return;
            }
            Notice::Progress { line, .. } => {
                self.progress = Some(line.trim().to_owned());
                return;
            }
            Notice::Diagnostic { generation, diagnostic } => {
                self.errors.diagnosed(*generation, diagnostic);
                return;
            }
            Notice::Ready { endpoint, outputs } => {
                self.endpoint.clone_from(endpoint);
                let of_url =
                    |url: String| self.calls.get(&url).cloned().unwrap_or_else(|| ApiCall::get(&url));
                self.api = api(outputs).map(of_url);
                self.takes_messages = outputs.contains_key(PIPELINE);
                self.is_elsewhere = outputs.contains_key(TARGET);
            }
            Notice::Added { function, url } => {
                self.log(at, Some(function), &format!("new function, at {url}"));
                return;
            }
            Notice::Stack { .. } => {
                // The resources themselves are in the session's log; here they would push the functions' lines out of sight.
                let told = sink::text(notice, state);
                self.log(at, None, told.lines().next().unwrap_or_default());
                return;
            }
            Notice::Build { .. } | Notice::Cancelled { .. } => self.progress = None,
            Notice::Warning { .. } | Notice::Paused | Notice::Noted { .. } | Notice::Resumed { .. } => {}
            Notice::Updated { .. } => {
                // A function that its template has no more has no errors either.
                for function in self.functions.keys().filter(|known| !state.functions.contains_key(*known)) {
                    self.errors.gone(function);
                }
            }
            Notice::Swapped { generation, function, .. } => {
                self.progress = None;
                self.errors.built(*generation, function);
            }
            Notice::BuildFailed { generation, functions, diagnostics, failure } => {
                self.progress = None;
                self.errors.build_failed(*generation, functions, diagnostics, failure);
            }
            Notice::Live { generation, function, phases, .. } => {
                self.errors.works(*generation, function);
                // The first build does not count as a save.
                if *generation > 1 {
                    self.saves.entry(function.clone()).or_default().add(phases.total());
                    self.all_saves.add(phases.total());
                    self.last_save = Some((function.clone(), *phases));
                }
            }
            Notice::Unchanged { generation, function, .. } => {
                self.progress = None;
                self.errors.works(*generation, function);
            }
            Notice::Gone { function, .. } => self.errors.gone(function),
            Notice::RollbackPlanned { function, plan } => {
                let plan = plan.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" · ");
                let question = Question { function: function.clone(), plan, typed: String::new() };
                self.prompt = Some(Prompt::Agree(question));
            }
            Notice::RolledBack(RolledBack { function, digest, .. }) => {
                self.errors.rolled_back(function, digest);
                self.remark = Some(format!("{function} runs {} again", digest.short()));
            }
            Notice::NotRolledBack { problem, .. } => self.remark = Some(problem.message.clone()),
            Notice::Error { function, serving, problem, .. } => {
                self.errors.failed(function.as_deref(), problem, serving.as_ref());
            }
        }
        self.functions.clone_from(&state.functions);
        self.paused = state.paused();
        self.log_event(at, notice, state);
    }

    /// The session's own events appear between the functions' lines, so that one sees which lines came before and after a save.
    fn log_event(&mut self, at: Millis, notice: &Notice, state: &State) {
        let strong = Style::new().add_modifier(Modifier::BOLD);
        let text = sink::text(notice, state);
        for line in styled::lines(text.trim_end()).into_iter().filter(|line| line.width() > 0) {
            self.push_log(at, None, line.patch_style(strong));
        }
    }

    fn log(&mut self, at: Millis, function: Option<&str>, text: &str) {
        for line in styled::lines(text) {
            self.push_log(at, function, line);
        }
    }

    /// Shows a function's own line; one in JSON in its form for people.
    fn log_of_function(&mut self, at: Millis, function: &str, text: &str) {
        let Some(line) = log_line(text) else { return self.log(at, Some(function), text) };
        let mut told = styled::lines(&line.text).into_iter();
        let level = Span::styled(format!("{:<5} ", line.level), level(&line.level));
        let first = [vec![level], told.next().unwrap_or_default().spans].concat();
        let raw = styled::lines(text).into_iter().next();
        let prefix = self.prefix(at, Some(function));
        self.logs.push_both(Some(function), prefix, Line::from(first), raw);
        told.for_each(|line| self.push_log(at, Some(function), line));
    }

    /// Adds Lambda's report of a request to the last line that names the request.
    fn add_report(&mut self, function: &str, line: &str) {
        if let Some(report) = ReportLine::parse(line) {
            let text = Span::styled(format!(" · {}", report.in_short()), Modifier::DIM);
            self.logs.add_to_last(function, &report.request_id, &text);
        }
    }

    fn push_log(&mut self, at: Millis, function: Option<&str>, line: Line<'static>) {
        let spans = line.spans.into_iter().map(|span| Span { style: line.style.patch(span.style), ..span });
        self.logs.push(function, self.prefix(at, function), spans.collect());
    }

    /// The prefix of a line of the logs.
    fn prefix(&self, at: Millis, function: Option<&str>) -> Vec<Span<'static>> {
        let widest = self.functions.keys().map(|name| name.chars().count()).max().unwrap_or_default();
        let name = function.unwrap_or("devloop");
        let style =
            if function.is_some() { Style::new().fg(Color::Cyan) } else { Style::new().fg(Color::Magenta) };
        vec![
            Span::styled(self.time(at) + " ", Modifier::DIM),
            Span::styled(format!("{name:widest$}  ", widest = widest.max(7)), style),
        ]
    }

    /// Shows an error of devloop itself that does not end the session.
    pub(super) fn tell_problem(&mut self, at: Millis, problem: &Problem) {
        self.log(at, None, &problem.message);
        self.errors.failed(None, problem, None);
    }

    /// Takes the commit that is checked out in the workspace. Returns whether it has changed.
    pub(super) fn stands_on(&mut self, commit: Option<Commit>) -> bool {
        let is_new = self.commit != commit;
        self.commit = commit;
        is_new
    }

    /// The time of day, to the millisecond.
    fn time(&self, at: Millis) -> String {
        Timestamp::from_millisecond(i64::try_from(at).unwrap_or_default()).map_or_else(
            |_| String::new(),
            |at| at.to_zoned(self.zone.clone()).strftime("%H:%M:%S%.3f").to_string(),
        )
    }

    /// Takes the pipeline's report. Returns whether anything on the screen changes.
    pub(super) fn learn(&mut self, answer: Result<StatusReport, Problem>) -> bool {
        match answer {
            Err(problem) => {
                let is_new = self.figures.problem.as_ref() != Some(&problem);
                if is_new {
                    self.figures.problem = Some(problem);
                    self.show_figures();
                }
                is_new
            }
            Ok(report) => {
                let before = self.figures.report.as_ref();
                let rates = before.map(|before| rates(before, &report)).unwrap_or_default();
                let is_new = self.figures.problem.take().is_some()
                    || rates != self.figures.rates
                    || before.is_none_or(|before| !same(before, &report));
                self.figures.rates = rates;
                self.figures.report = Some(report);
                if is_new {
                    self.show_figures();
                }
                is_new
            }
        }
    }

    fn show_figures(&mut self) {
        let mut shown = Vec::new();
        if let Some(problem) = &self.figures.problem {
            shown.push(Line::styled(problem.message.clone(), tone(Tone::Wrong)));
        }
        if let Some(report) = &self.figures.report {
            shown.extend(
                lines(report, sections(report))
                    .into_iter()
                    .map(|line| Line::styled(line.text, tone(line.tone))),
            );
        }
        self.show_status(shown);
    }
}

/// A log level's colour; the word is shown too.
fn level(level: &str) -> Style {
    match level {
        "ERROR" | "FATAL" => Style::new().fg(Color::Red),
        "WARN" | "WARNING" => Style::new().fg(Color::Yellow),
        "INFO" => Style::new().fg(Color::Green),
        _ => Style::new().add_modifier(Modifier::DIM),
    }
}

fn tone(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Heading => Style::new().add_modifier(Modifier::DIM),
        Tone::Wrong => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
    }
}

/// Whether two reports look the same; their times always differ and do not count.
fn same(before: &StatusReport, after: &StatusReport) -> bool {
    before.functions == after.functions
        && before.mappings == after.mappings
        && before.latency == after.latency
        && before.problems == after.problems
        && before.endpoint == after.endpoint
}

/// Requests per second between two reports.
fn rates(before: &StatusReport, after: &StatusReport) -> BTreeMap<String, f64> {
    let seconds = after.at.saturating_sub(before.at) as f64 / 1_000.0;
    let rate = |function: &Function| {
        let earlier = before.functions.iter().find(|earlier| earlier.name == function.name)?;
        let calls = function.invocations.saturating_sub(earlier.invocations);
        (seconds > 0.0).then(|| (function.name.clone(), calls as f64 / seconds))
    };
    after.functions.iter().filter_map(rate).collect()
}

/// The output of the pipeline's template that no other template has.
const PIPELINE: &str = "KinesisStreamName";

/// An output that devloop adds where the stack is not in its own cloud.
const TARGET: &str = "Target";

/// The pipeline's output with its API's URL.
const PIPELINE_API: &str = "ApiGatewayMethodEndpoint";

/// The API's URL among the templates' outputs: the pipeline's own output if there is one, otherwise a URL whose name contains
/// `api`, otherwise the first URL.
fn api(outputs: &BTreeMap<String, String>) -> Option<String> {
    let urls =
        || outputs.iter().filter(|(_, value)| value.starts_with("http://") || value.starts_with("https://"));
    let named = urls().find(|(name, _)| name.to_ascii_lowercase().contains("api"));
    outputs.get(PIPELINE_API).or_else(|| Some(named.or_else(|| urls().next())?.1)).cloned()
}

/// Since when the function's code answers.
pub(super) fn serving(state: &FunctionState) -> Option<(Digest, Millis)> {
    state.serving().code
}
