//! The screen as users see it: every pane in three sizes, and what keys do.

mod commands;
mod copies;
mod errors;
mod figures;
mod keys;
mod logs;
mod panes;
mod picture;
mod rollback;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;
use ratatui::style::Color;
use serde_json::json;

use crate::engine::{
    Diagnostic, Digest, Event, Fact, Failure, FunctionState, Level, Location, Notice, Phases, Problem,
    RolledBack, Serving, State, update,
};
use crate::graph::{Reason, Workspace};
use crate::status::{ApiCall, Hop, StatusReport, findings};
use crate::tui::keymap::Keymap;
use crate::tui::screen::{Commit, Order, Prompt, Request, Screen, Sent};
use crate::tui::theme::Theme;
use crate::tui::view;

const START: u64 = 1_700_000_000_000;
const FULL: Theme = Theme { colour: true, unicode: true };
const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (20, 6)];

fn digest(start: &str) -> Digest {
    Digest::new(start.repeat(64 / start.len()))
}

/// A session and the engine's state beside it.
struct Session {
    screen: Screen,
    state: State,
    at: u64,
}

impl Session {
    fn new() -> Self {
        let functions = ["downstream", "midstream", "upstream"].map(str::to_owned);
        let screen = Screen::new("watch", "http://127.0.0.1:4566", &functions, TimeZone::UTC);
        Self { screen, state: State::new(Workspace::default(), functions), at: START }
    }

    fn tell(&mut self, notice: &Notice) {
        self.at += 7;
        self.screen.tell(self.at, notice, &self.state);
    }

    fn becomes(&mut self, function: &str, state: FunctionState) {
        self.state.functions.insert(function.to_owned(), state);
    }

    fn log(&mut self, function: &str, line: &str) {
        self.tell(&Notice::Log { function: function.to_owned(), line: line.to_owned() });
    }

    fn live(&mut self, generation: u64, function: &str, digest: &Digest, cargo: u64) {
        self.becomes(function, FunctionState::Live { digest: digest.clone(), since: self.at });
        let phases = Phases { detect: 9, plan: 3, cargo, package: 41, swap: 2, reload: 74 };
        let (function, digest) = (function.to_owned(), digest.clone());
        self.tell(&Notice::Live { generation, function, digest, phases });
    }

    /// Keys with spaces between them.
    fn press(&mut self, keys: &str) -> Option<Request> {
        keys.split_whitespace().filter_map(|key| self.screen.press(key)).last()
    }

    fn draw(&mut self, (width, height): (u16, u16), theme: Theme) -> Terminal<TestBackend> {
        self.screen.resize(Size::new(width, height));
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view::draw(frame, &self.screen, START + 125_000, theme)).unwrap();
        terminal
    }

    fn text(&mut self, size: (u16, u16)) -> String {
        self.draw(size, FULL).backend().to_string()
    }

    /// The screen in every size, one after the other.
    fn texts(&mut self) -> String {
        SIZES.iter().fold(String::new(), |mut all, size| {
            let _ = writeln!(all, "{}x{}\n{}", size.0, size.1, self.text(*size));
            all
        })
    }
}

fn outputs() -> BTreeMap<String, String> {
    let url = "http://127.0.0.1:4566/restapis/a1b2c3/prod/_user_request_/".to_owned();
    [("ApiEndpoint4F160690".to_owned(), url), ("KinesisStreamName".to_owned(), "Events".to_owned())].into()
}

/// The path through the pipeline's first half.
fn way() -> Vec<Vec<Hop>> {
    let resource =
        |name: &str, service: &str| Hop::Resource { name: name.to_owned(), service: service.to_owned() };
    vec![vec![
        resource("API", "apigateway"),
        Hop::Function("upstream".to_owned()),
        resource("Kinesis", "kinesis"),
        Hop::Function("midstream".to_owned()),
    ]]
}

/// A session that is built and live, with a first save, and the figures of some requests.
fn running() -> Session {
    logging(&[
        (
            "upstream",
            "\u{1b}[2m2023-11-14T22:13:20Z\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m accepted event=1 message=\"Hello World\"",
        ),
        ("midstream", "stored 1 of 1 records, 日本語 and emoji 🦀 pass through unharmed"),
    ])
}

/// A running session with these log lines, each with its function.
fn logging(lines: &[(&str, &str)]) -> Session {
    let mut session = Session::new();
    session.screen.event_paths = way();
    session.tell(&Notice::Ready { endpoint: "http://127.0.0.1:4566".to_owned(), outputs: outputs() });
    let reasons = session.state.functions.keys().map(|name| (name.clone(), Reason::FirstBuild)).collect();
    session.tell(&Notice::Build { generation: 1, reasons });
    for (function, start) in [("downstream", "33ab"), ("midstream", "5d0e"), ("upstream", "91c2")] {
        session.live(1, function, &digest(start), 28_000);
    }
    for (function, line) in lines {
        session.log(function, line);
    }
    let reasons = [("upstream".to_owned(), Reason::Own("src/lib.rs".into()))].into();
    session.tell(&Notice::Build { generation: 2, reasons });
    session.live(2, "upstream", &digest("beef"), 1_710);
    assert!(session.screen.learn(Ok(report(START, 100.0))));
    assert!(session.screen.learn(Ok(report(START + 1_000, 248.0))));
    session
}

fn report(at: u64, calls: f64) -> StatusReport {
    let function = |binary: &str, start: &str, p99: f64| {
        let digest = digest(start).to_string();
        json!({
            "name": format!("Stack-{binary}"), "folder": format!("/dist/{binary}"), "hot_reload": true,
            "on_disk_digest": digest, "deployed_digest": digest, "answering_digest": digest,
            "environments": { "idle": 1, "busy": 1 }, "invocations": calls,
            "duration_ms": { "count": calls, "p50": 2.5, "p95": 6.0, "p99": p99 },
        })
    };
    let mapping = |function: &str, source: &str| json!({ "function": format!("Stack-{function}"), "source": source, "state": "Enabled", "last_result": "OK" });
    let functions = [
        function("upstream", "beef", 18.7),
        function("midstream", "5d0e", 6.2),
        function("downstream", "33ab", 19.0),
    ];
    let mut report: StatusReport = serde_json::from_value(json!({
        "endpoint": "http://127.0.0.1:4566", "at": at, "functions": functions,
        "mappings": [
            mapping("midstream", "arn:aws:kinesis:us-east-1:000000000000:stream/Events"),
            mapping("downstream", "arn:aws:dynamodb:us-east-1:000000000000:table/Items/stream/2026"),
        ],
        "latency": { "window_ms": 300_000, "count": calls, "p50": 11.0, "p95": 29.0, "p99": 310.0 },
    }))
    .unwrap();
    report.problems = findings(&report);
    report
}

/// A save of midstream that does not compile.
fn broken() -> Session {
    let mut session = running();
    let diagnostic = Diagnostic {
        level: Level::Error,
        message: "mismatched types".to_owned(),
        rendered: "\u{1b}[1m\u{1b}[91merror[E0308]\u{1b}[0m\u{1b}[1m: mismatched types\u{1b}[0m\n \
                   \u{1b}[94m-->\u{1b}[0m functions/pipeline/midstream/src/lib.rs:42:17\n   \u{1b}[94m|\u{1b}[0m\n\
                   42 \u{1b}[94m|\u{1b}[0m     let count: u64 = \"many\";\n   \u{1b}[94m|\u{1b}[0m                ---   \
                   \u{1b}[91m^^^^^^\u{1b}[0m expected `u64`, found `&str`\n"
            .to_owned(),
        location: Some(Location { file: PathBuf::from("src/lib.rs"), line: 42, column: 17 }),
        package: Some("midstream".to_owned()),
    };
    let reasons = [("midstream".to_owned(), Reason::Own("src/lib.rs".into()))].into();
    session.tell(&Notice::Build { generation: 3, reasons });
    session.tell(&Notice::Diagnostic { generation: 3, diagnostic: diagnostic.clone() });
    let serving = Serving { code: Some((digest("5d0e"), START)), in_place: true };
    session.becomes("midstream", FunctionState::Failed { generation: 3, failure: Failure::Build, serving });
    session.tell(&Notice::BuildFailed {
        generation: 3,
        functions: [("midstream".to_owned(), Some(digest("5d0e")))].into(),
        diagnostics: vec![diagnostic],
        failure: "error: could not compile `midstream`".to_owned(),
    });
    session
}

/// Presses the keys in a running session and looks for the texts on the screen.
fn check(keys: &str, shown: &[&str], hidden: &[&str]) {
    let mut session = running();
    session.text((80, 24));
    session.press(keys);
    let text = session.text((80, 24));
    for wanted in shown {
        assert!(text.contains(wanted), "{keys}: no {wanted}\n{text}");
    }
    for unwanted in hidden {
        assert!(!text.contains(unwanted), "{keys}: {unwanted}\n{text}");
    }
}
