//! Sends a load and waits until every accepted request is complete.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{Order, failed};
use crate::bench::chain::answered;
use crate::bench::follow::{Rows as _, Wanted};
use crate::bench::generator::{self, Ended};
use crate::bench::payload::parse_id;
use crate::bench::progress::{Phase, Progress};
use crate::bench::row::SinkRow;
use crate::bench::sample::Sample;
use crate::bench::sink::SinkRows;
use crate::bench::target::{BenchTarget, MetricCount};
use crate::bench::usage::Moment;
use crate::bench::wait::{Patience, WaitState, Waiting};
use crate::bus::now;
use crate::engine::Problem;

/// The pause between two readings of rows while the load goes on. Reading takes processor time from the functions.
const READING: Duration = Duration::from_secs(1);

/// The pause while the load drains.
const DRAINING: Duration = Duration::from_millis(250);

/// The pause on AWS, where requests cost money and are limited: FilterLogEvents to five a second in an account's region `[CloudWatch
/// Logs quotas]`.
const AT_AWS: Duration = Duration::from_secs(2);

/// How much older than the load a line of the run may seem, in ms, because the clocks of two machines differ.
const SKEW_MS: i64 = 60_000;

/// A load and its drain.
pub(super) struct Load<'a> {
    target: &'a BenchTarget,
    order: &'a Order,
    pub(super) progress: Progress,
    pub(super) samples: Vec<Sample>,
    pub(super) rows: Rows,
    /// When each request was sent, in ms since the epoch; only for a chain, whose logs do not contain it.
    sendings: HashMap<(u32, u32), i64>,
    /// The last count of the values of the metric that the chain ends in.
    counted: Option<u64>,
}

/// The rows of the requests.
pub(super) struct Rows {
    /// Decides which rows belong to the run.
    pub(super) wanted: Wanted,
    /// When the load began, in ms since the epoch.
    pub(super) began_ms: u64,
    /// Lines of the run are not older than this, in ms since the epoch.
    pub(super) from: i64,
    seen: HashSet<(u32, u32)>,
    /// All rows, in the order in which they were read.
    pub(super) sink: Vec<SinkRow>,
    /// How the load ended.
    pub(super) through: Option<LoadEnd>,
}

/// How a load ended.
pub(super) struct LoadEnd {
    /// Whether all accepted requests are complete.
    pub(super) state: WaitState,
    /// What the processes had used when the load ended.
    pub(super) at_end: Moment,
    /// The generator's account.
    pub(super) ended: Ended,
    /// Records that waited for each function when the load ended, if the target reports them.
    pub(super) lag: Option<Vec<u64>>,
    /// The values of the metric that the chain ends in, if it does.
    pub(super) counted: Option<u64>,
}

impl Default for LoadEnd {
    fn default() -> Self {
        Self {
            state: WaitState::TimedOut,
            at_end: Moment::default(),
            ended: Ended::default(),
            lag: None,
            counted: None,
        }
    }
}

impl<'a> Load<'a> {
    pub(super) fn new(target: &'a BenchTarget, order: &'a Order, phase: Phase) -> Self {
        let began_ms = now();
        let load_ms = order.plan.duration.map(|duration| duration.as_millis() as u64);
        let progress = Progress::new(&order.plan.run, phase, began_ms, load_ms);
        let wanted = Wanted { run: Some(order.plan.run.clone()), received_from: None };
        let rows = Rows { wanted, began_ms, from: 0, seen: HashSet::new(), sink: Vec::new(), through: None };
        Self { target, order, progress, samples: Vec::new(), rows, sendings: HashMap::new(), counted: None }
    }

    /// Sends the load and waits until all accepted requests are complete, or nothing is pending any more.
    pub(super) async fn go(
        &mut self,
        stop: &CancellationToken,
        watch: &dyn Fn(&Progress),
    ) -> Result<(), Problem> {
        let (target, order) = (self.target, self.order);
        let entry =
            target.entry.as_ref().ok_or_else(|| failed("there is nothing to send requests to".to_owned()))?;
        let metric = MetricCount::begin(target, now()).await.map_err(failed)?;
        let mut running =
            generator::start(entry, &target.client, &target.region, &order.plan, &order.payload, stop)
                .map_err(failed)?;
        let began_ms = running.began_ms;
        self.progress = Progress::new(&order.plan.run, self.progress.phase, began_ms, self.progress.load_ms);
        self.progress.hops = target.hops();
        self.rows.began_ms = began_ms;
        self.rows.from = began_ms as i64 - SKEW_MS;
        if !order.is_new_name {
            self.rows.wanted.received_from = Some(began_ms as i64);
            self.rows.from = began_ms as i64;
        }
        let mut follower = target.rows(self.rows.from, self.rows.wanted.clone());

        let mut ticks = tokio::time::interval(DRAINING);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut read = Instant::now();
        let is_warm_up = self.progress.phase == Phase::WarmUp;
        loop {
            tokio::select! {
                batch = running.samples.recv() => match batch {
                    Some(batch) => {
                        self.progress.samples(&batch);
                        self.follow(&batch);
                        self.samples.extend(batch);
                    }
                    None => break,
                },
                _ = ticks.tick() => {
                    if read.elapsed() >= if target.client.is_aws() { AT_AWS } else { READING } {
                        read = Instant::now();
                        // Under load an answer may take long. An error is ignored, because the next reading returns these rows too.
                        if let Ok(fresh) = follower.fresh().await {
                            self.take(fresh);
                        }
                        let lag = target.pending(now()).await.ok().and_then(|(_, lag)| lag);
                        self.progress.waits(lag);
                    }
                    self.progress.at(now());
                    watch(&self.progress);
                }
            }
        }
        let ended = running.end.await.unwrap_or_default();
        let at_end = Moment::read(target.process);
        let lag = match target.followed() {
            Some(_) => target.pending(now()).await.ok().and_then(|(_, lag)| lag),
            None => None,
        };
        if !is_warm_up {
            self.progress.phase = Phase::Drain;
        }
        let mut state = self.drain(&mut follower, metric.as_ref(), watch).await?;
        if state != WaitState::Complete {
            let rest = follower.rest().await.map_err(failed)?;
            self.take(rest);
            // Late rows with an old time are not among the fresh ones.
            if metric.is_none() && self.rows.seen.is_superset(&self.accepted()) {
                state = WaitState::Complete;
            }
        }
        self.rows.through = Some(LoadEnd { state, at_end, ended, lag, counted: self.counted });
        Ok(())
    }

    /// Waits until all accepted requests are complete, or nothing is pending any more.
    async fn drain(
        &mut self,
        follower: &mut SinkRows,
        metric: Option<&MetricCount>,
        watch: &dyn Fn(&Progress),
    ) -> Result<WaitState, Problem> {
        let accepted = self.accepted();
        let patience = Patience {
            expected: Some(accepted.len() as u64),
            idle: self.target.idle(self.order.idle),
            timeout: self.order.timeout,
        };
        let began = Instant::now();
        let mut waiting = Waiting::new(patience, 0);
        let mut ticks = tokio::time::interval(if self.target.client.is_aws() { AT_AWS } else { DRAINING });
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // Pending events are asked for first: a request that becomes complete between the two questions is then seen and not
            // taken for lost.
            let pending = self.target.pending(now()).await;
            let fresh = follower.fresh().await;
            let counted = match metric {
                Some(metric) => metric.read(self.target, now()).await.map(Some),
                None => Ok(None),
            };
            let (pending, fresh) = match (pending, fresh, counted) {
                (Ok(pending), Ok(fresh), Ok(counted)) => {
                    self.counted = counted;
                    (pending, fresh)
                }
                (Err(reason), ..) | (_, Err(reason), _) | (.., Err(reason)) => {
                    if waiting.is_gone(began.elapsed()) {
                        return Err(failed(format!("there was no answer for a while: {reason}")));
                    }
                    self.progress.at(now());
                    watch(&self.progress);
                    continue;
                }
            };
            self.take(fresh);
            let mut seen = self.rows.seen.intersection(&accepted).count() as u64;
            if let Some(counted) = self.counted {
                seen = counted.min(accepted.len() as u64);
                self.progress.sunk = seen;
            }
            let (pending, lag) = pending;
            self.progress.at(now());
            self.progress.waits(lag);
            watch(&self.progress);
            let state = waiting.look(began.elapsed(), seen, &pending);
            if state != WaitState::Waiting {
                return Ok(state);
            }
        }
    }

    /// The requests that were accepted, by user and iteration.
    fn accepted(&self) -> HashSet<(u32, u32)> {
        let accepted = self.samples.iter().filter(|sample| sample.accepted());
        accepted.map(|sample| (sample.user, sample.iteration)).collect()
    }

    /// Notes when requests to a chain were sent, which no log contains, and counts a request as complete if its answer completes
    /// it.
    fn follow(&mut self, batch: &[Sample]) {
        let Some(followed) = self.target.followed() else { return };
        let (run, began_ms) = (&self.order.plan.run, self.rows.began_ms);
        if followed.chain.ends_with_the_answer() {
            let accepted = batch.iter().filter(|sample| sample.accepted());
            let rows = accepted.map(|sample| answered(run, sample, began_ms)).collect();
            self.take(rows);
        } else {
            self.sendings.extend(
                batch
                    .iter()
                    .map(|sample| ((sample.user, sample.iteration), (began_ms + sample.sent / 1_000) as i64)),
            );
        }
    }

    fn take(&mut self, fresh: Vec<SinkRow>) {
        for mut row in fresh {
            let id = parse_id(&self.order.plan.run, &row.key);
            row.received = row.received.or_else(|| self.sendings.get(&id?).copied());
            let is_first = id.is_some_and(|id| self.rows.seen.insert(id));
            if is_first {
                self.progress.row(&row);
            }
            self.rows.sink.push(row);
        }
    }
}
