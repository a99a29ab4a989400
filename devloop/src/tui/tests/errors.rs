//! Errors on the screen, and what removes them.

use super::*;

#[test]
fn enter_opens_the_editor_where_the_error_is() {
    let place = |file: &str, line, column| Some(Request::Edit(Location { file: file.into(), line, column }));
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
fn errors_go_when_the_code_works_again() {
    let mut session = broken();
    assert!(!session.screen.errors().is_empty());
    session.live(4, "midstream", &digest("f00d"), 1_500);
    assert!(session.screen.errors().is_empty());
    assert!(session.text((80, 24)).contains("errors · none"));
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
fn a_function_that_is_gone_takes_its_errors_along() {
    let mut session = broken();
    session.state.functions.remove("midstream");
    let function = || "midstream".to_owned();
    session.tell(&Notice::Gone { function: function(), removed: true, serving: None });
    let text = session.text((120, 40));
    assert!(text.contains("midstream is no longer in the workspace; removed from the cloud"), "{text}");
    assert!(text.contains("errors · none") && !text.contains("midstream  ✗"), "{text}");
    session.tell(&Notice::Gone { function: function(), removed: false, serving: Some(digest("5d0e")) });
    let text = session.text((120, 40));
    assert!(text.contains("5d0e5d0e goes on answering"), "{text}");
    assert!(!text.contains("did not change"), "{text}");
}
