//! One session's notices, as each sink shows them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::engine::{Diagnostic, Digest, Level, Location, Notice, Phases, Problem, RolledBack, State};
use crate::graph::{Reason, Workspace};
use crate::sink::{Json, LogFile, Plain, Sink};

/// An output that can be read while a sink holds it.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn digest(start: &str) -> Digest {
    Digest::new(format!("{start}{}", "0".repeat(60)))
}

fn session() -> Vec<Notice> {
    let shared = Reason::PathDependency { package: "pipeline-model".to_owned(), path: "src/lib.rs".into() };
    let diagnostic = Diagnostic {
        level: Level::Error,
        message: "mismatched types".to_owned(),
        rendered: "\u{1b}[1m\u{1b}[91merror[E0308]\u{1b}[0m: mismatched types\n --> src/lib.rs:2:17\n"
            .to_owned(),
        location: Some(Location { file: PathBuf::from("src/lib.rs"), line: 2, column: 17 }),
        package: Some("midstream".to_owned()),
    };
    let upstream = || "upstream".to_owned();
    vec![
        Notice::Ready {
            endpoint: "http://127.0.0.1:4566".to_owned(),
            outputs: [("ApiEndpoint".to_owned(), "http://127.0.0.1:4566/prod/".to_owned())].into(),
        },
        Notice::Build { generation: 1, reasons: [(upstream(), Reason::FirstBuild)].into() },
        Notice::Progress { generation: 1, line: "Compiling upstream v0.1.0".to_owned() },
        Notice::Swapped { generation: 1, function: upstream(), digest: digest("91c2"), warnings: vec![] },
        Notice::Live {
            generation: 1,
            function: upstream(),
            digest: digest("91c2"),
            phases: Phases { detect: 9, plan: 3, cargo: 1710, package: 41, swap: 2, reload: 74 },
        },
        Notice::Log { function: upstream(), line: "accepted \u{1b}[32m1\u{1b}[0m".to_owned() },
        Notice::Build {
            generation: 2,
            reasons: [
                ("downstream".to_owned(), shared.clone()),
                ("midstream".to_owned(), shared),
                (upstream(), Reason::Own("src/lib.rs".into())),
            ]
            .into(),
        },
        Notice::Cancelled { generation: 2, functions: vec!["downstream".to_owned(), "midstream".to_owned()] },
        Notice::Paused,
        Notice::Noted { functions: vec![upstream()] },
        Notice::Resumed { saves: 1 },
        Notice::Progress { generation: 3, line: "Compiling midstream v0.1.0".to_owned() },
        Notice::Diagnostic { generation: 3, diagnostic: diagnostic.clone() },
        Notice::BuildFailed {
            generation: 3,
            functions: [("midstream".to_owned(), Some(digest("5d0e"))), ("downstream".to_owned(), None)]
                .into(),
            diagnostics: vec![diagnostic],
            failure: "error: could not compile `midstream`".to_owned(),
        },
        Notice::BuildFailed {
            generation: 4,
            functions: BTreeMap::from([("midstream".to_owned(), None)]),
            diagnostics: vec![],
            failure: "error: failed to parse manifest".to_owned(),
        },
        Notice::Swapped {
            generation: 5,
            function: upstream(),
            digest: digest("33ab"),
            warnings: vec!["needs glibc 2.38".to_owned()],
        },
        Notice::Unchanged { generation: 5, function: upstream(), digest: digest("33ab") },
        Notice::Error {
            generation: Some(5),
            function: Some(upstream()),
            serving: Some(digest("91c2")),
            problem: Problem::new("init_failed", "the new code panicked"),
        },
        Notice::Error {
            generation: None,
            function: None,
            serving: None,
            problem: Problem::new("watch_limit", "watch the sources: no watches left")
                .with_hint("raise the limit"),
        },
        Notice::RollbackPlanned {
            function: upstream(),
            plan: vec!["account 123456789012 in eu-west-1".to_owned(), "  upstream  5.20 MB".to_owned()],
        },
        Notice::RolledBack(RolledBack {
            function: upstream(),
            name: "Stack-upstream".to_owned(),
            code: "zip=".to_owned(),
            digest: digest("91c2"),
        }),
        Notice::NotRolledBack {
            function: upstream(),
            problem: Problem::new("nothing_to_roll_back", "roll upstream back: no former code"),
        },
        Notice::Gone { function: upstream(), removed: false, serving: Some(digest("91c2")) },
        Notice::Gone { function: "midstream".to_owned(), removed: true, serving: None },
        Notice::Updated {
            stack: "pipeline".to_owned(),
            changes: vec!["Queue (AWS::SQS::Queue) changed: DelaySeconds 1 → 2".to_owned()],
        },
        Notice::Updated { stack: "single".to_owned(), changes: Vec::new() },
        Notice::Stack {
            stack: "pipeline".to_owned(),
            resources: vec!["Queue (AWS::SQS::Queue) added".to_owned()],
            took_ms: 12,
        },
        Notice::Warning {
            problem: Problem::new("template_left_out", "left out Pool (AWS::Cognito::UserPool: why)")
                .with_hint("`--strict` makes this an error"),
        },
    ]
}

fn tell(sink: &mut dyn Sink) {
    let state = State::new(Workspace::default(), ["upstream".to_owned()]);
    for (second, notice) in session().iter().enumerate() {
        sink.tell(1_700_000_000_000 + second as u64 * 1000, notice, &state).unwrap();
    }
    sink.flush().unwrap();
}

fn written(page: &Page) -> String {
    String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn plain_lines() {
    let page = Page::default();
    tell(&mut Plain::new(page.clone(), false, true));
    insta::assert_snapshot!(written(&page));
}

#[test]
fn a_remark_about_the_target_is_written_once_when_the_session_is_ready() {
    let page = Page::default();
    tell(&mut Plain::new(page.clone(), false, true).with_remark(Some("a remark")));
    let written = written(&page);
    let remarks: Vec<&str> = written.lines().filter(|line| line.contains("a remark")).collect();
    assert_eq!(remarks, ["           a remark"], "{written}");
}

#[test]
fn plain_lines_in_colour_keep_the_compilers_rendering() {
    let page = Page::default();
    tell(&mut Plain::new(page.clone(), true, true));
    assert!(written(&page).contains("\u{1b}[91merror[E0308]"));
}

#[test]
fn plain_lines_of_an_ascii_terminal_use_ascii_only() {
    let page = Page::default();
    let phases = Phases { detect: 22, cargo: 1_010, ..Phases::default() };
    let (function, digest) = ("upstream".to_owned(), digest("33ab"));
    let state = State::new(Workspace::default(), []);
    let notice = Notice::Live { generation: 2, function, digest, phases };
    let mut plain = Plain::new(page.clone(), false, false);
    plain.tell(0, &notice, &state).unwrap();
    plain.flush().unwrap();
    let expected = "live       upstream 33ab0000, save->live 1.03 s, detect 22, plan 0, cargo 1,010, package 0, swap 0, reload 0\n";
    assert_eq!(written(&page), expected);
}

#[test]
fn json_lines() {
    let page = Page::default();
    tell(&mut Json::new(page.clone()));
    insta::assert_snapshot!(written(&page));
}

#[test]
fn every_json_line_has_its_event_and_time() {
    let page = Page::default();
    tell(&mut Json::new(page.clone()));
    for line in written(&page).lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["event"].is_string() && value["at"].is_u64(), "{line}");
    }
}

#[test]
fn the_log_file_holds_everything() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("devloop/session.jsonl");
    tell(&mut LogFile::create(&path).unwrap());
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().count(), session().len());
    for event in ["progress", "diagnostic", "log"] {
        assert!(text.contains(&format!("{{\"event\":\"{event}\"")), "{event}");
    }
}

#[test]
fn plain_lines_show_a_function_s_json_line_for_people() {
    let state = State::new(Workspace::default(), []);
    let log = |line: &str| Notice::Log { function: "up".to_owned(), line: line.to_owned() };
    let report = "REPORT RequestId: c6af-1\tDuration: 2.31 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 20 MB";
    let notices = [
        log(
            r#"{"timestamp":"2023-11-14T22:13:20.007Z","level":"INFO","fields":{"message":"accepted","event":1},"target":"up","span":{"requestId":"c6af-1","name":"Lambda runtime invoke"}}"#,
        ),
        log("plain text"),
        Notice::Reported { function: "up".to_owned(), line: report.to_owned() },
    ];
    let text: String = notices.iter().map(|notice| super::text(notice, &state)).collect();
    assert_eq!(
        text,
        "up | 22:13:20.007 INFO  accepted event=1 requestId=c6af-1\n\
         up | plain text\n\
         up | request c6af-1 took 2.31 ms, 20 MB\n"
    );
}

#[test]
fn no_sink_passes_on_what_a_terminal_obeys_and_the_log_file_loses_nothing() {
    let line = "a\u{9b}31mb\u{7f}c\u{202e}d\u{200b}e\u{7}f\rg\u{1b}[2Jh to postgres://u:p/w@h/d";
    let notice = Notice::Log { function: "up".to_owned(), line: line.to_owned() };
    let notice = super::masked(&notice);
    let state = State::new(Workspace::default(), []);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("session.jsonl");
    let mut file = LogFile::create(&path).unwrap();
    file.tell(7, &notice, &state).unwrap();
    file.flush().unwrap();
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(kept.trim_end().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{kept:?}");
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["line"], line.replace("p/w", "***"));
    for colour in [false, true] {
        let page = Page::default();
        let mut plain = Plain::new(page.clone(), colour, true);
        plain.tell(7, &notice, &state).unwrap();
        plain.flush().unwrap();
        let shown = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert_eq!(shown, "up | a31mbcdefgh to postgres://u:***@h/d\n", "with colours: {colour}");
    }
}
