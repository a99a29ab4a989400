//! Carries out the user's commands from the screen: pause, resume, rebuild, roll back, send a request.

use crate::aws::Trust;
use crate::bus::{Events, wall};
use crate::config::Environment;
use crate::engine::Fact;
use crate::observe;
use crate::status::ApiCall;
use crate::tui::{Order, Sent};

/// The name in front of log lines about sent requests.
const SENDER: &str = "devloop";

/// Runs each order in a task of its own: the caller is the thread that reads keys and must not wait.
pub(super) fn carry_out(events: Events) -> Box<dyn Fn(Order) + Send> {
    let runtime = tokio::runtime::Handle::current();
    Box::new(move |order| {
        let events = events.clone();
        runtime.spawn(async move {
            match order {
                Order::Pause => events.send(Fact::Pause).await,
                Order::Resume => events.send(Fact::Resume).await,
                Order::Rerun => events.send(Fact::Rerun).await,
                Order::RollBack { function, agreed } => {
                    events.send(Fact::RollBack { function, agreed }).await;
                }
                Order::Send { call, what } => {
                    let call = match what {
                        Sent::Message => with_body(call, sample()),
                        Sent::Body(body) => with_body(call, body),
                        Sent::Shown => call,
                    };
                    send(&events, call).await;
                }
            }
        });
    })
}

/// The request with this body. Where the shown one has no body, it becomes a post of JSON.
fn with_body(mut call: ApiCall, body: String) -> ApiCall {
    if call.method == "GET" {
        "POST".clone_into(&mut call.method);
    }
    if !call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        call.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    call.body = Some(body);
    call
}

/// Sends the request, and logs it with the answer.
async fn send(events: &Events, ApiCall { url, method, headers, body }: ApiCall) {
    let trust = Trust::new(Environment::of_process().certificates());
    let text = body.clone().unwrap_or_default();
    let answer = observe::request((&method, &url), &headers, text, trust).await;
    let line = match (body, answer) {
        (Some(body), Ok((status, answer))) => format!("sent {body}, answered {status} {answer}"),
        (Some(body), Err(why)) => format!("sent {body} to {url}: {why}"),
        (None, Ok((status, answer))) => format!("sent {method} {url}, answered {status} {answer}"),
        (None, Err(why)) => format!("sent {method} {url}: {why}"),
    };
    events.send(Fact::Log { function: SENDER.to_owned(), line }).await;
}

/// The message of the screen's curl line with a fresh id: the pipeline drops ids that it has seen before.
fn sample() -> String {
    let now = wall();
    serde_json::json!({ "id": now.to_string(), "message": "Hello World", "timestamp": now / 1_000 })
        .to_string()
}
