//! `devloop invoke --follow`: what the event of an invocation leads to, stage by stage, until nothing more comes of it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::commands::asked::{Asked, printed};
use crate::error::UserError;
use crate::output;

/// How often the cloud is asked.
const EVERY: Duration = Duration::from_millis(100);

/// How long nothing more may come before the event counts as followed to its end. A stage that waits longer, such as a mapping with a
/// batching window, has to be followed with `devloop logs --follow`.
const QUIET: Duration = Duration::from_secs(3);

/// A trace that no other event has, and the header that says so [AWS X-Ray, Tracing header].
pub(super) fn trace() -> (String, String) {
    let unique = format!(
        "{:032x}",
        u128::from(std::process::id()) << 96 | jiff::Timestamp::now().as_nanosecond() as u128
    );
    let root = format!("1-{}-{}", &unique[..8], &unique[8..]);
    let header = format!("Root={root};Sampled=0");
    (root, header)
}

/// The last events of the cloud.
pub(super) async fn events(asked: &Asked) -> Result<Vec<Value>, UserError> {
    let mut page =
        asked.page("/_devloop/events", "follow the event (only the embedded cloud keeps events)").await?;
    Ok(page["events"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

/// Shows every event that comes from the trace, as it ends.
pub(super) async fn follow(asked: &Asked, root: &str) -> Result<(), UserError> {
    let mut trail = Trail::new(root);
    let mut quiet = Duration::ZERO;
    while quiet < QUIET {
        let lines = trail.take(&events(asked).await?);
        quiet = if lines.is_empty() && !trail.is_running { quiet + EVERY } else { Duration::ZERO };
        printed(&lines.concat())?;
        tokio::time::sleep(EVERY).await;
    }
    Ok(())
}

/// What is known of an event's way. Pure.
#[derive(Debug)]
struct Trail {
    /// The traces that belong to it.
    roots: BTreeSet<String>,
    /// The events that were shown, by number.
    shown: BTreeSet<u64>,
    began_ms: Option<i64>,
    is_running: bool,
}

impl Trail {
    fn new(root: &str) -> Self {
        let roots = BTreeSet::from([root.to_owned()]);
        Self { roots, shown: BTreeSet::new(), began_ms: None, is_running: false }
    }

    /// The lines about events that have ended since the last call. Events come in the order in which functions got them, so that a
    /// cause stands before what it causes.
    fn take(&mut self, events: &[Value]) -> Vec<String> {
        self.is_running = false;
        let mut lines = Vec::new();
        for event in events {
            let traces = event["causes"].as_array().into_iter().flatten().chain([&event["trace"]]);
            if !traces.filter_map(Value::as_str).any(|root| self.roots.contains(root)) {
                continue;
            }
            self.roots.extend(event["trace"].as_str().map(str::to_owned));
            let at_ms = event["at"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
            let at_ms = at_ms.map_or(0, jiff::Timestamp::as_millisecond);
            let began_ms = *self.began_ms.get_or_insert(at_ms);
            if event["state"] == "running" {
                self.is_running = true;
            } else if self.shown.insert(event["number"].as_u64().unwrap_or_default()) {
                lines.push(line(event, at_ms - began_ms));
            }
        }
        lines
    }
}

fn line(event: &Value, after_ms: i64) -> String {
    const SHOWN: usize = 100;
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let payload = output::escaped(&event["payload"].to_string()).into_owned();
    let short: String = payload.chars().take(SHOWN).collect();
    let more = if short.len() < payload.len() { " …" } else { "" };
    let error = event["error"].as_str().map(|error| format!(": {error}")).unwrap_or_default();
    format!(
        "+{after_ms:>5} ms  {}  {}{error}  request {}\n           event {}: {short}{more}\n",
        text("function"),
        text("state"),
        text("request_id"),
        event["number"]
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(number: u64, function: &str, trace: &str, causes: &[&str], state: &str) -> Value {
        json!({
            "number": number, "function": function, "trace": trace, "causes": causes, "state": state, "request_id": format!("r{number}"),
            "at": format!("2026-11-20T10:00:00.{:03}Z", number * 10), "payload": { "n": number }, "error": (state == "failed").then_some("Oops: no"),
        })
    }

    #[test]
    fn an_event_is_followed_through_every_stage_and_no_other_is() {
        let mut trail = Trail::new("1-a");
        let mut events = vec![
            event(1, "up", "1-x", &[], "succeeded"),
            event(2, "up", "1-a", &[], "succeeded"),
            event(3, "mid", "1-b", &["1-a", "1-x"], "running"),
        ];
        let lines = trail.take(&events);
        assert_eq!(lines, ["+    0 ms  up  succeeded  request r2\n           event 2: {\"n\":2}\n"]);
        assert!(trail.is_running);
        events[2]["state"] = "succeeded".into();
        events.push(event(4, "down", "1-c", &["1-b"], "failed"));
        events.push(event(5, "other", "1-d", &["1-x"], "succeeded"));
        let lines = trail.take(&events);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("+   10 ms  mid  succeeded"), "{lines:?}");
        assert!(lines[1].starts_with("+   20 ms  down  failed: Oops: no  request r4"), "{lines:?}");
        assert!(!trail.is_running && trail.take(&events).is_empty());
    }

    #[test]
    fn traces_differ_and_have_their_form() {
        let (root, header) = trace();
        assert_eq!(header, format!("Root={root};Sampled=0"));
        let parts: Vec<usize> = root.split('-').map(str::len).collect();
        assert_eq!(parts, [1, 8, 24]);
    }
}
