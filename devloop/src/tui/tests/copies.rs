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
