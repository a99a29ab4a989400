//! One lane: it reads a shard, or a share of the shard's partition keys, and delivers one batch after another to the
//! function, in order. A shard has as many lanes as the mapping's parallelization factor.

use std::{
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::{
    backoff::Backoff,
    batch::Batch,
    counts::Counts,
    decide::{Next, Piece, Work},
    failure_record::Condition,
    gather::{Gathered, gather},
    pace::Pace,
    places::Share,
    progress::Progress,
    window::{Ending, STATE_LIMIT, Window},
};
use crate::{
    clock::Clock,
    error::ApiError,
    shard::Start,
    source::SourceShard,
    triggers::{
        mapping::{Mapping, Plan},
        outside::Outside,
        response::Verdict,
    },
};

/// The task of one lane. It ends with the shard, or when the mapping is disabled or its parallelization factor changes. A
/// batch that it has not settled by then is read again from the lane's checkpoint.
#[derive(Debug)]
pub(super) struct Lane<H, O> {
    pub(super) mapping: Arc<Mapping>,
    pub(super) progress: Arc<Progress<H>>,
    pub(super) outside: Arc<O>,
    pub(super) clock: Clock,
    pub(super) plans: watch::Receiver<Arc<Plan>>,
    /// Changes when the function does, which ends a wait for the next retry.
    pub(super) nudges: watch::Receiver<u64>,
    pub(super) backoff: Backoff,
    pub(super) pace: Pace,
    number: usize,
    share: Share,
}

/// `Break` when the mapping was disabled or its parallelization factor changed meanwhile.
pub(super) type Flow = ControlFlow<()>;

impl<H: SourceShard, O: Outside> Lane<H, O> {
    /// The lane with this number among the shard's lanes.
    pub(super) fn new(
        mapping: Arc<Mapping>,
        (progress, number): (Arc<Progress<H>>, usize),
        outside: Arc<O>,
        clock: Clock,
    ) -> Self {
        let (plans, nudges) = (mapping.plans(), mapping.nudges());
        let share = progress.share(number);
        let (backoff, pace) = (Backoff::default(), Pace::default());
        Self { mapping, progress, outside, clock, plans, nudges, backoff, pace, number, share }
    }

    /// Runs until the shard ends, or the mapping is disabled or its parallelization factor changes; returns the shard's id.
    pub(super) async fn run(mut self) -> String {
        while self.step().await.is_continue() {}
        self.progress.shard.id().to_owned()
    }

    async fn step(&mut self) -> Flow {
        let open = self.progress.window.lock().as_ref().map(|window| (window.bounds, window.size()));
        if open.is_some_and(|(_, size)| size > STATE_LIMIT) {
            return self.end_window(Ending::Early).await;
        }
        let bounds = open.map(|(bounds, _)| bounds);
        let progress = Arc::clone(&self.progress);
        let lane = (self.number, &self.share);
        match gather(&progress, lane, bounds, &mut self.plans, &self.clock).await {
            Gathered::Batch(mut batch) => self.deliver(&mut batch).await,
            Gathered::WindowOver => self.end_window(Ending::Over).await,
            Gathered::Finished => {
                self.progress.finish(self.number);
                Flow::Break(())
            }
            Gathered::Paused => Flow::Break(()),
        }
    }

    /// Processes a batch. The lane's checkpoint advances with every step, so nothing settled is delivered again.
    async fn deliver(&mut self, batch: &mut Batch<H::Record>) -> Flow {
        let mut work = Work::new(batch.entries.len());
        self.progress.settle(self.number, batch, 0);
        self.progress.shard.handed_over(&batch.entries, self.clock.now_ms());
        self.backoff.reset();
        if let Some(bounds) = batch.window {
            self.progress.window.lock().get_or_insert_with(|| Window::open(bounds));
        }
        while let Some(piece) = work.piece().cloned() {
            let plan = self.plan()?;
            let expired = self.expired(batch, &piece, &plan);
            if expired > 0 {
                let records = piece.records.start..piece.records.start + expired;
                let piece = Piece { records, ..piece };
                self.discard(batch, &piece, Condition::RecordAgeExceeded, None).await?;
                work.settle(expired);
                self.progress.settle(self.number, batch, work.settled());
                continue;
            }
            if piece.tries > 0 {
                Counts::add(&self.progress.counts.retried, 1);
            }
            let began = Instant::now();
            let (verdict, outcome) = self.call(batch, &piece, &plan).await;
            self.notice_starvation(&piece, &plan, began.elapsed(), verdict);
            match work.judge(verdict, &plan.settings) {
                Next::Progress => {
                    if verdict != Verdict::Done {
                        Counts::add(&self.progress.counts.checkpointed, 1);
                    }
                    self.backoff.reset();
                }
                Next::Split => Counts::add(&self.progress.counts.bisected, 1),
                Next::Retry => self.wait().await,
                Next::Discard => {
                    let tried = Piece { tries: piece.tries + 1, ..piece };
                    let condition = Condition::RetryAttemptsExhausted;
                    self.discard(batch, &tried, condition, outcome.as_ref()).await?;
                    work.settle(tried.records.len());
                    self.backoff.reset();
                }
            }
            self.progress.settle(self.number, batch, work.settled());
            if self.is_overfull() {
                self.end_window(Ending::Early).await?;
            }
        }
        Flow::Continue(())
    }

    /// Tells Lambda that this lane is starved, if the last invocation shows it.
    fn notice_starvation(&mut self, piece: &Piece, plan: &Plan, took: Duration, verdict: Verdict) {
        let size = plan.settings.batch_size;
        if verdict != Verdict::Done || piece.records.len() < size {
            return;
        }
        let (behind, _) = self.progress.shard.log().backlog(self.progress.checkpoint(self.number));
        if let Some(starved) = self.pace.after(*self.nudges.borrow(), took, behind, size) {
            self.outside.starves(starved);
        }
    }

    fn is_overfull(&self) -> bool {
        self.progress.window.lock().as_ref().is_some_and(|window| window.size() > STATE_LIMIT)
    }

    /// The mapping's current plan, unless that plan ends the lane.
    pub(super) fn plan(&mut self) -> ControlFlow<(), Arc<Plan>> {
        let plan = Arc::clone(&self.plans.borrow_and_update());
        if plan.enabled && plan.settings.factor == self.share.count() {
            ControlFlow::Continue(plan)
        } else {
            ControlFlow::Break(())
        }
    }

    /// How many records at the head of a piece are too old for the mapping or, on a retry, already dropped by the stream.
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

    /// Waits before a retry. A changed function or mapping ends the wait and resets the backoff.
    pub(super) async fn wait(&mut self) {
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

    pub(super) fn report(&self, what: &str, error: &ApiError) {
        tracing::warn!(mapping = %self.mapping.uuid, shard = self.progress.shard.id(), %error, "{what}");
    }
}
