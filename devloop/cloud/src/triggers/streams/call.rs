//! Invokes the function: with records of a batch, or to end a window.

use bytes::Bytes;

use super::{
    batch::{Batch, HEAD, TAIL},
    counts::InFlight,
    decide::Piece,
    failure_record::Condition,
    lane::{Flow, Lane},
    window::{self, Ending, Window},
};
use crate::{
    cause,
    functions::Outcome,
    source::SourceShard,
    triggers::{
        mapping::{LastResult, Plan},
        outside::Outside,
        response::{Verdict, names_failures, verdict},
    },
};

impl<H: SourceShard, O: Outside> Lane<H, O> {
    /// Invokes the function with a piece of a batch. In a window, the state in the response is kept if any record
    /// succeeded.
    pub(super) async fn call(
        &mut self,
        batch: &Batch<H::Record>,
        piece: &Piece,
        plan: &Plan,
    ) -> (Verdict, Option<Outcome>) {
        if let Some(last) = batch.entries[piece.records.clone()].last() {
            let now_ms = self.clock.now_ms();
            let age_ms = (now_ms - last.arrived_ms).max(0);
            self.outside.iterator_age(self.mapping.region(), plan.function_name(), age_ms, now_ms);
        }
        let tail = self.batch_tail(batch);
        let progress = std::sync::Arc::clone(&self.progress);
        let _in_flight = InFlight::new(&progress.counts, piece.records.len());
        let records = batch.entries[piece.records.clone()].iter();
        let causes = cause::of_all(records.map(|entry| entry.cause.as_ref()));
        let called = cause::within(causes, self.invoke(plan, batch.payload(&piece.records, &tail))).await;
        let Some(outcome) = called else {
            return (Verdict::NotInvoked, None);
        };
        let mut verdict =
            self.verdict(plan, &outcome, |text| batch.find(&piece.records, H::parse_sequence(text)?));
        if let Some(bounds) = batch.window {
            verdict = self.keep_state(bounds, batch, piece, verdict, &outcome);
        }
        self.note(verdict);
        (verdict, Some(outcome))
    }

    /// Ends the open window with an invocation without records, which is retried until it succeeds or the mapping's limits
    /// discard the window. The state is dropped only then.
    pub(super) async fn end_window(&mut self, ending: Ending) -> Flow {
        let Some(window) = self.progress.window.lock().clone() else { return Flow::Continue(()) };
        if window.touched {
            self.last_call(&window, ending).await?;
        }
        let next = (ending == Ending::Early).then(|| Window::open(window.bounds));
        *self.progress.window.lock() = next;
        Flow::Continue(())
    }

    /// The final invocation of a window that the function has been invoked for. When this returns, the function has handled
    /// the window's state or the window has been discarded.
    async fn last_call(&mut self, window: &Window, ending: Ending) -> Flow {
        self.backoff.reset();
        let mut tries = 0;
        loop {
            let plan = self.plan()?;
            let too_old = plan
                .settings
                .record_age
                .is_some_and(|age| self.clock.now_ms() > window.bounds.end_ms + age.as_millis() as i64);
            if tries > 0 && too_old {
                self.discard_window((window, ending), tries, Condition::RecordAgeExceeded, None).await?;
                return Flow::Continue(());
            }
            if let Some(outcome) = self.invoke(&plan, self.last_event(window, ending)).await {
                tries += 1;
                let answered = window::state(&outcome.payload).is_some();
                let verdict = match self.verdict(&plan, &outcome, |_| None) {
                    Verdict::Done if answered => Verdict::Done,
                    _ => Verdict::FailedFrom(0),
                };
                self.note(verdict);
                if verdict == Verdict::Done {
                    return Flow::Continue(());
                }
                if plan.settings.retries.is_some_and(|retries| tries > retries) {
                    let condition = Condition::RetryAttemptsExhausted;
                    self.discard_window((window, ending), tries, condition, Some(&outcome)).await?;
                    return Flow::Continue(());
                }
            }
            self.wait().await;
        }
    }

    /// The event of a window's final invocation.
    pub(super) fn last_event(&self, window: &Window, ending: Ending) -> Bytes {
        [HEAD, &self.tail(window.bounds, Some(ending))].concat().into()
    }

    /// The part of an event that follows a batch's records.
    pub(super) fn batch_tail(&self, batch: &Batch<H::Record>) -> Vec<u8> {
        batch.window.map_or_else(|| TAIL.to_vec(), |bounds| self.tail(bounds, None))
    }

    fn tail(&self, bounds: window::Bounds, ending: Option<Ending>) -> Vec<u8> {
        let mut open = self.progress.window.lock();
        let window = open.get_or_insert_with(|| Window::open(bounds));
        window.touched = true;
        window.tail(self.progress.shard.id(), self.mapping.stream_arn(), ending)
    }

    /// One invocation; `None` when it did not reach the function.
    async fn invoke(&mut self, plan: &Plan, payload: Bytes) -> Option<Outcome> {
        // If the function changes from here on, the old code may still run the invocation. So every later change ends the
        // next wait.
        self.nudges.mark_unchanged();
        let cx = self.mapping.request_context();
        match self.outside.invoke(&cx, &plan.function_arn, payload).await {
            Ok(outcome) => Some(outcome),
            Err(error) => {
                self.report("the function was not reached", &error);
                self.note(Verdict::NotInvoked);
                None
            }
        }
    }

    fn verdict(&self, plan: &Plan, outcome: &Outcome, find: impl Fn(&str) -> Option<usize>) -> Verdict {
        if outcome.function_error.is_some() {
            return Verdict::FailedFrom(0);
        }
        if plan.settings.partial_answers {
            return verdict(&outcome.payload, find);
        }
        if names_failures(&outcome.payload) {
            self.mapping.ignores_failures(plan.function_name());
        }
        Verdict::Done
    }

    /// In a window, an invocation has failed if its response has no state [events.md §3]. If the response has one, the
    /// state contains the records that succeeded.
    fn keep_state(
        &self,
        bounds: window::Bounds,
        batch: &Batch<H::Record>,
        piece: &Piece,
        verdict: Verdict,
        outcome: &Outcome,
    ) -> Verdict {
        let done = match verdict {
            Verdict::Done => piece.records.len(),
            Verdict::FailedFrom(index) => index,
            Verdict::NotInvoked => 0,
        };
        let taken = batch.taken(piece.records.start..piece.records.start + done);
        let (Some(taken), Some(state)) = (taken, window::state(&outcome.payload)) else {
            return Verdict::FailedFrom(0);
        };
        self.progress.window.lock().get_or_insert_with(|| Window::open(bounds)).take(state, taken);
        verdict
    }

    fn note(&self, verdict: Verdict) {
        self.mapping.processed(match verdict {
            Verdict::Done => LastResult::Ok,
            Verdict::FailedFrom(_) | Verdict::NotInvoked => LastResult::CallFailed,
        });
    }
}
