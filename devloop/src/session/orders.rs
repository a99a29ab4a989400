//! Carries out the user's commands from the screen: pause, resume, rebuild, roll back, send a request.

use crate::aws::Trust;
use crate::bus::{Events, wall};
use crate::config::Environment;
use crate::engine::Fact;
use crate::observe;
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
                Order::Send { url, what } => {
                    let body = match what {
                        Sent::Message => Some(sample()),
                        Sent::Body(body) => Some(body),
                        Sent::Get => None,
                    };
                    send(&events, &url, body).await;
                }
            }
        });
    })
}

/// Posts the body, or gets the URL if there is none, and logs it with the answer.
async fn send(events: &Events, url: &str, body: Option<String>) {
    let trust = Trust::new(Environment::of_process().certificates());
    let answer = observe::request(url, body.clone(), trust).await;
    let line = match (body, answer) {
        (Some(body), Ok((status, answer))) => format!("sent {body}, answered {status} {answer}"),
        (Some(body), Err(why)) => format!("sent {body} to {url}: {why}"),
        (None, Ok((status, answer))) => format!("sent GET {url}, answered {status} {answer}"),
        (None, Err(why)) => format!("sent GET {url}: {why}"),
    };
    events.send(Fact::Log { function: SENDER.to_owned(), line }).await;
}

/// The message of the screen's curl line with a fresh id: the pipeline drops ids that it has seen before.
fn sample() -> String {
    let now = wall();
    serde_json::json!({ "id": now.to_string(), "message": "Hello World", "timestamp": now / 1_000 })
        .to_string()
}
