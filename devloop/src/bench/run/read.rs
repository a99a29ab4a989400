//! Reads the functions' logs after the load, so that reading does not disturb it.

use super::load::{LoadEnd, Rows};
use crate::bench::account::{Account, Sent};
use crate::bench::assemble::Seen;
use crate::bench::chain::{Evidence, FollowedBy, FunctionLog, Measured, account, report};
use crate::bench::document::Outcome;
use crate::bench::follow::StageLog;
use crate::bench::row::SinkRow;
use crate::bench::sample::Sample;
use crate::bench::sink::complete;
use crate::bench::target::{BenchTarget, FollowedChain};
use crate::bench::wait::WaitState;
use crate::bus::now;

/// The input of the reading.
pub(super) struct Reading<'a> {
    pub(super) target: &'a BenchTarget,
    pub(super) rows: &'a Rows,
    pub(super) through: &'a LoadEnd,
    pub(super) sent: &'a Sent,
    pub(super) samples: &'a [Sample],
}

/// The result of the reading.
pub(super) struct Read {
    pub(super) account: Account,
    pub(super) seen: Seen,
    pub(super) outcome: Outcome,
}

impl Reading<'_> {
    /// Reads the lines of the pipeline's stages; `sink` has what the last one wrote.
    pub(super) async fn pipeline(&self, mut sink: Vec<SinkRow>) -> Result<Read, String> {
        let Reading { target, rows, .. } = *self;
        let mut logs: [StageLog; 3] = Default::default();
        for (stage, log) in logs.iter_mut().enumerate() {
            if target.functions[stage].is_some() {
                *log = StageLog::read(&target.log(stage), rows.from, &rows.wanted).await?;
            }
        }
        let again = complete(&mut sink, logs[2].lines.iter().map(|(_, line)| line));
        let mut ages = [None; 3];
        for (stage, age) in ages.iter_mut().enumerate().skip(1) {
            *age = target.iterator_age(stage, rows.began_ms, now()).await;
        }
        let account = Account::new(self.sent, logs[1].store_rows(), sink);
        let outcome = match self.through.state {
            WaitState::Complete => Outcome::Complete,
            WaitState::Quiet => Outcome::Lost,
            WaitState::Waiting | WaitState::TimedOut => Outcome::TimedOut,
        };
        Ok(Read { account, seen: Seen::Pipeline { logs: Box::new(logs), again, ages }, outcome })
    }

    /// Reads the logs of a chain's functions. `errors_before` was read before the load.
    pub(super) async fn chain(
        &self,
        followed: &FollowedChain,
        errors_before: Errors,
    ) -> Result<Read, String> {
        let Reading { target, rows, through, sent, samples } = *self;
        let run = &sent.run;
        let (mut logs, mut measured) = (Vec::new(), Vec::new());
        let errors = Errors::since(target, errors_before.from_ms).await;
        for (place, (errors, before)) in errors.counts.into_iter().zip(errors_before.counts).enumerate() {
            logs.push(FunctionLog::read(&target.log(place), rows.from, run).await?);
            let is_read = target.is_read_in_batches(place);
            measured.push(Measured {
                label: target.label(place),
                errors: errors.zip(before).map(|(after, before)| after.saturating_sub(before)),
                iterator_age_ms: if is_read {
                    target.iterator_age(place, rows.began_ms, now()).await
                } else {
                    None
                },
                backlog: through.lag.as_ref().and_then(|lag| lag.get(place).copied()),
            });
        }
        let evidence = Evidence {
            chain: &followed.chain,
            ends: &followed.ends,
            sent,
            samples,
            began_ms: rows.began_ms,
            logs: &logs,
            counted: followed.metric.as_ref().map(|metric| (metric.shown(), through.counted.unwrap_or(0))),
        };
        let (by, account) = account(&evidence);
        let report = report(&evidence, by, &measured, &followed.gaps);
        let outcome = match through.state {
            WaitState::Waiting | WaitState::TimedOut => Outcome::TimedOut,
            WaitState::Quiet if by == FollowedBy::Rows && account.lost() > 0 => Outcome::Lost,
            WaitState::Quiet if by == FollowedBy::Metric && account.sink.arrived < account.accepted => {
                Outcome::Lost
            }
            WaitState::Quiet | WaitState::Complete => Outcome::Complete,
        };
        Ok(Read { account, seen: Seen::Chain(Box::new(report)), outcome })
    }
}

/// The failed invocations of each function of a chain, as CloudWatch counts them by the minute. Not used for the pipeline, whose
/// rows say more.
pub(super) struct Errors {
    /// They are counted from the minute of this time, in ms since the epoch.
    from_ms: u64,
    counts: Vec<Option<u64>>,
}

impl Errors {
    /// Counts failed invocations from that minute until now.
    pub(super) async fn since(target: &BenchTarget, from_ms: u64) -> Self {
        let mut counts = Vec::new();
        if target.followed().is_some() {
            for place in 0..target.functions.len() {
                counts.push(target.errors(place, from_ms, now()).await);
            }
        }
        Self { from_ms, counts }
    }
}
