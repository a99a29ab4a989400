//! Receives of a queue, which may wait, and the operations on received messages.

use std::{sync::Arc, time::Duration};

use super::{
    messages::{Hidden, Taken},
    queue::{Queue, State},
    receipt::Receipt,
    received::{Received, sequence_number},
    service::invalid,
};
use crate::error::ApiError;

/// The most messages in flight [Amazon SQS standard queue quotas].
const MOST_IN_FLIGHT: usize = 120_000;

/// The parameters of a receive.
#[derive(Debug, Clone, Default)]
pub(crate) struct Poll {
    /// The most messages to take.
    pub(crate) most: usize,
    /// How long to wait for the first message; by default as long as the queue's own setting.
    pub(crate) wait: Option<Duration>,
    /// The visibility timeout of the messages; by default the queue's own.
    pub(crate) visibility: Option<Duration>,
    /// The receive attempt id, with which the receive can be repeated; for FIFO queues only.
    pub(crate) attempt: Option<String>,
}

impl Queue {
    /// Receives messages, and waits for the first one. `dead_letters` returns the dead-letter queue and after how many
    /// receives a message moves there.
    pub(super) async fn receive(
        &self,
        poll: &Poll,
        dead_letters: impl Fn() -> Option<(Arc<Queue>, u32)>,
    ) -> Result<Vec<Received>, ApiError> {
        let wait = poll.wait.unwrap_or_else(|| Duration::from_secs(self.state.lock().settings.wait_s as u64));
        let (taken, _) = self.take(poll, dead_letters(), self.waiters.count(), wait.is_zero())?;
        if !taken.is_empty() || wait.is_zero() {
            return Ok(taken);
        }
        let give_up = self.clock.now_ms().saturating_add(wait.as_millis() as i64);
        // Joining the line before the next look makes sure that no message is missed in between.
        let place = self.waiters.join();
        loop {
            let ahead = place.ahead();
            let (taken, next_due) = self.take(poll, dead_letters(), ahead, false)?;
            if !taken.is_empty() || self.clock.now_ms() >= give_up {
                return Ok(taken);
            }
            let wake = next_due.filter(|_| ahead == 0).map_or(give_up, |due| due.min(give_up));
            tokio::select! {
                () = place.woken() => {}
                () = self.clock.sleep_until(wake) => {}
            }
        }
    }

    /// Takes the messages that are left after each of the `ahead` earlier receivers gets one message, or one message group of
    /// a FIFO queue. Also returns when the next message becomes visible by itself.
    fn take(
        &self,
        poll: &Poll,
        dead_letters: Option<(Arc<Queue>, u32)>,
        ahead: usize,
        short: bool,
    ) -> Result<(Vec<Received>, Option<i64>), ApiError> {
        let now = self.clock.now_ms();
        let max_receives = dead_letters.as_ref().map(|(_, max)| *max);
        let mut state = self.settled()?;
        let until = now
            + poll
                .visibility
                .map_or(state.settings.visibility_s * 1000, |visibility| visibility.as_millis() as i64);
        if let Some(attempt) = &poll.attempt {
            let State { attempts, messages, .. } = &mut *state;
            let again = attempts.find(attempt, now).and_then(|receipts| messages.repeat(receipts, until));
            if let Some(again) = again {
                return Ok((again.into_iter().map(|taken| self.hand_over(taken)).collect(), None));
            }
        }
        let room = MOST_IN_FLIGHT - state.messages.counts().in_flight.min(MOST_IN_FLIGHT);
        if room == 0 && short && !self.is_fifo() {
            return Err(ApiError::client(
                "OverLimit",
                format!("The queue has {MOST_IN_FLIGHT} messages in flight, and no more are handed out."),
            ));
        }
        let left = state.messages.receivable().saturating_sub(ahead);
        // Without earlier receivers there is no limit: on a FIFO queue one receiver may get several messages of a group.
        let share = if ahead == 0 { usize::MAX } else { left };
        let most = poll.most.min(room).min(share);
        let (taken, dead) = state.messages.take(now, most, until, max_receives);
        state.tally.received += taken.len() as u64;
        if let Some(attempt) = &poll.attempt
            && !taken.is_empty()
        {
            let receipts = taken.iter().map(|taken| (taken.number, taken.receives)).collect();
            state.attempts.remember(attempt, receipts, now);
        }
        let next_due = state.messages.next_due();
        drop(state);
        if let Some((target, _)) = dead_letters {
            for message in dead {
                if target.accept_dead_letter(&message, &self.arn).is_err() {
                    // The dead-letter queue was deleted or is full at this moment, so the message stays in this queue.
                    self.restore(message, None)?;
                }
            }
        }
        Ok((taken.into_iter().map(|taken| self.hand_over(taken)).collect(), next_due))
    }

    fn hand_over(&self, taken: Taken) -> Received {
        let receipt = Receipt { number: taken.number, receive: taken.receives };
        let sequence_number = self.is_fifo().then(|| sequence_number(taken.number));
        Received::new(taken, receipt.seal(&self.id), sequence_number)
    }

    /// Deletes the message of a receipt handle. A standard queue accepts an old receipt handle without deleting, as on AWS;
    /// in a FIFO queue a receipt handle expires with the visibility timeout.
    pub(crate) fn delete(&self, receipt_handle: &str) -> Result<(), ApiError> {
        let receipt = Receipt::open(receipt_handle, &self.id)?;
        let mut state = self.settled()?;
        let State { messages, tally, .. } = &mut *state;
        if self.is_fifo()
            && messages.holds(receipt.number)
            && messages.in_flight(receipt.number, receipt.receive).is_none()
        {
            return Err(invalid(format!(
                "Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
            )));
        }
        messages.delete(receipt.number, receipt.receive);
        tally.deleted += 1;
        // The next messages of the group may be receivable now.
        self.waiters.wake(messages.receivable());
        Ok(())
    }

    /// Makes a received message visible again after `visibility`, counted from now.
    pub(crate) fn change_visibility(
        &self,
        receipt_handle: &str,
        visibility: Duration,
    ) -> Result<(), ApiError> {
        let receipt = Receipt::open(receipt_handle, &self.id)?;
        let mut state = self.settled()?;
        let now = self.clock.now_ms();
        let until = now + visibility.as_millis() as i64;
        match state.messages.hide_until(receipt.number, receipt.receive, until) {
            Hidden::Done => {}
            Hidden::NotInFlight => {
                return Err(invalid(format!(
                    "Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or \
                     is not available for visibility timeout change."
                )));
            }
            Hidden::TooLong => {
                return Err(invalid(format!(
                    "Value {} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message \
                     is beyond the limit [43200 seconds]",
                    visibility.as_secs()
                )));
            }
        }
        if visibility.is_zero() {
            let retention_ms = state.settings.retention_s * 1000;
            state.messages.settle(now, retention_ms);
        }
        self.waiters.wake(state.messages.receivable());
        Ok(())
    }
}
