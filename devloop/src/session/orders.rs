//! What the user wants of a running session, on its way from the screen.

use crate::aws::Trust;
use crate::bus::{Events, wall};
use crate::config::Environment;
use crate::engine::Fact;
use crate::observe;
use crate::tui::Order;

/// Who writes the lines about posted messages.
const SENDER: &str = "devloop";

/// Carries orders out beside the caller, which is the thread of the keys.
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
                Order::Send { url, body } => send(&events, &url, body.unwrap_or_else(sample)).await,
            }
        });
    })
}

/// Posts the body, and tells it with its answer.
async fn send(events: &Events, url: &str, body: String) {
    let answer = observe::post(url, body.clone(), Trust::new(Environment::of_process().certificates())).await;
    let line = match answer {
        Ok((status, answer)) => format!("sent {body}, answered {status} {answer}"),
        Err(why) => format!("sent {body} to {url}: {why}"),
    };
    events.send(Fact::Log { function: SENDER.to_owned(), line }).await;
}

/// A message like that of the call on the screen, with an id of its own: the pipeline drops what it has seen before.
fn sample() -> String {
    let now = wall();
    serde_json::json!({ "id": now.to_string(), "message": "Hello World", "timestamp": now / 1_000 })
        .to_string()
}
