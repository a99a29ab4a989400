//! Copies to the clipboard.

use super::*;

#[test]
fn a_call_of_the_api_is_copied() {
    let call = r#"curl -d '{"id":"'$RANDOM'","message":"Hello World","timestamp":'$(date +%s)'}' http://127.0.0.1:4566/restapis/a1b2c3/prod/_user_request_/"#;
    assert_eq!(running().press("u"), Some(Request::Copy(call.to_owned())));
    check("u", &["copied"], &["? help"]);
    check("u j", &["? help"], &["copied"]);
    assert_eq!(Session::new().press("u"), None);
}

#[test]
fn a_call_of_the_pipeline_elsewhere_names_its_type() {
    let mut session = Session::new();
    let outputs =
        [("KinesisStreamName", "s"), ("ApiGatewayMethodEndpoint", "http://h/"), ("Target", "localstack")];
    let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    session.tell(&Notice::Ready { endpoint: "http://h".to_owned(), outputs });
    let Some(Request::Copy(call)) = session.press("u") else { panic!("nothing is copied") };
    assert!(
        call.starts_with("curl -H 'content-type: application/json' -d '{") && call.ends_with(" http://h/"),
        "{call}"
    );
}

/// The text that the keys copy.
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
fn a_call_of_an_api_that_is_not_the_pipelines_carries_no_message() {
    let mut session = Session::new();
    let url = "http://127.0.0.1:4566/restapis/a1b2c3/local/_user_request_/".to_owned();
    let outputs = [("ApiEndpoint".to_owned(), url.clone())].into();
    session.tell(&Notice::Ready { endpoint: "http://127.0.0.1:4566".to_owned(), outputs });
    assert_eq!(session.press("u"), Some(Request::Copy(format!("curl -i {url}"))));
}

#[test]
fn a_call_with_a_key_takes_as_many_rows_as_it_needs_and_is_copied_whole() {
    let url = "http://127.0.0.1:4566/_aws/execute-api/a1b2c3/dev/process".to_owned();
    let headers = [("x-api-key", "k".repeat(40)), ("content-type", "application/json".to_owned())];
    let call = ApiCall {
        url: url.clone(),
        method: "POST".to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        body: Some(r#"{"data":"hello"}"#.to_owned()),
    };
    let mut session = Session::new();
    session.screen.calls = [(url.clone(), call)].into();
    let outputs = [("ApiEndpoint".to_owned(), url.clone())].into();
    session.tell(&Notice::Ready { endpoint: "http://127.0.0.1:4566".to_owned(), outputs });
    let key = format!("curl -i -H 'x-api-key: {}'", "k".repeat(40));
    let rest = r#"-H 'content-type: application/json' -d '{"data":"hello"}'"#;
    assert_eq!(session.press("u"), Some(Request::Copy(format!("{key} {rest} {url}"))));
    let shown = |session: &mut Session, size| {
        session.text(size).lines().map(|row| row.trim_matches(['"', ' ']).to_owned()).collect::<Vec<_>>()
    };
    let rows = shown(&mut session, (80, 24));
    let first = rows.iter().position(|row| row.starts_with("curl")).unwrap();
    assert_eq!(rows[first..first + 3], [format!("{key} \\"), format!("{rest} \\"), url.clone()]);
    // Half a command would do harm, so there is none where it does not fit.
    let rows = shown(&mut session, (60, 24));
    assert!(rows.iter().any(|row| row.starts_with("POST http://")), "{rows:?}");
    assert!(!rows.iter().any(|row| row.contains("curl")), "{rows:?}");
}
