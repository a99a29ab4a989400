//! Carries out the user's commands from the screen: pause, resume, rebuild, roll back, post a message.

use crate::aws::Trust;
use crate::bus::{Events, wall};
use crate::config::Environment;
use crate::engine::Fact;
use crate::observe;
use crate::tui::Order;

/// The name in front of log lines about posted messages.
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
                Order::Send { url, body } => send(&events, &url, body.unwrap_or_else(sample)).await,
            }
        });
    })
}

/// Posts the body, and logs it with the answer.
async fn send(events: &Events, url: &str, body: String) {
    let answer = observe::post(url, body.clone(), Trust::new(Environment::of_process().certificates())).await;
    let line = match answer {
        Ok((status, answer)) => format!("sent {body}, answered {status} {answer}"),
        Err(why) => format!("sent {body} to {url}: {why}"),
    };
    events.send(Fact::Log { function: SENDER.to_owned(), line }).await;
}

/// The message of the screen's curl line with a fresh id: the pipeline drops ids that it has seen before.
fn sample() -> String {
    let now = wall();
    serde_json::json!({ "id": now.to_string(), "message": "Hello World", "timestamp": now / 1_000 })
        .to_string()
}
