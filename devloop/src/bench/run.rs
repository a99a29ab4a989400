//! One run from its warm-up to its document: the load, the waiting until all of it is through, and the reading of what the
//! stages wrote.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::bench::account::{Account, Sent};
use crate::bench::assemble::{Parts, assemble};
use crate::bench::document::{Document, Outcome};
use crate::bench::follow::{Rows, StageLog, Wanted};
use crate::bench::generator::{self, Ended};
use crate::bench::http::{Connection, address};
use crate::bench::payload::{Payload, parse_id};
use crate::bench::plan::Plan;
use crate::bench::progress::{Phase, Progress};
use crate::bench::row::SinkRow;
use crate::bench::sample::Sample;
use crate::bench::sink::{SinkRows, complete};
use crate::bench::target::Target;
use crate::bench::usage::Moment;
use crate::bench::wait::{Patience, Standing, Waiting};
use crate::bus::now;
use crate::engine::Problem;

/// How often rows are read while the load goes on: reading takes processor time from the pipeline.
const READING: Duration = Duration::from_secs(1);

/// How often while it drains.
const DRAINING: Duration = Duration::from_millis(250);

/// How often either way where each question costs and is limited: FilterLogEvents to five a second in an account's region
/// `[CloudWatch Logs quotas]`.
const AT_AWS: Duration = Duration::from_secs(2);

/// How long a server may take to encrypt a connection.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A log line may bear a time a little before the request's: clocks of two machines.
const SKEW_MS: i64 = 60_000;

/// What is to be done.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The load.
    pub(crate) plan: Plan,
    /// The body of its requests.
    pub(crate) payload: Payload,
    /// How long the pipeline is loaded before the measurement.
    pub(crate) warm_up: Duration,
    /// Without news for so long, and with nothing pending, no more will come.
    pub(crate) idle: Duration,
    /// The end of all waiting.
    pub(crate) timeout: Duration,
    /// The run's name was made for it, so that whatever bears it is of this run; else what was before is not.
    pub(crate) is_new_name: bool,
}

/// A run that is over.
pub(crate) struct Finished {
    /// Everything about it.
    pub(crate) document: Document,
    /// Each request.
    pub(crate) account: Account,
    /// What the generator saw of each.
    pub(crate) samples: Vec<Sample>,
}

/// Runs the order against the target. `stop` ends the load early; what was accepted until then is still waited for. `watch` gets
/// the progress about four times a second.
pub(crate) async fn run(
    target: &Target,
    order: &Order,
    stop: &CancellationToken,
    watch: &dyn Fn(&Progress),
) -> Result<Finished, Problem> {
    shake_hands(target).await?;
    if !order.warm_up.is_zero() && !stop.is_cancelled() {
        let plan = Plan {
            run: format!("{}-warm-up", order.plan.run),
            duration: Some(order.warm_up),
            requests: None,
            ..order.plan.clone()
        };
        let warm_up = Order { plan, warm_up: Duration::ZERO, ..order.clone() };
        Course::new(target, &warm_up, Phase::WarmUp).go(stop, watch).await?;
    }
    Box::pin(measure(target, order, stop, watch)).await
}

/// An API that cannot be spoken to in private is told before the load: no request of it would be answered.
async fn shake_hands(target: &Target) -> Result<(), Problem> {
    let api = target.api.as_deref().unwrap_or_default();
    let unreachable = |reason: String| Problem::new("api_unreachable", format!("connect to {api}: {reason}"));
    if !address(api).map_err(unreachable)?.encrypted {
        return Ok(());
    }
    let mut connection = Connection::new(api, "", target.client.trust()).map_err(unreachable)?;
    let opened = tokio::time::timeout(HANDSHAKE, connection.open()).await;
    opened.unwrap_or_else(|_| Err(format!("no answer within {} s", HANDSHAKE.as_secs()))).map_err(unreachable)
}

async fn measure(
    target: &Target,
    order: &Order,
    stop: &CancellationToken,
    watch: &dyn Fn(&Progress),
) -> Result<Finished, Problem> {
    let before = Moment::read(target.process);
    let given_up_before = target.pending(now()).await.map_err(failed)?.0.given_up;
    let began = Instant::now();
    let Course { mut progress, samples, mut rows, .. } = {
        let mut course = Course::new(target, order, Phase::Load);
        course.go(stop, watch).await?;
        course
    };
    let after = Moment::read(target.process);
    let elapsed = began.elapsed();
    let Through { standing, at_end, ended, mut sink } = rows.through.take().unwrap_or_default();
    progress.phase = Phase::Reading;
    progress.at(now());
    watch(&progress);

    let from = rows.from;
    let mut logs: [StageLog; 3] = Default::default();
    for (stage, log) in logs.iter_mut().enumerate() {
        if target.functions[stage].is_some() {
            *log = StageLog::read(&target.log(stage), from, &rows.wanted).await.map_err(failed)?;
        }
    }
    let again = complete(&mut sink, logs[2].lines.iter().map(|(_, line)| line));
    let mut ages = [None; 3];
    for (stage, age) in ages.iter_mut().enumerate().skip(1) {
        *age = target.iterator_age(stage, rows.began_ms, now()).await;
    }
    let given_up = target.pending(now()).await.map_err(failed)?.0.given_up;
    let sent = Sent::from_samples(&order.plan.run, &samples);
    let account = Account::new(&sent, logs[1].store_rows(), sink);
    let parts = Parts {
        target,
        plan: &order.plan,
        samples: &samples,
        ended: &ended,
        began_ms: rows.began_ms,
        interrupted: stop.is_cancelled(),
        outcome: match standing {
            Standing::Complete => Outcome::Complete,
            Standing::Quiet => Outcome::Lost,
            Standing::Waiting | Standing::TimedOut => Outcome::TimedOut,
        },
        account: &account,
        logs: &logs,
        again,
        ages,
        given_up: given_up.zip(given_up_before).map(|(after, before)| after.saturating_sub(before)),
        moments: [before, at_end, after],
        elapsed,
    };
    let document = assemble(&parts);
    Ok(Finished { document, account, samples })
}

/// A load and its drain.
struct Course<'a> {
    target: &'a Target,
    order: &'a Order,
    progress: Progress,
    samples: Vec<Sample>,
    rows: Followed,
}

/// What was followed.
struct Followed {
    wanted: Wanted,
    began_ms: u64,
    from: i64,
    seen: HashSet<(u32, u32)>,
    sink: Vec<SinkRow>,
    through: Option<Through>,
}

/// The end of a course.
struct Through {
    standing: Standing,
    at_end: Moment,
    ended: Ended,
    sink: Vec<SinkRow>,
}

impl Default for Through {
    fn default() -> Self {
        Self {
            standing: Standing::TimedOut,
            at_end: Moment::default(),
            ended: Ended::default(),
            sink: Vec::new(),
        }
    }
}

impl<'a> Course<'a> {
    fn new(target: &'a Target, order: &'a Order, phase: Phase) -> Self {
        let began_ms = now();
        let load_ms = order.plan.duration.map(|duration| duration.as_millis() as u64);
        let progress = Progress::new(&order.plan.run, phase, began_ms, load_ms);
        let wanted = Wanted { run: Some(order.plan.run.clone()), received_from: None };
        let rows =
            Followed { wanted, began_ms, from: 0, seen: HashSet::new(), sink: Vec::new(), through: None };
        Self { target, order, progress, samples: Vec::new(), rows }
    }

    async fn go(&mut self, stop: &CancellationToken, watch: &dyn Fn(&Progress)) -> Result<(), Problem> {
        let (target, order) = (self.target, self.order);
        let api = target.api.as_deref().unwrap_or_default();
        let mut running = generator::start(api, target.client.trust(), &order.plan, &order.payload, stop)
            .map_err(failed)?;
        let began_ms = running.began_ms;
        self.progress = Progress::new(&order.plan.run, self.progress.phase, began_ms, self.progress.load_ms);
        self.progress.functions = [0, 1, 2].map(|stage| target.label(stage));
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
                        self.samples.extend(batch);
                    }
                    None => break,
                },
                _ = ticks.tick() => {
                    if read.elapsed() >= if target.client.is_aws() { AT_AWS } else { READING } {
                        read = Instant::now();
                        // Under load an answer may take long, and the next one has what this one had.
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
        if !is_warm_up {
            self.progress.phase = Phase::Drain;
        }
        let mut standing = self.drain(&mut follower, watch).await?;
        if standing != Standing::Complete {
            let rest = follower.rest().await.map_err(failed)?;
            self.take(rest);
            // What bears an old time and came late was not among what is fresh.
            if self.rows.seen.is_superset(&self.accepted()) {
                standing = Standing::Complete;
            }
        }
        let sink = std::mem::take(&mut self.rows.sink);
        self.rows.through = Some(Through { standing, at_end, ended, sink });
        Ok(())
    }

    /// Waits until all that was accepted is through.
    async fn drain(
        &mut self,
        follower: &mut SinkRows,
        watch: &dyn Fn(&Progress),
    ) -> Result<Standing, Problem> {
        let accepted = self.accepted();
        let patience = Patience {
            expected: Some(accepted.len() as u64),
            idle: self.order.idle,
            timeout: self.order.timeout,
        };
        let began = Instant::now();
        let mut waiting = Waiting::new(patience, 0);
        let mut ticks = tokio::time::interval(if self.target.client.is_aws() { AT_AWS } else { DRAINING });
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut refused_since: Option<String> = None;
        loop {
            ticks.tick().await;
            // What is pending is asked first: what is through between the two questions is seen, not lost.
            let pending = self.target.pending(now()).await;
            let fresh = follower.fresh().await;
            let (pending, fresh) = match (pending, fresh) {
                (Ok(pending), Ok(fresh)) => (pending, fresh),
                (Err(reason), _) | (_, Err(reason)) => {
                    if began.elapsed() >= self.order.timeout {
                        return Err(failed(refused_since.unwrap_or(reason)));
                    }
                    refused_since = Some(reason);
                    continue;
                }
            };
            self.take(fresh);
            let seen = self.rows.seen.intersection(&accepted).count() as u64;
            let (pending, lag) = pending;
            self.progress.at(now());
            self.progress.waits(lag);
            watch(&self.progress);
            let standing = waiting.look(began.elapsed(), seen, &pending);
            if standing != Standing::Waiting {
                return Ok(standing);
            }
        }
    }

    /// The requests that were accepted, by user and iteration.
    fn accepted(&self) -> HashSet<(u32, u32)> {
        let accepted = self.samples.iter().filter(|sample| sample.accepted());
        accepted.map(|sample| (sample.user, sample.iteration)).collect()
    }

    fn take(&mut self, fresh: Vec<SinkRow>) {
        for row in fresh {
            let is_first =
                parse_id(&self.order.plan.run, &row.key).is_some_and(|id| self.rows.seen.insert(id));
            if is_first {
                self.progress.row(&row);
            }
            self.rows.sink.push(row);
        }
    }
}

fn failed(reason: String) -> Problem {
    Problem::new("bench_failed", format!("follow the run: {reason}"))
        .with_hint("the pipeline has to stay reachable until everything that was accepted is through")
}
