//! One queue: its messages behind a lock, and the receivers that wait for them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::sync::Notify;

use super::{
    attributes::{Redrive, Settings},
    message::Message,
    messages::{Counts, Messages, Taken},
    receipt::Receipt,
    service::{does_not_exist, invalid},
};
use crate::{clock::Clock, context::Context, error::ApiError};

/// The most messages in flight [Amazon SQS standard queue quotas].
const MOST_IN_FLIGHT: usize = 120_000;

/// One queue.
#[derive(Debug)]
pub(crate) struct Queue {
    name: String,
    arn: Arc<str>,
    /// Tells the queue from a later one of the same name.
    id: String,
    clock: Clock,
    pub(super) created_ms: i64,
    state: Mutex<State>,
    /// Wakes one receiver per message that becomes visible, and all of them when the time to wake up has changed.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    settings: Settings,
    modified_ms: i64,
    tags: BTreeMap<String, String>,
    messages: Messages,
    deleted: bool,
}

/// What a receiver asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Poll {
    /// The most messages to take.
    pub(crate) most: usize,
    /// How long to wait for the first one; the queue's own setting without it.
    pub(crate) wait: Option<Duration>,
    /// How long the messages stay invisible to others; the queue's own setting without it.
    pub(crate) visibility: Option<Duration>,
}

/// A message in the hands of a receiver.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// What the sender wrote.
    pub(crate) message: Arc<Message>,
    /// What [`Queue::delete`] and [`Queue::change_visibility`] take.
    pub(crate) receipt_handle: String,
    /// How often the message was received, this time included.
    receives: u32,
    first_received_ms: i64,
    dead_letter_source: Option<Arc<str>>,
}

impl Received {
    /// The attributes that SQS gives a message [`ReceiveMessage`, Amazon SQS API reference].
    pub(crate) fn system_attributes(&self) -> Map<String, Value> {
        let mut attributes = Map::new();
        let mut add = |name: &str, value: &str| attributes.insert(name.to_owned(), value.into());
        add("ApproximateReceiveCount", &self.receives.to_string());
        add("ApproximateFirstReceiveTimestamp", &self.first_received_ms.to_string());
        add("SenderId", &self.message.sender);
        add("SentTimestamp", &self.message.sent_ms.to_string());
        if let Some(header) = &self.message.trace_header {
            add("AWSTraceHeader", header);
        }
        if let Some(source) = &self.dead_letter_source {
            add("DeadLetterQueueSourceArn", source);
        }
        attributes
    }
}

impl Queue {
    pub(super) fn new(
        cx: &Context,
        clock: Clock,
        name: &str,
        settings: Settings,
        tags: BTreeMap<String, String>,
    ) -> Self {
        let created_ms = clock.now_ms();
        Self {
            name: name.to_owned(),
            arn: cx.arn("sqs", name).into(),
            id: uuid::Uuid::new_v4().to_string(),
            clock,
            created_ms,
            state: Mutex::new(State {
                settings,
                modified_ms: created_ms,
                tags,
                messages: Messages::default(),
                deleted: false,
            }),
            changed: Notify::new(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The queue's ARN.
    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    pub(super) fn settings(&self) -> Settings {
        self.state.lock().settings.clone()
    }

    /// The largest message that the queue takes, in bytes.
    pub(super) fn max_bytes(&self) -> i64 {
        self.state.lock().settings.max_bytes
    }

    /// Where messages go that are received too often.
    pub(super) fn redrive(&self) -> Option<Redrive> {
        self.state.lock().settings.redrive.clone()
    }

    /// When the settings last changed, in ms since the epoch.
    pub(super) fn modified_ms(&self) -> i64 {
        self.state.lock().modified_ms
    }

    pub(super) fn configure(&self, settings: Settings) {
        let mut state = self.state.lock();
        state.settings = settings;
        state.modified_ms = self.clock.now_ms();
    }

    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        self.state.lock().tags.clone()
    }

    pub(super) fn change_tags(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        change(&mut self.state.lock().tags);
    }

    /// Adds a message, visible after `delay` or the queue's own delay.
    pub(super) fn send(&self, message: Message, delay: Option<Duration>) -> Result<(), ApiError> {
        let mut state = self.settled()?;
        let delay_ms = delay.map_or(state.settings.delay_s * 1000, |delay| delay.as_millis() as i64);
        let due = (delay_ms > 0).then(|| self.clock.now_ms() + delay_ms);
        self.add(&mut state, Arc::new(message), due, None);
        Ok(())
    }

    /// Takes in what moved here from another queue; refused only when this one is gone.
    fn bury(&self, dead: &Arc<Message>, source: &Arc<str>) -> Result<(), ApiError> {
        let mut state = self.settled()?;
        self.add(&mut state, Arc::clone(dead), None, Some(Arc::clone(source)));
        Ok(())
    }

    fn add(&self, state: &mut State, message: Arc<Message>, due: Option<i64>, source: Option<Arc<str>>) {
        let before = state.messages.next_due();
        state.messages.insert(message, due, source);
        if due.is_none() {
            self.changed.notify_one();
        }
        self.rouse(before, state);
    }

    /// Receivers sleep until the next message is due; when that is earlier than it was, they must know.
    fn rouse(&self, before: Option<i64>, state: &State) {
        let now = state.messages.next_due();
        if now.is_some_and(|now| before.is_none_or(|before| now < before)) {
            self.changed.notify_waiters();
        }
    }

    /// Takes messages, waiting for the first one. `dead_letters` names the queue for those that were received too often
    /// and how often that is.
    pub(super) async fn receive(
        &self,
        poll: Poll,
        dead_letters: impl Fn() -> Option<(Arc<Queue>, u32)>,
    ) -> Result<Vec<Received>, ApiError> {
        let wait = poll.wait.unwrap_or_else(|| Duration::from_secs(self.state.lock().settings.wait_s as u64));
        let give_up = self.clock.now_ms() + wait.as_millis() as i64;
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Registered before looking, so that a message sent in between is not missed.
            changed.as_mut().enable();
            let (taken, next_due) = self.take(poll, dead_letters())?;
            if !taken.is_empty() || self.clock.now_ms() >= give_up {
                return Ok(taken);
            }
            let wake = next_due.map_or(give_up, |due| due.min(give_up));
            tokio::select! {
                () = changed => {}
                () = self.clock.sleep_until(wake) => {}
            }
        }
    }

    fn take(
        &self,
        poll: Poll,
        dead_letters: Option<(Arc<Queue>, u32)>,
    ) -> Result<(Vec<Received>, Option<i64>), ApiError> {
        let now = self.clock.now_ms();
        let max_receives = dead_letters.as_ref().map(|(_, max)| *max);
        let (taken, dead, next_due) = {
            let mut state = self.settled()?;
            let room = MOST_IN_FLIGHT - state.messages.counts().in_flight.min(MOST_IN_FLIGHT);
            if room == 0 {
                return Err(ApiError::client(
                    "OverLimit",
                    format!("The queue has {MOST_IN_FLIGHT} messages in flight, and no more are handed out."),
                ));
            }
            let before = state.messages.next_due();
            let visibility_ms = poll
                .visibility
                .map_or(state.settings.visibility_s * 1000, |visibility| visibility.as_millis() as i64);
            let until = now + visibility_ms;
            let (taken, dead) = state.messages.take(now, poll.most.min(room), until, max_receives);
            if state.messages.counts().visible > 0 {
                self.changed.notify_one();
            }
            self.rouse(before, &state);
            (taken, dead, state.messages.next_due())
        };
        if let Some((target, _)) = dead_letters {
            for message in dead {
                if target.bury(&message, &self.arn).is_err() {
                    // Deleted this very moment: the message goes on living here.
                    let mut state = self.settled()?;
                    self.add(&mut state, message, None, None);
                }
            }
        }
        Ok((taken.into_iter().map(|taken| self.hand_over(taken)).collect(), next_due))
    }

    fn hand_over(&self, taken: Taken) -> Received {
        let receipt = Receipt { number: taken.number, receive: taken.receives };
        Received {
            message: taken.message,
            receipt_handle: receipt.seal(&self.id),
            receives: taken.receives,
            first_received_ms: taken.first_received_ms,
            dead_letter_source: taken.dead_letter_source,
        }
    }

    /// Deletes the message of a receipt. A receipt that is not the message's latest is accepted and changes nothing, as
    /// on AWS.
    pub(crate) fn delete(&self, receipt_handle: &str) -> Result<(), ApiError> {
        let receipt = Receipt::open(receipt_handle, &self.id)?;
        self.settled()?.messages.delete(receipt.number, receipt.receive);
        Ok(())
    }

    /// Makes a received message visible after `visibility`, counted from now.
    pub(crate) fn change_visibility(
        &self,
        receipt_handle: &str,
        visibility: Duration,
    ) -> Result<(), ApiError> {
        let receipt = Receipt::open(receipt_handle, &self.id)?;
        let mut state = self.settled()?;
        let before = state.messages.next_due();
        let until = self.clock.now_ms() + visibility.as_millis() as i64;
        if !state.messages.hide_until(receipt.number, receipt.receive, until) {
            return Err(invalid(format!(
                "Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is \
                 not available for visibility timeout change."
            )));
        }
        self.rouse(before, &state);
        Ok(())
    }

    /// How many messages stand where.
    pub(crate) fn counts(&self) -> Counts {
        self.settled()
            .map_or(Counts { visible: 0, in_flight: 0, delayed: 0 }, |state| state.messages.counts())
    }

    /// How long the oldest message has been there, in ms; CloudWatch calls it ApproximateAgeOfOldestMessage.
    pub(super) fn oldest_ms(&self) -> Option<i64> {
        let sent = self.settled().ok()?.messages.oldest()?;
        Some((self.clock.now_ms() - sent).max(0))
    }

    /// Forgets every message.
    pub(super) fn purge(&self) {
        self.state.lock().messages.clear();
    }

    /// Forgets every message and sends the waiting receivers away.
    pub(super) fn close(&self) {
        {
            let mut state = self.state.lock();
            state.deleted = true;
            state.messages.clear();
        }
        self.changed.notify_waiters();
    }

    /// The state as of now; an error when the queue is deleted.
    fn settled(&self) -> Result<parking_lot::MutexGuard<'_, State>, ApiError> {
        let mut state = self.state.lock();
        if state.deleted {
            return Err(does_not_exist());
        }
        let retention_ms = state.settings.retention_s * 1000;
        state.messages.settle(self.clock.now_ms(), retention_ms);
        Ok(state)
    }
}
