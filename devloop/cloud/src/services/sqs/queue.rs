//! One queue: its settings and messages behind a lock, and the receivers that wait.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{
    attempts::Attempts,
    attributes::Settings,
    deduplication::Accepted,
    messages::{Counts, Messages},
    metrics::Tally,
    redrive::{Redrive, RedriveAllow},
    service::does_not_exist,
    waiters::Waiters,
};
use crate::{clock::Clock, context::Context, error::ApiError, kept::Budget};

/// The most bytes of one queue: bodies, attributes, and the deduplication ids of a FIFO queue's last five minutes.
pub(crate) const KEPT_BYTES: usize = 512 << 20;

/// The most memory of all queues together, which includes what each message takes besides its body and attributes.
pub(crate) const MEMORY: usize = 1 << 30;

/// The shortest time between two purges, in ms [`PurgeQueue`, Amazon SQS API reference].
const PURGE_MS: i64 = 60_000;

#[derive(Debug)]
pub(crate) struct Queue {
    pub(super) name: String,
    pub(super) arn: Arc<str>,
    /// Distinguishes the queue from a later one with the same name.
    pub(super) id: String,
    pub(super) clock: Clock,
    pub(super) created_ms: i64,
    pub(super) state: Mutex<State>,
    /// The receivers that wait for messages.
    pub(super) waiters: Waiters,
    /// Notified of every message that arrives, for the task that records metrics.
    pub(super) new_message: Arc<Notify>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: Settings,
    modified_ms: i64,
    tags: BTreeMap<String, String>,
    pub(super) messages: Messages,
    pub(super) accepted: Accepted,
    pub(super) attempts: Attempts,
    pub(super) tally: Tally,
    purged_ms: Option<i64>,
    deleted: bool,
}

impl Queue {
    pub(super) fn new(
        cx: &Context,
        clock: Clock,
        name: &str,
        settings: Settings,
        tags: BTreeMap<String, String>,
        new_message: Arc<Notify>,
        budget: &Arc<Budget>,
    ) -> Self {
        let created_ms = clock.now_ms();
        Self {
            name: name.to_owned(),
            arn: cx.arn("sqs", name).into(),
            id: uuid::Uuid::new_v4().to_string(),
            clock,
            created_ms,
            state: Mutex::new(State {
                messages: Messages::new(settings.fifo.is_some(), budget),
                settings,
                modified_ms: created_ms,
                tags,
                accepted: Accepted::within(budget),
                attempts: Attempts::default(),
                tally: Tally::default(),
                purged_ms: None,
                deleted: false,
            }),
            waiters: Waiters::default(),
            new_message,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The queue's ARN.
    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    /// Whether the queue is a FIFO queue.
    pub(crate) fn is_fifo(&self) -> bool {
        self.name.strip_suffix(".fifo").is_some()
    }
    /// The queue's visibility timeout, in seconds.
    pub(crate) fn visibility_s(&self) -> i64 {
        self.state.lock().settings.visibility_s
    }

    pub(super) fn settings(&self) -> Settings {
        self.state.lock().settings.clone()
    }

    /// The largest message that the queue accepts, in bytes.
    pub(super) fn max_bytes(&self) -> i64 {
        self.state.lock().settings.max_bytes
    }

    /// The redrive policy, if there is one.
    pub(super) fn redrive(&self) -> Option<Redrive> {
        self.state.lock().settings.redrive.clone()
    }

    /// The redrive allow policy, if there is one: which queues may use this one as their dead-letter queue.
    pub(super) fn redrive_allow(&self) -> Option<RedriveAllow> {
        self.state.lock().settings.redrive_allow.clone()
    }

    /// When the settings last changed, in ms since the epoch.
    pub(super) fn modified_ms(&self) -> i64 {
        self.state.lock().modified_ms
    }

    /// Changes the settings under the lock; does not change them if `change` fails.
    pub(super) fn configure(
        &self,
        change: impl FnOnce(&mut Settings) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let mut state = self.settled()?;
        let mut settings = state.settings.clone();
        change(&mut settings)?;
        state.settings = settings;
        state.modified_ms = self.clock.now_ms();
        Ok(())
    }

    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        self.state.lock().tags.clone()
    }

    pub(super) fn change_tags(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        change(&mut self.state.lock().tags);
    }

    /// The number of messages in each state.
    pub(crate) fn counts(&self) -> Counts {
        self.settled().map_or_else(|_| Counts::default(), |state| state.messages.counts())
    }

    /// The counts of what was done with the messages.
    pub(super) fn tally(&self) -> Tally {
        self.state.lock().tally
    }

    /// The age of the oldest message in ms; CloudWatch's ApproximateAgeOfOldestMessage.
    pub(crate) fn oldest_ms(&self) -> Option<i64> {
        let sent = self.settled().ok()?.messages.oldest()?;
        Some((self.clock.now_ms() - sent).max(0))
    }

    /// The bytes of the queue; see [`KEPT_BYTES`].
    pub(crate) fn bytes(&self) -> usize {
        self.settled().map_or(0, |state| state.messages.bytes() + state.accepted.bytes())
    }

    /// Removes all messages; fails within a minute after the last purge.
    pub(super) fn purge(&self) -> Result<(), ApiError> {
        let mut state = self.settled()?;
        let now = self.clock.now_ms();
        if state.purged_ms.is_some_and(|purged| now < purged + PURGE_MS) {
            return Err(ApiError::with_status(
                403,
                "PurgeQueueInProgress",
                format!("Only one PurgeQueue operation on {} is allowed every 60 seconds.", self.name),
            ));
        }
        state.purged_ms = Some(now);
        state.messages.clear();
        Ok(())
    }

    /// Removes all messages and wakes the waiting receivers, which then fail.
    pub(super) fn close(&self) {
        {
            let mut state = self.state.lock();
            state.deleted = true;
            state.messages.clear();
        }
        self.waiters.wake_all();
    }

    /// The state as of now; fails if the queue is deleted.
    pub(super) fn settled(&self) -> Result<parking_lot::MutexGuard<'_, State>, ApiError> {
        let mut state = self.state.lock();
        if state.deleted {
            return Err(does_not_exist());
        }
        let retention_ms = state.settings.retention_s * 1000;
        state.messages.settle(self.clock.now_ms(), retention_ms);
        Ok(state)
    }
}
