//! Every pane as it is drawn, in three sizes.

use super::*;

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
    assert!(session.screen.page().is_none());
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
