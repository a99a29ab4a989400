//! One lane: reads a shard from its checkpoint on and hands batch after batch to the function, keeping the order.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use tokio::sync::watch;
use uuid::Uuid;

use super::{
    backoff::Backoff,
    batch::{Batch, Gathered, gather},
    decide::{Next, Piece, Work},
    failure_record::{Condition, Discarded},
    progress::Progress,
};
use crate::{
    clock::Clock,
    error::ApiError,
    functions::Outcome,
    shard::Start,
    source::SourceShard,
    triggers::{
        mapping::{LastResult, Mapping, Plan},
        outside::Outside,
        response::{Verdict, verdict},
    },
};

/// The task of one shard. It ends when the shard does or when the mapping is disabled; what it holds then is read again
/// from the checkpoint.
#[derive(Debug)]
pub(super) struct Lane<H, O> {
    mapping: Arc<Mapping>,
    progress: Arc<Progress<H>>,
    outside: Arc<O>,
    clock: Clock,
    plans: watch::Receiver<Arc<Plan>>,
    /// Changes when the function does, which ends a wait for the next try.
    nudges: watch::Receiver<u64>,
    backoff: Backoff,
}

/// `Break` when the mapping was disabled meanwhile.
type Flow = ControlFlow<()>;

impl<H: SourceShard, O: Outside> Lane<H, O> {
    pub(super) fn new(
        mapping: Arc<Mapping>,
        progress: Arc<Progress<H>>,
        outside: Arc<O>,
        clock: Clock,
    ) -> Self {
        let (plans, nudges) = (mapping.plans(), mapping.nudges());
        Self { mapping, progress, outside, clock, plans, nudges, backoff: Backoff::default() }
    }

    /// Works until the shard ends or the mapping is disabled; returns the shard's id.
    pub(super) async fn run(mut self) -> String {
        loop {
            let (shard, from) = (Arc::clone(&self.progress.shard), self.progress.checkpoint());
            match gather(&*shard, from, &mut self.plans, &self.clock).await {
                Gathered::Batch(batch) => {
                    if self.deliver(&batch).await.is_break() {
                        break;
                    }
                }
                Gathered::Finished => {
                    self.progress.finish();
                    break;
                }
                Gathered::Paused => break,
            }
        }
        self.progress.shard.id().to_owned()
    }

    /// Works off a batch. The checkpoint follows every step, so nothing settled is delivered again.
    async fn deliver(&mut self, batch: &Batch<H::Record>) -> Flow {
        let mut work = Work::new(batch.entries.len());
        self.backoff.reset();
        while let Some(piece) = work.piece().cloned() {
            let plan = Arc::clone(&self.plans.borrow_and_update());
            if !plan.enabled {
                return Flow::Break(());
            }
            let expired = self.expired(batch, &piece, &plan);
            if expired > 0 {
                let records = piece.records.start..piece.records.start + expired;
                let piece = Piece { records, ..piece };
                self.discard(batch, &piece, Condition::RecordAgeExceeded, None).await?;
                work.settle(expired);
                self.progress.advance(batch.sequence(work.settled()));
                continue;
            }
            let (verdict, outcome) = self.invoke(batch, &piece, &plan).await;
            self.mapping.processed(match verdict {
                Verdict::Done => LastResult::Ok,
                Verdict::FailedFrom(_) | Verdict::NotInvoked => LastResult::CallFailed,
            });
            match work.judge(verdict, &plan.settings) {
                Next::Progress => self.backoff.reset(),
                Next::Split => {}
                Next::Retry => self.wait().await,
                Next::Discard => {
                    let tried = Piece { tries: piece.tries + 1, ..piece };
                    self.discard(batch, &tried, Condition::RetryAttemptsExhausted, outcome.as_ref()).await?;
                    work.settle(tried.records.len());
                    self.backoff.reset();
                }
            }
            self.progress.advance(batch.sequence(work.settled()));
        }
        Flow::Continue(())
    }

    /// How many records at the head of a piece are too old for the mapping or, on a retry, no longer kept by the stream.
    fn expired(&self, batch: &Batch<H::Record>, piece: &Piece, plan: &Plan) -> usize {
        let entries = &batch.entries[piece.records.clone()];
        let oldest_ms = plan.settings.record_age.map(|age| self.clock.now_ms() - age.as_millis() as i64);
        let kept = if self.backoff.is_failing() {
            self.progress.shard.log().position(Start::TrimHorizon)
        } else {
            0
        };
        entries
            .iter()
            .take_while(|entry| {
                oldest_ms.is_some_and(|oldest| entry.arrived_ms < oldest) || entry.sequence < kept
            })
            .count()
    }

    async fn invoke(
        &mut self,
        batch: &Batch<H::Record>,
        piece: &Piece,
        plan: &Plan,
    ) -> (Verdict, Option<Outcome>) {
        // A function that changes from here on may not be the one that answers.
        self.nudges.mark_unchanged();
        let cx = self.mapping.request_context();
        if let Some(last) = batch.entries[piece.records.clone()].last() {
            let now_ms = self.clock.now_ms();
            let age_ms = (now_ms - last.arrived_ms).max(0);
            self.outside.iterator_age(&cx.region, plan.function_name(), age_ms, now_ms);
        }
        let outcome = self.outside.invoke(&cx, &plan.function_arn, batch.payload(&piece.records)).await;
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                self.report("the function was not reached", &error);
                return (Verdict::NotInvoked, None);
            }
        };
        let verdict = if outcome.function_error.is_some() {
            Verdict::FailedFrom(0)
        } else if plan.settings.partial_answers {
            verdict(&outcome.payload, |text| batch.find(&piece.records, H::parse_sequence(text)?))
        } else {
            Verdict::Done
        };
        (verdict, Some(outcome))
    }

    /// Tells the destination, if there is one, however long that takes: until it knows, the records are not settled.
    async fn discard(
        &mut self,
        batch: &Batch<H::Record>,
        piece: &Piece,
        condition: Condition,
        outcome: Option<&Outcome>,
    ) -> Flow {
        let (first, last) = (&batch.entries[piece.records.start], &batch.entries[piece.records.end - 1]);
        let request_id =
            outcome.map_or_else(|| Uuid::new_v4().to_string(), |outcome| outcome.request_id.clone());
        tracing::warn!(
            mapping = %self.mapping.uuid, shard = self.progress.shard.id(), ?condition, records = piece.records.len(),
            "records are given up"
        );
        self.backoff.reset();
        loop {
            let plan = Arc::clone(&self.plans.borrow_and_update());
            let Some(queue_arn) = &plan.settings.on_failure else { return Flow::Continue(()) };
            if !plan.enabled {
                return Flow::Break(());
            }
            let body = Discarded {
                kind: self.mapping.kind,
                condition,
                request_id: &request_id,
                function_arn: &plan.function_arn,
                tries: piece.tries,
                executed_version: outcome.map_or("$LATEST", |outcome| &outcome.executed_version),
                function_error: outcome.and_then(|outcome| outcome.function_error),
                stream_arn: &self.mapping.source_arn,
                shard_id: self.progress.shard.id(),
                first_sequence: H::sequence(first.sequence),
                last_sequence: H::sequence(last.sequence),
                arrivals_ms: (first.arrived_ms, last.arrived_ms),
                size: piece.records.len(),
                now_ms: self.clock.now_ms(),
            }
            .body();
            match self.outside.send(queue_arn, body).await {
                Ok(()) => return Flow::Continue(()),
                Err(error) => {
                    self.mapping.processed(LastResult::DestinationFailed);
                    self.report("the on-failure destination was not reached", &error);
                    self.wait().await;
                }
            }
        }
    }

    /// Waits before another try; a changed function or mapping ends the wait and makes the waits short again.
    async fn wait(&mut self) {
        let wait: Duration = self.backoff.wait();
        let cut_short = tokio::select! {
            () = self.clock.sleep(wait) => false,
            _ = self.nudges.changed() => true,
            _ = self.plans.changed() => true,
        };
        if cut_short {
            self.backoff.reset();
        }
    }

    fn report(&self, what: &str, error: &ApiError) {
        tracing::warn!(mapping = %self.mapping.uuid, shard = self.progress.shard.id(), %error, "{what}");
    }
}
