//! The last events that functions received, which can be shown and sent again. Bounded for each function and in all.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    aside,
    cause::{self, Causes},
    functions::Invocation,
    wire,
};

/// The most events of one function and of all together, and the most bytes of their payloads; the oldest are dropped first.
const MOST_OF_ONE: usize = 20;
const MOST: usize = 500;
const MOST_BYTES: usize = 16 << 20;

/// The events of all functions.
#[derive(Debug, Default)]
pub(super) struct Recent {
    next: AtomicU64,
    kept: Mutex<Kept>,
    ended: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<One>,
    bytes: usize,
}

#[derive(Debug, Clone)]
struct One {
    number: u64,
    function: Arc<str>,
    request_id: Arc<str>,
    payload: Bytes,
    /// The root of its trace.
    trace: Option<Arc<str>>,
    /// The roots of the traces that it comes from.
    causes: Causes,
    /// When it came, in ms since the epoch.
    at_ms: i64,
    outcome: Outcome,
}

/// The outcome of an event.
#[derive(Debug, Clone)]
enum Outcome {
    Running,
    Succeeded,
    Failed(String),
}

impl Outcome {
    fn error(&self) -> Option<&str> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Running | Self::Succeeded => None,
        }
    }
}

impl Recent {
    /// Keeps an event that a function receives now; returns its number.
    pub(super) fn came(
        &self,
        function: &Arc<str>,
        request_id: &Arc<str>,
        invocation: &Invocation,
        at_ms: i64,
    ) -> u64 {
        let payload = &invocation.payload;
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let mut kept = self.kept.lock();
        let of_one = kept.events.iter().filter(|event| event.function == *function).count();
        if of_one >= MOST_OF_ONE {
            let oldest = kept.events.iter().position(|event| event.function == *function);
            kept.forget(oldest);
        }
        kept.bytes += payload.len();
        kept.events.push_back(One {
            number,
            function: Arc::clone(function),
            request_id: Arc::clone(request_id),
            payload: payload.clone(),
            trace: invocation.trace_id.as_deref().and_then(cause::root),
            causes: Arc::clone(&invocation.causes),
            at_ms,
            outcome: Outcome::Running,
        });
        while kept.events.len() > MOST || (kept.bytes > MOST_BYTES && kept.events.len() > 1) {
            kept.forget(Some(0));
        }
        number
    }

    /// Records the outcome of an event: success, or an error.
    pub(super) fn ended(&self, number: u64, error: Option<&str>) {
        let mut kept = self.kept.lock();
        if let Some(event) = kept.events.iter_mut().rev().find(|event| event.number == number) {
            event.outcome = error.map_or(Outcome::Succeeded, |error| Outcome::Failed(error.to_owned()));
        }
        drop(kept);
        self.ended.send_modify(|count| *count += 1);
    }

    /// Changes when an event's work ends; the value counts them.
    pub(super) fn ended_count(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// The number and the payload of the last event that a function got.
    pub(super) fn last_of(&self, function: &str) -> Option<(u64, Bytes)> {
        let kept = self.kept.lock();
        let last = kept.events.iter().rev().find(|event| *event.function == *function)?;
        Some((last.number, last.payload.clone()))
    }

    /// All kept events, the oldest first.
    pub(super) fn shown(&self) -> Value {
        // Reading megabytes of payloads takes a while, in which events go on coming.
        let events = self.kept.lock().events.clone();
        json!({ "events": events.iter().map(One::shown).collect::<Vec<_>>() })
    }

    /// The event with this number, if it is kept.
    pub(super) fn one(&self, number: u64) -> Option<Value> {
        let event = self.kept.lock().events.iter().find(|event| event.number == number)?.clone();
        Some(event.shown())
    }
}

impl One {
    fn shown(&self) -> Value {
        let payload = aside::from_json::<Value>(&self.payload)
            .unwrap_or_else(|_| String::from_utf8_lossy(&self.payload).into_owned().into());
        json!({
            "number": self.number,
            "function": *self.function,
            "request_id": *self.request_id,
            "at": wire::iso(self.at_ms),
            "trace": self.trace.as_deref(),
            "causes": self.causes.iter().map(|root| &**root).collect::<Vec<_>>(),
            "state": match &self.outcome {
                Outcome::Running => "running",
                Outcome::Succeeded => "succeeded",
                Outcome::Failed(_) => "failed",
            },
            "error": self.outcome.error(),
            "payload": payload,
        })
    }
}

impl Kept {
    fn forget(&mut self, at: Option<usize>) {
        if let Some(event) = at.and_then(|at| self.events.remove(at)) {
            self.bytes -= event.payload.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(payload: Bytes) -> Invocation {
        Invocation { payload, ..Invocation::default() }
    }

    #[test]
    fn the_last_events_are_kept_within_bounds() {
        let recent = Recent::default();
        let (f, g): (Arc<str>, Arc<str>) = ("f".into(), "g".into());
        let id: Arc<str> = "id".into();
        for n in 0..30 {
            let number = recent.came(&f, &id, &event(Bytes::from(format!("{{\"n\":{n}}}"))), 0);
            recent.ended(number, (n == 29).then_some("it failed"));
        }
        recent.came(&g, &id, &event(Bytes::from_static(b"no json")), 0);
        let shown = recent.shown();
        let events = shown["events"].as_array().unwrap();
        assert_eq!(events.len(), MOST_OF_ONE + 1);
        assert_eq!((&events[0]["payload"]["n"], &events[0]["state"]), (&json!(10), &json!("succeeded")));
        assert_eq!((&events[19]["number"], &events[19]["error"]), (&json!(30), &json!("it failed")));
        assert_eq!(recent.last_of("f").map(|(number, _)| number), Some(30));
        assert!(recent.last_of("h").is_none());
        assert_eq!(recent.one(30).unwrap(), events[19]);
        assert_eq!(recent.one(1), None, "it is kept no longer");
        assert_eq!((&events[20]["payload"], &events[20]["state"]), (&json!("no json"), &json!("running")));
        let large = event(Bytes::from(vec![b' '; MOST_BYTES / 2 + 1]));
        recent.came(&f, &id, &large, 0);
        recent.came(&g, &id, &large, 0);
        assert_eq!(recent.kept.lock().events.len(), 1);
    }
}
