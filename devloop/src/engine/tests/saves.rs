//! From a save to the code that answers.

use super::*;

#[test]
fn a_ready_cloud_begins_the_watch_and_the_first_build() {
    Session::new()
        .check(
            vec![ready()],
            &[
                "tell ready",
                "watch mid+model+up and Cargo.lock+Cargo.toml",
                "tell build 1: mid for first build; up for first build",
                "build 1 mid+up of up+mid",
            ],
        )
        .function("up", "building 1, nothing serves");
}

#[test]
fn a_session_that_began_with_the_outline_reads_the_rest_before_it_builds() {
    let outline = Workspace { packages: workspace().packages[1..].to_vec(), outline: true, ..workspace() };
    let mut session = Session::new();
    session.state.workspace = outline;
    session.check(vec![ready()], &["tell ready", "watch mid+up and Cargo.lock+Cargo.toml", "read 1"]).check(
        vec![read(1, Ok(workspace()))],
        &[
            "watch mid+model+up and Cargo.lock+Cargo.toml",
            "tell build 1: mid for first build; up for first build",
            "build 1 mid+up of up+mid",
        ],
    );
}

#[test]
fn a_save_passes_every_phase_until_it_is_live() {
    let first = Session::live().function("up", "live up1");
    let edited = first.check(
        vec![saved(&["up/src/main.rs"])],
        &["tell build 2: up for src/main.rs", "build 2 mid+up of up+mid"],
    );
    let done = edited.check(
        vec![Fact::BuildStarted { generation: 2 }, built(2, &["=mid", "up"], None)],
        &["swap 2 up unless up1"],
    );
    done.function("mid", "live mid1")
        .function("up", "swapping 2, up1 serves")
        .check(vec![swapped(2, "up", "up2")], &["tell swapped 2 up", "activate 2 up up2"])
        .function("up", "starting 2 up2, up1 serves")
        .check(vec![live(2, "up")], &["tell live 2 up up2"])
        .function("up", "live up2");
}

#[test]
fn a_shared_edit_is_one_build() {
    Session::live().check(vec![saved(&["model/src/lib.rs"])], &[
        "tell build 2: mid for path dependency model, src/lib.rs; up for path dependency model, src/lib.rs",
        "build 2 mid+up of up+mid",
    ]);
}

#[test]
fn a_document_changes_nothing() {
    Session::live().check(vec![saved(&["up/README.md", "README.md"])], &[]);
}

#[test]
fn the_same_binary_is_unchanged_and_stays_live() {
    Session::live()
        .check(
            vec![saved(&["up/src/main.rs"]), built(2, &["up"], None), unchanged(2, "up", "up1")],
            &["tell unchanged 2 up"],
        )
        .function("up", "live up1")
        .check(
            vec![saved(&["up/src/main.rs"])],
            &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
        );
}

#[test]
fn a_binary_is_copied_as_soon_as_it_is_made() {
    Session::live()
        .check(vec![saved(&["up/src/main.rs"]), made(2, "up")], &["copy 2 up"])
        .check(vec![made(1, "up")], &[])
        .check(vec![made(2, "nobodys")], &[])
        .check(vec![built(2, &["=mid", "up"], None)], &["swap 2 up unless up1"])
        .check(vec![made(2, "up")], &[]);
}

#[test]
fn a_newer_save_cancels_the_build_and_builds_both() {
    Session::live()
        .check(
            vec![saved(&["up/src/main.rs"]), saved(&["mid/src/main.rs"])],
            &[
                "kill 2",
                "tell cancelled 2 up",
                "tell build 3: mid for src/main.rs; up for src/main.rs",
                "build 3 mid+up of up+mid",
            ],
        )
        .function("up", "building 3, up1 serves");
}

#[test]
fn results_of_a_cancelled_build_are_ignored() {
    let cancelled = || {
        Session::live().check(
            vec![saved(&["up/src/main.rs"]), saved(&["up/src/main.rs"])],
            &[
                "kill 2",
                "tell cancelled 2 up",
                "tell build 3: up for src/main.rs",
                "build 3 mid+up of up+mid",
            ],
        )
    };
    for late in [
        built(2, &["up"], None),
        built(2, &[], Some("failed")),
        diagnostic(2),
        Fact::Progress { generation: 2, line: String::new() },
        Fact::BuildStarted { generation: 2 },
        swapped(2, "up", "x"),
        unchanged(2, "up", "x"),
        not_swapped(2, "up"),
        live(2, "up"),
        not_activated(2, "up"),
        read(2, Ok(workspace())),
    ] {
        cancelled().check(vec![late], &[]).function("up", "building 3, up1 serves");
    }
}

#[test]
fn cargo_knows_better_than_the_graph_what_it_rebuilt() {
    Session::live().check(
        vec![saved(&["up/src/main.rs"]), built(2, &["mid", "up"], None)],
        &["swap 2 mid unless mid1", "swap 2 up unless up1"],
    );
}

#[test]
fn lost_events_rebuild_everything() {
    Session::live()
        .check(vec![Fact::FsChanged { seen_at: 0, paths: vec![], gone: vec![], lost: true }], &["read 2"])
        .check(
            vec![read(2, Ok(workspace()))],
            &[
                "tell build 2: mid for file events were lost; up for file events were lost",
                "build 2 mid+up of up+mid",
            ],
        );
}

#[test]
fn phases_add_up_from_the_save_to_the_answer() {
    let mut state = Session::live().state;
    let paths = vec![PathBuf::from("/w/up/src/main.rs")];
    let digest = Digest::new("up2");
    let function = || "up".to_owned();
    let facts = [
        (1030, Fact::FsChanged { seen_at: 1000, paths, gone: vec![], lost: false }),
        (1033, Fact::BuildStarted { generation: 2 }),
        (2033, built(2, &["up"], None)),
        (2050, inputs_read(2, [("up", Some(sources("up")))])),
        (
            2075,
            Fact::Swapped { generation: 2, function: function(), digest, staged_at: 2073, warnings: vec![] },
        ),
        (2105, live(2, "up")),
    ];
    let effects = facts.into_iter().flat_map(|(at, fact)| update(&mut state, Event { at, fact }));
    let phases = effects.filter_map(|effect| match effect {
        Effect::Announce(Notice::Live { phases, .. }) => Some(phases),
        _ => None,
    });
    let expected = Phases { detect: 30, plan: 3, cargo: 1000, package: 40, swap: 2, reload: 30 };
    assert_eq!(phases.collect::<Vec<_>>(), [expected]);
    assert_eq!(expected.total(), 1105);
}

#[test]
fn an_empty_cloud_builds_nothing() {
    let session =
        Session { state: State::new(Workspace::default(), []), at: 0, slow: false, shows_standby: false };
    let session = session.check(vec![ready()], &["tell ready", "watch nothing and Cargo.toml"]);
    session.check(vec![saved(&["up/src/main.rs"])], &[]);
}

#[test]
fn lines_and_errors_pass_through() {
    let log = Fact::Log { function: "up".to_owned(), line: "hello".to_owned() };
    let error = Fact::Error { problem: Problem::new("watch_limit", "full") };
    Session::live()
        .check(vec![log], &["tell log up hello"])
        .check(vec![error], &["tell error - watch_limit, nothing serves"]);
}

#[test]
fn a_session_is_settled_when_every_function_answers_or_has_failed() {
    let settled = |session: &Session| session.state.is_settled();
    assert!(!settled(&Session::new()));
    let mut session = Session::live();
    assert!(settled(&session));
    for fact in [saved(&["up/src/main.rs"]), built(2, &["up"], None), swapped(2, "up", "up2")] {
        session.tell(fact);
        assert!(!settled(&session));
    }
    session.tell(not_activated(2, "up"));
    assert!(settled(&session));
    assert_eq!(session.state.failed().collect::<Vec<_>>(), ["up"]);
}
