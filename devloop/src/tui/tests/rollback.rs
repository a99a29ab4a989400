//! A function's former code, from the key to the row of the function.

use super::*;

fn order(function: &str, agreed: bool) -> Request {
    Request::Order(Order::RollBack { function: function.to_owned(), agreed })
}

fn planned(session: &mut Session) {
    let plan = vec![
        "account 123456789012 in eu-west-1".to_owned(),
        "  upstream  Stack-upstream: 5.20 MB becomes 5.10 MB".to_owned(),
    ];
    session.tell(&Notice::RollbackPlanned { function: "upstream".to_owned(), plan });
}

#[test]
fn only_a_function_that_everybody_can_see_is_chosen_by_the_key() {
    let mut session = running();
    assert_eq!(session.press("1 j R"), Some(order("midstream", false)));
    assert!(session.text((80, 24)).contains("rolling midstream back"));
    assert_eq!(session.press("4 R"), None);
    assert!(session.text((80, 24)).contains("choose the function first"));
    session.press(":");
    session.screen.paste("rollback upstream");
    assert_eq!(session.press("enter"), Some(order("upstream", false)));
    session.press(":");
    session.screen.paste("rollback ghost");
    assert_eq!(session.press("enter"), None);
    assert!(session.text((120, 40)).contains("there is no function `ghost`"));
    let only = || vec!["solo".to_owned()];
    let mut screen = Screen::new("watch", "http://127.0.0.1:1", &only(), TimeZone::UTC);
    assert_eq!(screen.press("R"), Some(order("solo", false)), "of one function there is no doubt");
}

#[test]
fn an_account_is_changed_after_a_typed_yes_and_nothing_else() {
    for (keys, expected, said) in [
        ("y e s enter", Some(order("upstream", true)), "rolling upstream back"),
        ("y enter", None, "nothing was changed"),
        ("n o enter", None, "nothing was changed"),
        ("enter", None, "nothing was changed"),
        ("y e s esc", None, "nothing was changed"),
        ("y backspace backspace", None, "nothing was changed"),
    ] {
        let mut session = running();
        planned(&mut session);
        let text = session.text((120, 40));
        assert!(
            text.contains("roll upstream back? yes or no: ▏ · account 123456789012 in eu-west-1"),
            "{text}"
        );
        assert!(text.contains("5.20 MB becomes 5.10 MB"), "{text}");
        assert_eq!(session.press(keys), expected, "{keys}");
        assert!(session.screen.prompt().is_none());
        assert!(session.text((80, 24)).contains(said), "{keys}");
    }
    let mut session = running();
    planned(&mut session);
    assert_eq!(session.press("ctrl-c"), Some(Request::Quit));
}

#[test]
fn the_row_says_what_serves_and_that_something_newer_is_saved() {
    let mut session = broken();
    let digest = digest("77aa");
    let serving = Serving { code: Some((digest.clone(), START)), in_place: true };
    session.becomes("midstream", FunctionState::Failed { generation: 3, failure: Failure::Build, serving });
    let since = START + 120_000;
    session.becomes("upstream", FunctionState::RolledBack { digest: digest.clone(), since });
    for function in ["midstream", "upstream"] {
        let (name, code) = (format!("Stack-{function}"), digest.to_string());
        let done = RolledBack { function: function.to_owned(), name, code, digest: digest.clone() };
        session.tell(&Notice::RolledBack(done));
    }
    let text = session.text((120, 40));
    assert!(text.contains("upstream   ↶ rolled back"), "{text}");
    assert!(text.contains("77aa77aa"), "{text}");
    assert!(text.contains("midstream was not built; serving previous build 77aa77aa"), "{text}");
    assert!(text.contains("upstream runs 77aa77aa again"), "{text}");
    assert!(session.press("1 G c").is_some_and(
        |copied| matches!(&copied, Request::Copy(text) if text.starts_with("upstream rolled back 77aa"))
    ));
}

#[test]
fn what_cannot_be_rolled_back_breaks_nothing() {
    let mut session = running();
    let problem = Problem::new("nothing_to_roll_back", "roll upstream back: no former code of it is kept");
    session.tell(&Notice::NotRolledBack { function: "upstream".to_owned(), problem });
    let text = session.text((80, 24));
    assert!(text.contains("no former code of it is kept") && text.contains("errors · none"), "{text}");
}
