//! Delivers one batch of messages to the function.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    answer::{Failed, failed},
    event,
    gauge::Gauge,
};
use crate::{
    cause,
    clock::Clock,
    services::sqs::{Queue, Received},
    triggers::{
        mapping::{LastResult, Mapping, Plan},
        outside::Outside,
        response::names_failures,
    },
};

/// The shortest visibility timeout with which messages are received, even if the queue's own is shorter.
const HOLD: Duration = Duration::from_secs(30);

/// Messages that were received together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) messages: Vec<Held>,
    /// The size of the event that they make, in bytes.
    pub(super) bytes: usize,
}

/// A message that is kept invisible during the invocation.
#[derive(Debug)]
pub(super) struct Held {
    received: Received,
    record: Vec<u8>,
    /// When the message would become visible with the queue's own visibility timeout, in ms since the epoch.
    due_ms: i64,
}

/// What the deliveries of all batches of a mapping share.
#[derive(Debug)]
pub(super) struct Delivery<O: Outside> {
    pub(super) mapping: Arc<Mapping>,
    pub(super) queue: Arc<Queue>,
    pub(super) gauge: Arc<Gauge>,
    pub(super) outside: Arc<O>,
    pub(super) clock: Clock,
}

/// Whether the batch reached the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    Yes,
    No,
}

/// The visibility timeout for messages of this queue: at least the queue's own.
pub(super) fn hold(queue: &Queue) -> Duration {
    HOLD.max(Duration::from_secs(queue.visibility_s() as u64))
}

impl<O: Outside> Delivery<O> {
    /// Adds a message to a batch, or deletes it if no filter of the plan accepts it.
    pub(super) fn add(&self, plan: &Plan, batch: &mut Batch, received: Received) {
        if !event::accepts(&plan.settings.filters, &received.message.body) {
            self.gauge.filtered.fetch_add(1, Ordering::Relaxed);
            // Fails only if the queue was deleted, and the message with it.
            let _ = self.queue.delete(&received.receipt_handle);
            return;
        }
        let record = event::record(&received, self.queue.arn(), self.mapping.region());
        batch.bytes += record.len() + 1;
        let due_ms = self.clock.now_ms() + self.queue.visibility_s() * 1000;
        batch.messages.push(Held { received, record, due_ms });
    }

    /// Invokes the function with a batch, deletes the messages that succeeded, and returns the others to the queue.
    pub(super) async fn deliver(&self, plan: &Plan, batch: Batch) -> Reached {
        let count = batch.messages.len() as u64;
        self.gauge.in_flight.fetch_add(count, Ordering::Relaxed);
        let again = batch.messages.iter().filter(|held| held.received.receives > 1).count();
        self.gauge.retried.fetch_add(again as u64, Ordering::Relaxed);
        let payload = event::payload(batch.messages.iter().map(|held| held.record.as_slice()));
        let cx = self.mapping.request_context();
        let causes = cause::of_all(batch.messages.iter().map(|held| held.received.message.cause.as_ref()));
        let call = cause::within(causes, self.outside.invoke(&cx, &plan.function_arn, payload));
        let outcome = tokio::select! {
            outcome = call => outcome,
            never = self.keep_invisible(&batch) => match never {},
        };
        self.gauge.in_flight.fetch_sub(count, Ordering::Relaxed);
        let (failed, reached) = match outcome {
            Ok(outcome) if outcome.function_error.is_some() => (Failed::All, Reached::Yes),
            Ok(outcome) if plan.settings.partial_answers => {
                let knows = |id: &str| batch.messages.iter().any(|held| held.received.message.id == id);
                (failed(&outcome.payload, knows), Reached::Yes)
            }
            Ok(outcome) => {
                if names_failures(&outcome.payload) {
                    self.mapping.ignores_failures(plan.function_name());
                }
                (Failed::Nothing, Reached::Yes)
            }
            Err(error) => {
                tracing::warn!(
                    mapping = %self.mapping.uuid, queue = self.queue.arn(), function = plan.function_name(), %error,
                    "the function was not reached; the messages return to their queue"
                );
                (Failed::All, Reached::No)
            }
        };
        let result = if failed == Failed::Nothing { LastResult::Ok } else { LastResult::CallFailed };
        self.mapping.processed(result);
        for held in &batch.messages {
            let again = match &failed {
                Failed::Nothing => false,
                Failed::These(ids) => ids.contains(&held.received.message.id),
                Failed::All => true,
            };
            self.settle(held, again);
        }
        reached
    }

    /// Deletes a message, or lets it become visible at the time given by the queue's own visibility timeout.
    fn settle(&self, held: &Held, again: bool) {
        let handle = &held.received.receipt_handle;
        let outcome = if again {
            let left = (held.due_ms - self.clock.now_ms()).max(0);
            self.queue.change_visibility(handle, Duration::from_millis(left as u64))
        } else {
            self.queue.delete(handle)
        };
        // Fails if the queue was purged or deleted meanwhile, or the message has exceeded its retention.
        if let Err(error) = outcome {
            tracing::debug!(queue = self.queue.arn(), message = held.received.message.id, %error, "not settled");
        }
    }

    /// Keeps the batch's messages invisible until this future is dropped.
    async fn keep_invisible(&self, batch: &Batch) -> std::convert::Infallible {
        let hold = hold(&self.queue);
        loop {
            self.clock.sleep(hold / 2).await;
            for held in &batch.messages {
                // A message that can no longer be kept invisible is delivered again, as on AWS.
                let _ = self.queue.change_visibility(&held.received.receipt_handle, hold);
            }
        }
    }
}
