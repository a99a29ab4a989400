//! Commands to the session, by keys and by name.

use super::*;

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
        let what = body.map_or(Sent::Message, |body| Sent::Body(body.to_owned()));
        Some(Request::Order(Order::Send { call: ApiCall::get(&url), what }))
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
fn an_api_that_is_not_the_pipelines_gets_the_request_of_its_call_and_then_what_is_typed() {
    let mut session = Session::new();
    let url = "http://127.0.0.1:4566/_aws/execute-api/a1b2c3/dev/process".to_owned();
    let outputs = [("ApiEndpoint".to_owned(), url.clone())].into();
    session.tell(&Notice::Ready { endpoint: "http://127.0.0.1:4566".to_owned(), outputs });
    let order = |what| Some(Request::Order(Order::Send { call: ApiCall::get(&url), what }));
    assert_eq!(session.press("u"), Some(Request::Copy(format!("curl -i {url}"))));
    assert_eq!(session.press("r"), order(Sent::Shown));
    session.press(":");
    session.screen.paste(r#"send {"data": "word"}"#);
    assert_eq!(session.press("enter"), order(Sent::Body(r#"{"data": "word"}"#.to_owned())));
    assert_eq!(session.press("r"), order(Sent::Body(r#"{"data": "word"}"#.to_owned())));
}

#[test]
fn the_pipelines_message_goes_to_the_pipelines_api_beside_others() {
    let mut session = Session::new();
    let url = |id: &str| format!("http://127.0.0.1:4566/_aws/execute-api/{id}/prod/");
    let outputs = [
        ("ApiEndpoint", url("other")),
        ("ApiGatewayMethodEndpoint", url("pipeline")),
        ("KinesisStreamName", "Events".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let outputs = outputs.into();
    session.tell(&Notice::Ready { endpoint: "http://127.0.0.1:4566".to_owned(), outputs });
    let (call, what) = (ApiCall::get(&url("pipeline")), Sent::Message);
    assert_eq!(session.press("r"), Some(Request::Order(Order::Send { call, what })));
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
fn a_load_gets_the_options_that_were_typed() {
    let load = |words: &[&str]| Some(Request::Load(words.iter().map(|&word| word.to_owned()).collect()));
    let mut session = running();
    assert_eq!(session.press("b"), None);
    assert!(session.text((80, 24)).contains("on the embedded cloud and on LocalStack only"));
    session.screen.takes_load = true;
    assert_eq!(session.press("b"), load(&[]));
    session.press(":");
    session.screen.paste("bench --rate 50 --fail-if 'p99 > 50ms'");
    assert_eq!(session.press("enter"), load(&["--rate", "50", "--fail-if", "p99 > 50ms"]));
}

#[test]
fn the_target_is_shown_with_the_way_to_another_one() {
    let mut session = running();
    session.screen.target = vec![
        ("target", "embedded: the cloud in this process".to_owned()),
        ("account", "000000000000".to_owned()),
        ("region", "us-east-1".to_owned()),
    ];
    session.press("T");
    insta::assert_snapshot!(session.text((80, 24)));
    session.press("T");
    assert!(session.screen.page().is_none());
    for (wanted, said) in [
        ("aws", "end this one and start `devloop watch --target aws`"),
        ("azure", "there is no target `azure`: embedded, localstack, aws"),
    ] {
        session.press(":");
        session.screen.paste(&format!("target {wanted}"));
        assert_eq!(session.press("enter"), None);
        assert!(session.text((120, 40)).contains(said));
    }
}
