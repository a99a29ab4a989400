//! Adds messages to a queue: from senders, from queues whose dead-letter queue this is, and from message move tasks.

use std::{sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};

use super::{
    attributes::Settings,
    deduplication::First,
    message::Message,
    messages::{Incoming, OVERHEAD, Withdrawn},
    queue::{KEPT_BYTES, Queue, State},
    received::sequence_number,
    service::{invalid, missing},
};
use crate::error::ApiError;

/// The result of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// The message's id; for a duplicate, the id of the first message.
    pub(super) id: String,
    /// The sequence number in a FIFO queue.
    pub(super) sequence_number: Option<String>,
}

/// Identifies duplicates in a FIFO queue: the message group, if deduplication ids are unique only within it, and the id.
type Scoped = (Option<Arc<str>>, String);

impl Queue {
    /// Adds a message, which becomes visible after `delay` or the queue's own delay. A FIFO queue acknowledges a duplicate
    /// of a message of the last five minutes without adding it.
    pub(super) fn send(&self, mut message: Message, delay: Option<Duration>) -> Result<Sent, ApiError> {
        let mut state = self.settled()?;
        let now = self.clock.now_ms();
        let scope = prepare(&state.settings, &mut message, delay)?;
        if let Some((group, id)) = &scope
            && let Some(first) = state.accepted.find(group.as_deref(), id, now)
        {
            return Ok(Sent { id: first.id, sequence_number: Some(first.sequence_number) });
        }
        let delay_ms = delay.map_or(state.settings.delay_s * 1000, |delay| delay.as_millis() as i64);
        let id = message.id.clone();
        let incoming = Incoming {
            message: Arc::new(message),
            enqueued_ms: now,
            due_ms: (delay_ms > 0).then_some(now + delay_ms),
            dead_letter_source: None,
        };
        let number = self.add(&mut state, incoming)?;
        state.tally.sent += 1;
        let sequence_number = scope.map(|(group, deduplication)| {
            let first = First { id: id.clone(), sequence_number: sequence_number(number) };
            state.accepted.remember(group.as_deref(), &deduplication, first.clone(), now);
            first.sequence_number
        });
        Ok(Sent { id, sequence_number })
    }

    /// Adds a dead letter from another queue. In a standard queue its retention counts from when the message was sent, in a
    /// FIFO queue from now [Using dead-letter queues in Amazon SQS].
    pub(super) fn accept_dead_letter(&self, dead: &Arc<Message>, source: &Arc<str>) -> Result<(), ApiError> {
        let mut state = self.settled()?;
        let enqueued_ms = if self.is_fifo() { self.clock.now_ms() } else { dead.sent_ms };
        let source = Some(Arc::clone(source));
        let message = Arc::clone(dead);
        self.add(&mut state, Incoming { message, enqueued_ms, due_ms: None, dead_letter_source: source })?;
        Ok(())
    }

    /// Adds a message of a message move task as a new message.
    pub(super) fn take_back(&self, message: &Message) -> Result<(), ApiError> {
        let mut state = self.settled()?;
        let now = self.clock.now_ms();
        let message = Arc::new(message.resent(now));
        self.add(&mut state, Incoming { message, enqueued_ms: now, due_ms: None, dead_letter_source: None })?;
        Ok(())
    }

    /// Removes up to `most` visible messages for a message move task; returns them with the queues that they came from.
    pub(super) fn withdraw(&self, most: usize) -> Result<Vec<Withdrawn>, ApiError> {
        Ok(self.settled()?.messages.withdraw(most))
    }

    /// Adds a message again that [`Queue::withdraw`] removed and that could not be moved.
    pub(super) fn restore(&self, message: Arc<Message>, source: Option<Arc<str>>) -> Result<(), ApiError> {
        let mut state = self.settled()?;
        let enqueued_ms = message.sent_ms;
        self.add(&mut state, Incoming { message, enqueued_ms, due_ms: None, dead_letter_source: source })?;
        Ok(())
    }

    fn add(&self, state: &mut State, incoming: Incoming) -> Result<u64, ApiError> {
        let bytes = incoming.message.bytes();
        if state.messages.bytes() + state.accepted.bytes() + bytes > KEPT_BYTES {
            return Err(full(format!(
                "The queue {} holds {} MiB, the most that the embedded cloud keeps of one queue. Receive, delete or purge its \
                 messages.",
                self.name,
                KEPT_BYTES >> 20
            )));
        }
        let all = state.messages.budget();
        if !all.has_room(bytes + OVERHEAD) {
            return Err(full(format!(
                "All queues together take {} MiB, and the embedded cloud keeps {} MiB. Receive, delete or purge the messages of \
                 some; `devloop status` shows how many each has.",
                all.bytes() >> 20,
                all.most() >> 20
            )));
        }
        let number = state.messages.insert(incoming);
        self.waiters.wake(state.messages.receivable());
        self.new_message.notify_one();
        Ok(number)
    }
}

fn full(why: String) -> ApiError {
    ApiError::with_status(503, "ServiceUnavailable", why)
}

/// Checks a message against the type of queue, and sets a content-based deduplication id if needed. Returns what identifies
/// duplicates in a FIFO queue.
fn prepare(
    settings: &Settings,
    message: &mut Message,
    delay: Option<Duration>,
) -> Result<Option<Scoped>, ApiError> {
    let wrong_kind = |name: &str, value: &str| {
        Err(invalid(format!(
            "Value {value} for parameter {name} is invalid. Reason: The request include parameter that is not valid for \
             this queue type."
        )))
    };
    let Some(fifo) = &settings.fifo else {
        return match &message.deduplication {
            Some(id) => wrong_kind("MessageDeduplicationId", id),
            None => Ok(None),
        };
    };
    let Some(group) = message.group.clone() else {
        return Err(missing("MessageGroupId"));
    };
    if let Some(delay) = delay.filter(|delay| !delay.is_zero()) {
        return wrong_kind("DelaySeconds", &delay.as_secs().to_string());
    }
    if message.deduplication.is_none() && fifo.by_content {
        message.deduplication = Some(content_id(&message.body));
    }
    let Some(id) = message.deduplication.clone() else {
        return Err(invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
             explicitly",
        ));
    };
    Ok(Some((fifo.scope_is_group.then_some(group), id)))
}

/// The content-based deduplication id of a text [Using the message deduplication ID in Amazon SQS].
pub(crate) fn content_id(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}
