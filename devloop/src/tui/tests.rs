//! The screen as users see it: every pane in three sizes, and what keys do.

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
    Serving, State, update,
};
use crate::graph::{Reason, Workspace};
use crate::status::{Report, findings};
use crate::tui::keymap::Keymap;
use crate::tui::location::Place;
use crate::tui::route::Hop;
use crate::tui::screen::{Commit, Order, Prompt, Request, Screen};
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

/// The pipeline's first half.
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

/// Built and live, with a first save, and the figures of some requests.
fn running() -> Session {
    let mut session = Session::new();
    session.screen.routes = way();
    session.tell(&Notice::Ready { endpoint: "http://127.0.0.1:4566".to_owned(), outputs: outputs() });
    let reasons = session.state.functions.keys().map(|name| (name.clone(), Reason::FirstBuild)).collect();
    session.tell(&Notice::Build { generation: 1, reasons });
    for (function, start) in [("downstream", "33ab"), ("midstream", "5d0e"), ("upstream", "91c2")] {
        session.live(1, function, &digest(start), 28_000);
    }
    session.log("upstream", "\u{1b}[2m2023-11-14T22:13:20Z\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m accepted event=1 message=\"Hello World\"");
    session.log("midstream", "stored 1 of 1 records, 日本語 and emoji 🦀 pass through unharmed");
    let reasons = [("upstream".to_owned(), Reason::Own("src/lib.rs".into()))].into();
    session.tell(&Notice::Build { generation: 2, reasons });
    session.live(2, "upstream", &digest("beef"), 1_710);
    assert!(session.screen.learn(Ok(report(START, 100.0))));
    assert!(session.screen.learn(Ok(report(START + 1_000, 248.0))));
    session
}

fn report(at: u64, calls: f64) -> Report {
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
    let mut report: Report = serde_json::from_value(json!({
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

#[test]
fn a_session_that_begins() {
    let mut session = Session::new();
    session.tell(&Notice::Progress { generation: 1, line: "   Compiling serde v1.0.229\n".to_owned() });
    insta::assert_snapshot!(session.texts());
}

#[test]
fn a_running_pipeline() {
    insta::assert_snapshot!(running().texts());
}

#[test]
fn a_broken_build() {
    let mut session = broken();
    insta::assert_snapshot!(session.texts());
    session.press("2");
    insta::assert_snapshot!("a_broken_build_alone", session.text((20, 6)));
}

#[test]
fn the_functions_alone() {
    let mut session = broken();
    session.press("1 e j");
    insta::assert_snapshot!(session.texts());
}

#[test]
fn the_figures_alone() {
    let mut session = running();
    session.press("3 e");
    insta::assert_snapshot!(session.texts());
}

#[test]
fn the_help_page() {
    let mut session = running();
    session.press("?");
    insta::assert_snapshot!(session.texts());
    session.press("esc");
    assert!(session.screen.help().is_none());
}

#[test]
fn the_logs_searched_and_wrapped() {
    let mut session = running();
    session.press("4 e w / s t o r e");
    insta::assert_snapshot!("the_logs_while_typing", session.text((80, 24)));
    session.press("enter f");
    session.log("upstream", "missed");
    insta::assert_snapshot!(session.texts());
}

#[test]
fn a_terminal_without_colours_and_beyond_ascii() {
    let mut session = broken();
    let terminal = session.draw((80, 24), Theme { colour: false, unicode: false });
    assert!(
        terminal
            .backend()
            .buffer()
            .content
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
    let text = terminal.backend().to_string();
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn colours_are_used_where_they_may_be() {
    let terminal = broken().draw((80, 24), FULL);
    let colours: Vec<Color> = terminal.backend().buffer().content.iter().map(|cell| cell.fg).collect();
    for colour in [Color::Red, Color::Green, Color::Indexed(9)] {
        assert!(colours.contains(&colour), "{colour}");
    }
}

#[test]
fn every_size_can_be_drawn_in_every_state() {
    let mut session = broken();
    for keys in
        ["", "1", "e", "2", "j k", "w", "/ x", "enter ?", "G", "?", "3", "4 f", "o", "k k", ": x", "enter"]
    {
        session.press(keys);
        for width in [0, 1, 2, 3, 7, 19, 39, 41, 79] {
            for height in [0, 1, 2, 3, 5, 11, 13, 16, 24] {
                session.draw((width, height), FULL);
            }
        }
    }
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

#[test]
fn keys_go_from_pane_to_pane() {
    check("", &["▸4 logs", " 1 functions"], &["▸1"]);
    check("tab", &["▸1 functions"], &["▸4"]);
    check("tab tab", &["▸2 errors"], &[]);
    check("shift-tab", &["▸3 status"], &[]);
    check("2", &["▸2 errors"], &[]);
    check("1 e", &["▸1 functions"], &["4 logs"]);
    check("1 e esc", &["▸1 functions", "4 logs"], &[]);
    check("9 x", &["▸4 logs"], &[]);
}

#[test]
fn logs_are_filtered_by_function() {
    check("o", &["only downstream"], &["accepted event", "stored 1"]);
    check("o o", &["only midstream", "stored 1"], &["accepted event"]);
    check("o o o o", &["accepted event", "stored 1"], &["· only"]);
    check("1 j enter", &["only midstream", "stored 1"], &["accepted event"]);
    check("1 j enter enter", &["accepted event", "stored 1"], &["· only"]);
    check("1 G o esc", &["accepted event"], &["· only"]);
}

#[test]
fn a_search_is_typed_confirmed_and_left() {
    check("/ l i v e", &["/live▏", "/live 2/4"], &[]);
    check("/ L i v e enter", &["/Live 0/0"], &["▏"]);
    check("/ l i v e enter n", &["/live 3/4"], &[]);
    check("/ l i v e enter N", &["/live 1/4"], &[]);
    check("/ l i v x backspace e enter", &["/live 2/4"], &[]);
    check("/ z q enter", &["/zq 0/0"], &[]);
    check("/ l i v e esc", &[], &["/live"]);
    check("/ l i v e enter esc", &[], &["/live"]);
    check("1 / u p", &["▸1 functions", "/up▏", "▸upstream"], &[]);
    check("1 / S t r e a m enter n n n", &["▸downstream"], &[]);
    check("1 / s t r e a m enter N", &["▸upstream"], &[]);
    check("4 / ! l i v e enter", &["/!live 5/7"], &[]);
    check("3 / s t a g e", &["▸3 status", "/stage 1/1"], &[]);
}

#[test]
fn frozen_logs_count_what_they_miss() {
    let mut session = running();
    session.text((80, 24));
    session.press("f");
    session.log("upstream", "one more");
    session.log("upstream", "and another");
    let text = session.text((80, 24));
    assert!(text.contains("frozen, 2 missed") && !text.contains("one more"), "{text}");
    session.press("esc");
    let text = session.text((80, 24));
    assert!(text.contains("and another") && !text.contains("frozen"), "{text}");
}

#[test]
fn escape_never_quits() {
    let mut session = running();
    assert_eq!(session.press("esc esc esc esc esc"), None);
    assert_eq!(session.press("q"), Some(Request::Quit));
    assert_eq!(session.press("ctrl-c"), Some(Request::Quit));
    assert_eq!(session.press("/ q"), None);
    assert_eq!(session.press("ctrl-c"), Some(Request::Quit));
}

#[test]
fn a_call_of_the_api_is_copied() {
    let call = r#"curl -d '{"id":"'$RANDOM'","message":"Hello World","timestamp":'$(date +%s)'}' http://127.0.0.1:4566/restapis/a1b2c3/prod/_user_request_/"#;
    assert_eq!(running().press("u"), Some(Request::Copy(call.to_owned())));
    check("u", &["copied"], &["? help"]);
    check("u j", &["? help"], &["copied"]);
    assert_eq!(Session::new().press("u"), None);
}

/// What the keys copy.
fn copied(session: &mut Session, keys: &str) -> String {
    session.text((80, 24));
    match session.press(keys) {
        Some(Request::Copy(text)) => text,
        other => panic!("{keys}: {other:?}"),
    }
}

#[test]
fn what_is_marked_is_copied_as_text_and_as_json() {
    let mut session = broken();
    assert_eq!(copied(&mut session, "1 j c"), format!("midstream failed {}", digest("5d0e")));
    let json: serde_json::Value = serde_json::from_str(&copied(&mut session, "1 g G y")).unwrap();
    assert_eq!((&json["function"], &json["state"]), (&json!("upstream"), &json!("live")));
    assert_eq!(json["save_to_live_ms"], json!({ "last": 1839, "p50": 1839, "p95": 1839 }));
    let error = copied(&mut session, "2 c");
    assert!(
        error.starts_with("error[E0308]: mismatched types\n -->") && !error.contains('\u{1b}'),
        "{error}"
    );
    let json: serde_json::Value = serde_json::from_str(&copied(&mut session, "2 y")).unwrap();
    assert_eq!((&json["level"], &json["location"]["line"]), (&json!("error"), &json!(42)));
    let report: serde_json::Value = serde_json::from_str(&copied(&mut session, "3 y")).unwrap();
    assert_eq!(report["functions"][0]["name"], "Stack-upstream");
    session.log("upstream", "\u{1b}[32mthe last line\u{1b}[0m");
    assert_eq!(copied(&mut session, "4 c"), "the last line");
    let json: serde_json::Value = serde_json::from_str(&copied(&mut session, "4 y")).unwrap();
    assert_eq!(json, json!({ "function": "upstream", "line": "the last line" }));
    assert_eq!(Session::new().press("4 c"), None);
}

#[test]
fn enter_opens_the_editor_where_the_error_is() {
    let place = |file: &str, line, column| Some(Request::Edit(Place { file: file.into(), line, column }));
    let mut session = broken();
    session.text((80, 24));
    assert_eq!(session.press("2 enter"), place("src/lib.rs", 42, 17));
    session.log("upstream", "thread 'main' panicked at functions/up/src/main.rs:7:3:");
    assert_eq!(session.press("4 enter"), place("functions/up/src/main.rs", 7, 3));
    session.log("upstream", "nothing to open");
    assert_eq!(session.press("4 enter"), None);
    assert!(session.text((80, 24)).contains("names neither a place"));
    assert_eq!(session.press("3 enter"), None);
    let mut session = running();
    session.text((80, 24));
    assert_eq!(session.press("2 enter"), None);
    assert!(session.text((80, 24)).contains("there is no error to open"));
}

#[test]
fn one_request_is_followed_through_all_stages() {
    let mut session = running();
    for (function, id) in [("upstream", "c6af9ac6"), ("midstream", "11111111"), ("downstream", "c6af9ac6")] {
        session.log(
            function,
            &format!(r#"{{"did":"{function}","request_id":"own-{function}","requestId":"{id}"}}"#),
        );
    }
    session.text((80, 24));
    session.press("4 enter");
    let text = session.text((80, 24));
    assert!(text.contains("about c6af9ac6"), "{text}");
    assert!(text.contains(r#"did":"upstream"#) && text.contains(r#"did":"downstream"#), "{text}");
    assert!(!text.contains(r#"did":"midstream"#), "{text}");
    session.press("esc");
    assert!(session.text((80, 24)).contains(r#"did":"midstream"#));
}

#[test]
fn a_session_is_paused_and_tells_what_it_noted() {
    let mut session = running();
    assert_eq!(session.press("p"), Some(Request::Order(Order::Pause)));
    for fact in [Fact::Pause, Fact::Resume] {
        let _ = update(&mut session.state, Event { at: START, fact });
        session.tell(&if session.state.paused().is_some() {
            Notice::Paused
        } else {
            Notice::Resumed { saves: 0 }
        });
        let paused = session.state.paused().is_some();
        assert_eq!(session.text((80, 24)).contains("PAUSED, 0 saves noted"), paused);
        let order = if paused { Order::Resume } else { Order::Pause };
        assert_eq!(session.press("p"), Some(Request::Order(order)));
    }
    assert_eq!(session.press("f5"), Some(Request::Order(Order::Rerun)));
    session.screen.command = "up".to_owned();
    assert_eq!(session.press("p"), None);
    assert!(session.text((80, 24)).contains("saves are not followed here"));
}

#[test]
fn messages_are_posted_to_the_api() {
    let url = outputs()["ApiEndpoint4F160690"].clone();
    let order = |body: Option<&str>| {
        Some(Request::Order(Order::Send { url: url.clone(), body: body.map(str::to_owned) }))
    };
    let mut session = running();
    assert_eq!(session.press("r"), order(None));
    session.press(":");
    session.screen.paste(r#"send {"id": "7"}"#);
    assert_eq!(session.press("enter"), order(Some(r#"{"id": "7"}"#)));
    assert_eq!(session.press("r"), order(Some(r#"{"id": "7"}"#)));
    assert_eq!(Session::new().press("r"), None);
}

#[test]
fn commands_are_the_names_of_actions() {
    check(": p a u", &[":pau▏"], &[]);
    check(": n o n s e n s e enter", &["there is no command `nonsense`; these are all", "▸help"], &[]);
    check(": w r a p backspace p enter", &["? help"], &[":wrap"]);
    check(": h e l p enter", &["▸help"], &[]);
    check(": x esc", &["? help"], &[":x"]);
    let mut session = running();
    assert_eq!(session.press(": q u i t enter"), Some(Request::Quit));
    assert_eq!(session.press(": r e r u n enter"), Some(Request::Order(Order::Rerun)));
    session.press(":");
    session.screen.paste("quit now");
    assert_eq!(session.press("enter"), None);
    assert!(session.text((80, 24)).contains("`quit` takes nothing, and `now` was given"));
}

#[test]
fn times_are_shown_or_not_and_logs_are_emptied() {
    check("", &["22:13:20"], &[]);
    check("t", &["accepted event"], &["22:13:20."]);
    check("t t", &["22:13:20"], &[]);
    check("ctrl-k", &["4 logs"], &["accepted event", "22:13:20"]);
}

#[test]
fn keys_are_what_the_settings_say() {
    let mut session = running();
    let keys = [("quit".to_owned(), vec!["x".to_owned()]), ("search".to_owned(), vec![])];
    session.screen.keymap = Keymap::new(&keys.into()).unwrap();
    assert_eq!((session.press("q"), session.press("x")), (None, Some(Request::Quit)));
    let text = session.text((80, 24));
    assert!(text.contains("x quit") && !text.contains("search"), "{text}");
    session.press("?");
    assert!(session.text((120, 40)).contains(" x          quit "), "{}", session.text((120, 40)));
}

#[test]
fn the_mouse_selects_and_scrolls_what_lies_under_it() {
    let mut session = running();
    (0..40).for_each(|number| session.log("upstream", &format!("line {number}")));
    let text = session.text((80, 24));
    let row = |text: &str, wanted: &str| text.lines().position(|line| line.contains(wanted)).unwrap() as u16;
    session.screen.click(5, row(&text, " midstream  ●"));
    assert!(session.text((80, 24)).contains("▸midstream"));
    session.screen.wheel(5, row(&text, "4 logs") + 1, false);
    assert!(session.text((80, 24)).contains("4 logs · 3 below"), "the wheel needs no focus");
    let text = session.text((80, 24));
    assert!(text.contains("▸1 functions"));
    session.screen.click(30, row(&text, "line 36"));
    assert!(session.text((80, 24)).contains("▸4 logs"));
    assert_eq!(session.press("c"), Some(Request::Copy("line 36".to_owned())));
    assert!(matches!(session.screen.click(3, row(&text, "curl")), Some(Request::Copy(_))));
    assert_eq!(session.press("m"), Some(Request::Mouse(true)));
    assert_eq!(session.press("m"), Some(Request::Mouse(false)));
    session.screen.click(500, 500);
    session.screen.wheel(500, 500, true);
}

#[test]
fn the_pipeline_is_drawn_with_throughput_and_lag() {
    let mut session = running();
    session.screen.routes = way();
    session.screen.stands_on(Some(Commit { short: "7f3a1c9".to_owned(), dirty: true }));
    let mut behind = report(START + 2_000, 396.0);
    behind.mappings[0].lag_records = 1_200;
    behind.mappings[0].oldest_unprocessed_ms = Some(240);
    assert!(session.screen.learn(Ok(behind)));
    let text = session.text((120, 40));
    let way =
        "API ▸ upstream 148/s ▸ Kinesis (1,200 behind, 240 ms) ▸ midstream 148/s   end-to-end p99 310 ms";
    assert!(text.contains(way), "{text}");
    assert!(text.contains("· commit 7f3a1c9*"), "{text}");
    let phases =
        "upstream save→live 1.84 s · detect 9 · plan 3 · cargo 1,710 · package 41 · swap 2 · reload 74";
    assert!(text.contains(phases), "{text}");
}

#[test]
fn every_function_has_a_history_of_its_saves() {
    let mut session = running();
    for (generation, cargo) in [(3, 600), (4, 2_000), (5, 1_000)] {
        session.live(generation, "midstream", &digest("5d0e"), cargo);
    }
    let text = session.text((140, 40));
    assert!(text.contains("save→live 1.1 s  p50 1.1 s  p95 2.1 s  ▄█▅"), "{text}");
}

#[test]
fn pasted_text_is_only_typed_into_a_search() {
    let mut session = running();
    session.screen.paste("qqq");
    session.press("/");
    session.screen.paste("stored\nq");
    assert_eq!(session.screen.prompt(), Some(&Prompt::Search("stored".to_owned())));
}

#[test]
fn errors_go_when_the_code_works_again() {
    let mut session = broken();
    assert!(!session.screen.errors().is_empty());
    session.live(4, "midstream", &digest("f00d"), 1_500);
    assert!(session.screen.errors().is_empty());
    assert!(session.text((80, 24)).contains("errors · none"));
}

#[test]
fn code_that_does_not_come_up_is_named_with_its_last_words() {
    let mut session = running();
    let problem =
        Problem::new("activation_failed", "start the new code: exit status 101\n  panicked at lib.rs:3");
    let serving = Serving { code: Some((digest("beef"), START)), in_place: false };
    let failure = Failure::Activation(problem.clone());
    session.becomes("upstream", FunctionState::Failed { generation: 3, failure, serving });
    session.tell(&Notice::Error {
        generation: Some(3),
        function: Some("upstream".to_owned()),
        serving: Some(digest("beef")),
        problem,
    });
    insta::assert_snapshot!(session.text((80, 24)));
}

#[test]
fn a_build_that_succeeds_takes_the_compilers_errors_away_even_if_its_code_does_not_come_up() {
    let mut session = broken();
    let function = || "midstream".to_owned();
    session.tell(&Notice::Swapped {
        generation: 4,
        function: function(),
        digest: digest("f00d"),
        warnings: vec![],
    });
    session.tell(&Notice::Error {
        generation: Some(4),
        function: Some(function()),
        serving: Some(digest("5d0e")),
        problem: Problem::new("activation_failed", "it panicked"),
    });
    let text = session.text((80, 24));
    assert!(text.contains("midstream did not change") && text.contains("it panicked"), "{text}");
    assert!(!text.contains("E0308") && !text.contains("was not built"), "{text}");
}

#[test]
fn warnings_of_a_build_that_succeeds_open_no_pane() {
    let mut session = running();
    let diagnostic = Diagnostic {
        level: Level::Warning,
        message: "unused variable".to_owned(),
        rendered: "warning: unused variable\n".to_owned(),
        location: None,
        package: None,
    };
    session.tell(&Notice::Diagnostic { generation: 3, diagnostic });
    session.live(3, "upstream", &digest("f00d"), 900);
    let text = session.text((80, 24));
    assert!(text.contains("errors · 1 warning") && !text.contains("unused"), "{text}");
    session.live(4, "upstream", &digest("beef"), 900);
    assert!(session.text((80, 24)).contains("errors · none"));
}

#[test]
fn only_news_is_drawn() {
    let mut session = running();
    assert!(session.screen.learn(Ok(report(START + 2_000, 248.0))), "the rate falls to nothing");
    assert!(!session.screen.learn(Ok(report(START + 3_000, 248.0))));
    let problem = || Problem::new("cloud_unreachable", "ask the cloud: connection refused");
    assert!(session.screen.learn(Err(problem())));
    assert!(!session.screen.learn(Err(problem())));
    assert!(session.text((80, 24)).contains("connection refused"));
    assert!(session.screen.learn(Ok(report(START + 4_000, 248.0))));
}

#[test]
fn ages_are_drawn_again_when_they_change() {
    let mut session = running();
    let since = START + 100_000;
    session.becomes("upstream", FunctionState::Live { digest: digest("beef"), since });
    session.log("upstream", "no change of state");
    let notice = Notice::Unchanged { generation: 3, function: "upstream".to_owned(), digest: digest("beef") };
    session.tell(&notice);
    assert_eq!(view::next_change(&session.screen, since + 300), Some(700));
    assert_eq!(view::next_change(&Session::new().screen, START), None);
}
