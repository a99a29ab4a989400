//! Templates that change while the session runs.

use super::*;
use crate::engine::build::rewatch;
use crate::engine::{StackUpdate, Templates, TemplatesApplied};

const TEMPLATE: &str = "stack/t.json";

fn session() -> Session {
    let mut session = Session::live();
    let functions = ["mid", "up"].map(str::to_owned).into();
    session.state = session.state.applying(Templates::new([Path::new("/w").join(TEMPLATE)], Some(functions)));
    // As the first build has done with the templates of a real session.
    let _ = rewatch(&mut session.state);
    session
}

fn applied(changes: &[&str], functions: &[&str]) -> Fact {
    let changes = changes.iter().map(|&change| change.to_owned()).collect();
    Fact::TemplatesApplied(TemplatesApplied {
        stacks: vec![StackUpdate { stack: "s".to_owned(), changes }],
        functions: functions.iter().map(|&name| name.to_owned()).collect(),
        remarks: vec![],
        failure: None,
    })
}

#[test]
fn a_changed_template_is_applied_before_what_was_saved_with_it_is_built() {
    session()
        .check(vec![saved(&[TEMPLATE, "up/src/main.rs"])], &["apply templates"])
        .check(vec![saved(&["mid/src/main.rs"])], &[])
        .check(
            vec![applied(&["Q changed"], &["mid", "up"])],
            &[
                "tell updated s: Q changed",
                "tell build 2: mid for src/main.rs; up for src/main.rs",
                "build 2 mid+up of up+mid",
            ],
        );
}

#[test]
fn a_template_that_changes_while_it_is_applied_is_applied_once_more() {
    session()
        .check(vec![saved(&[TEMPLATE]), saved(&[TEMPLATE])], &[])
        .check(vec![applied(&[], &["mid", "up"])], &["tell updated s: ", "apply templates"])
        .check(vec![applied(&[], &["mid", "up"])], &["tell updated s: "])
        .check(vec![saved(&[TEMPLATE])], &["apply templates"]);
}

#[test]
fn a_template_that_cannot_be_applied_keeps_nobody_from_building() {
    let refused = Fact::TemplatesApplied(TemplatesApplied {
        stacks: vec![],
        functions: [].into(),
        remarks: vec![],
        failure: Some(Problem::new("template_failed", "no")),
    });
    session()
        .check(vec![saved(&[TEMPLATE, "up/src/main.rs"])], &["apply templates"])
        .check(
            vec![refused],
            &[
                "tell error - template_failed, nothing serves",
                "tell build 2: up for src/main.rs",
                "build 2 mid+up of up+mid",
            ],
        )
        .function("mid", "live mid1");
}

#[test]
fn functions_come_and_go_with_their_template() {
    let left = session().check(
        vec![saved(&[TEMPLATE]), applied(&["Mid removed"], &["up"])],
        &["tell updated s: Mid removed", "watch model+up and Cargo.lock+Cargo.toml+stack/t.json"],
    );
    assert!(!left.state.functions.contains_key("mid"));
    left.check(
        vec![saved(&[TEMPLATE]), applied(&["Mid added"], &["mid", "up"])],
        &[
            "tell updated s: Mid added",
            "watch mid+model+up and Cargo.lock+Cargo.toml+stack/t.json",
            "tell build 2: mid for new function",
            "build 2 mid+up of up+mid",
        ],
    )
    .check(
        vec![saved(&[TEMPLATE]), applied(&["New added"], &["mid", "new", "up"])],
        &["tell updated s: New added", "kill 2", "tell cancelled 2 mid", "read 3"],
    );
}

#[test]
fn functions_that_were_named_stay() {
    let mut session = Session::live();
    session.state = session.state.applying(Templates::new([Path::new("/w").join(TEMPLATE)], None));
    session
        .check(vec![saved(&[TEMPLATE]), applied(&[], &["other"])], &["tell updated s: "])
        .function("mid", "live mid1");
}
