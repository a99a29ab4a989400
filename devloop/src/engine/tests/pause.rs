//! Saves that are only noted.

use super::*;

#[test]
fn saves_are_noted_while_paused_and_built_together_when_resumed() {
    let paused = Session::live()
        .check(vec![Fact::Pause], &["tell paused"])
        .check(vec![Fact::Pause], &[])
        .check(vec![saved(&["up/src/main.rs"])], &["tell noted up"])
        .check(vec![saved(&["up/README.md"])], &[])
        .check(vec![saved(&["mid/src/main.rs"])], &["tell noted mid+up"])
        .function("up", "live up1");
    assert_eq!(paused.state.paused(), Some(2));
    let resumed = paused.check(
        vec![Fact::Resume],
        &[
            "tell resumed 2",
            "tell build 2: mid for src/main.rs; up for src/main.rs",
            "build 2 mid+up of up+mid",
        ],
    );
    assert_eq!(resumed.state.paused(), None);
    resumed.check(vec![Fact::Resume], &[]);
    Session::live().check(vec![Fact::Pause, Fact::Resume], &["tell resumed 0"]);
}

#[test]
fn what_is_noted_while_paused_costs_no_time_until_it_is_resumed() {
    let mut session = Session::live();
    session.tell(Fact::Pause);
    session.tell(saved(&["up/src/main.rs"]));
    session.at += 60_000;
    session.tell(Fact::Resume);
    for fact in [Fact::BuildStarted { generation: 2 }, built(2, &["up"], None)] {
        session.tell(fact);
    }
    let staged = Fact::Swapped {
        generation: 2,
        function: "up".to_owned(),
        digest: Digest::new("up2"),
        staged_at: session.at,
        warnings: vec![],
    };
    session.tell(staged);
    session.at += 1;
    let effects = update(&mut session.state, Event { at: session.at, fact: live(2, "up") });
    let Some(Effect::Announce(Notice::Live { phases, .. })) = effects.first() else { panic!("{effects:?}") };
    assert!(phases.total() < 100, "{phases:?}");
}

#[test]
fn a_build_that_runs_when_the_session_is_paused_goes_live() {
    Session::live()
        .check(vec![saved(&["up/src/main.rs"]), Fact::Pause], &["tell paused"])
        .check(vec![built(2, &["=mid", "up"], None)], &["swap 2 up unless up1"])
        .check(vec![swapped(2, "up", "up2"), live(2, "up")], &["tell live 2 up up2"]);
}

#[test]
fn everything_is_built_again_when_asked_for_even_while_paused() {
    let rebuilt = ["tell build 2: mid for asked for; up for asked for", "build 2 mid+up of up+mid"];
    Session::live().check(vec![Fact::Rerun], &rebuilt);
    let session = Session::live().check(vec![Fact::Pause, saved(&["up/src/main.rs"]), Fact::Rerun], &rebuilt);
    assert_eq!(session.state.paused(), Some(0), "what was noted is being built");
    session.check(vec![Fact::Resume], &["tell resumed 0"]);
}
