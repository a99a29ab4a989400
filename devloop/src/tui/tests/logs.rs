//! Filters, searches and requests in the logs.

use super::*;

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
fn times_are_shown_or_not_and_logs_are_emptied() {
    check("", &["22:13:20"], &[]);
    check("t", &["accepted event"], &["22:13:20."]);
    check("t t", &["22:13:20"], &[]);
    check("ctrl-k", &["4 logs"], &["accepted event", "22:13:20"]);
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
fn json_lines_are_shown_for_people_with_their_request_s_report() {
    let mut session = running();
    session.press("ctrl-k");
    let line = |level: &str, message: &str, id: &str| {
        format!(
            r#"{{"timestamp":"2023-11-14T22:13:20.007Z","level":"{level}","fields":{{"message":"{message}","event":1}},"target":"upstream","span":{{"requestId":"{id}","name":"Lambda runtime invoke"}}}}"#
        )
    };
    session.log("upstream", &line("INFO", "accepted", "c6af9ac6"));
    session.log("midstream", &line("WARN", "no room in the batch", "11111111"));
    session.log("downstream", "panicked at src/main.rs:4:2");
    let line =
        "REPORT RequestId: c6af9ac6\tDuration: 2.31 ms\tMax Memory Used: 20 MB\tInit Duration: 20.11 ms"
            .to_owned();
    session.tell(&Notice::Reported { function: "upstream".to_owned(), line });
    session.press("4 e");
    insta::assert_snapshot!("json_lines", session.text((110, 10)));
    session.press("v");
    insta::assert_snapshot!("json_lines_as_written", session.text((110, 10)));
}
