//! The progress of a run, as the screen and the progress lines show it: counts, rates and percentiles of each second, and the
//! records that wait for each function. Pure.

use std::collections::BTreeMap;

use crate::bench::distribution::Distribution;
use crate::bench::row::SinkRow;
use crate::bench::sample::Sample;

/// The number of seconds that are kept, the last ones.
const KEPT: usize = 600;

/// The phase of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Load before the measurement.
    #[default]
    WarmUp,
    /// The measurement.
    Load,
    /// The load is over; accepted requests are still on their way.
    Drain,
    /// The functions' logs are read.
    Reading,
}

/// A function that a request passes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hop {
    /// Its event source: `API`, `stream`, `stream orders`.
    pub(crate) source: String,
    /// The label of the records that wait for it, in a progress line.
    pub(crate) counted: String,
    /// The label of these records over a chart.
    pub(crate) waits: String,
    /// The name that is shown.
    pub(crate) function: String,
    /// Whether it comes after the previous function in the list; otherwise it is on another branch.
    pub(crate) is_next: bool,
}

/// One second of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Second {
    /// Answers with 200.
    pub(crate) accepted: u64,
    /// Requests that were complete, by their own time.
    pub(crate) sunk: u64,
    /// The records that waited for each function, if the target reports them.
    pub(crate) lag: Option<Vec<u64>>,
    latency: Option<Distribution>,
}

impl Second {
    /// This quantile of the second's end-to-end latencies, in ms.
    pub(crate) fn quantile(&self, quantile: f64) -> Option<f64> {
        self.latency.as_ref().map(|latency| latency.quantile(quantile))
    }
}

/// The run so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// The run's name.
    pub(crate) run: String,
    /// The functions, in their order.
    pub(crate) hops: Vec<Hop>,
    /// Its phase.
    pub(crate) phase: Phase,
    /// The time since the load began, in ms.
    pub(crate) elapsed_ms: u64,
    /// How long the load will last, if that is known.
    pub(crate) load_ms: Option<u64>,
    /// Requests that were answered.
    pub(crate) sent: u64,
    /// Answers with 200 so far.
    pub(crate) accepted: u64,
    /// Other answers so far.
    pub(crate) refused: u64,
    /// Requests that are complete.
    pub(crate) sunk: u64,
    /// The records that wait for each function, if the target reports them.
    pub(crate) lag: Option<Vec<u64>>,
    /// By second, from the load's beginning.
    pub(crate) seconds: BTreeMap<u64, Second>,
    /// Answer times in ms.
    pub(crate) http: Option<Distribution>,
    /// End-to-end latencies in ms.
    pub(crate) latency: Option<Distribution>,
    began_ms: u64,
}

impl Progress {
    /// A run that begins now, in ms since the epoch.
    pub(crate) fn new(run: &str, phase: Phase, began_ms: u64, load_ms: Option<u64>) -> Self {
        Self { run: run.to_owned(), phase, began_ms, load_ms, ..Self::default() }
    }

    fn second(&mut self, at_ms: u64) -> &mut Second {
        let second = at_ms / 1_000;
        if self.seconds.len() >= KEPT && !self.seconds.contains_key(&second) {
            self.seconds.pop_first();
        }
        self.seconds.entry(second).or_default()
    }

    /// Adds samples of the generator.
    pub(crate) fn samples(&mut self, samples: &[Sample]) {
        for sample in samples {
            self.sent += 1;
            self.http.get_or_insert_with(Distribution::fine).add(sample.latency() as f64 / 1_000.0);
            if sample.accepted() {
                self.accepted += 1;
                self.second(sample.ended / 1_000).accepted += 1;
            } else {
                self.refused += 1;
            }
        }
    }

    /// Adds a row of the sink, the first one of its request.
    pub(crate) fn row(&mut self, row: &SinkRow) {
        self.sunk += 1;
        let latency = row.latency() as f64;
        self.latency.get_or_insert_with(Distribution::whole).add(latency);
        let at = (row.completed - self.began_ms as i64).max(0) as u64;
        let second = self.second(at);
        second.sunk += 1;
        second.latency.get_or_insert_with(Distribution::whole).add(latency);
    }

    /// Sets the numbers of waiting records.
    pub(crate) fn waits(&mut self, lag: Option<Vec<u64>>) {
        self.second(self.elapsed_ms).lag.clone_from(&lag);
        self.lag = lag;
    }

    /// The functions that records can wait for, with the number of waiting records if it is known.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (&Hop, Option<u64>)> {
        let lag = self.lag.as_deref().unwrap_or_default();
        self.hops.iter().enumerate().skip(1).map(|(place, hop)| (hop, lag.get(place).copied()))
    }

    /// Sets the time, in ms since the epoch.
    pub(crate) fn at(&mut self, now_ms: u64) {
        self.elapsed_ms = now_ms.saturating_sub(self.began_ms);
    }

    /// The number of accepted requests that have not been seen to be complete.
    pub(crate) fn on_the_way(&self) -> u64 {
        self.accepted.saturating_sub(self.sunk)
    }

    /// The numbers of requests that were accepted and that became complete in the last whole second.
    pub(crate) fn rates(&self) -> (u64, u64) {
        let last = (self.elapsed_ms / 1_000).saturating_sub(1);
        self.seconds.get(&last).map_or((0, 0), |second| (second.accepted, second.sunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_counted_in_its_second() {
        let mut progress = Progress::new("r", Phase::Load, 10_000, Some(60_000));
        let sample =
            |ended, status| Sample { user: 1, iteration: 0, due: 0, free: 0, sent: 0, ended, status };
        progress.samples(&[sample(500_000, 200), sample(1_500_000, 200), sample(1_600_000, 500)]);
        let row = SinkRow {
            place: (0, String::new()),
            key: "r-1-0".into(),
            run: "r".into(),
            received: Some(11_400),
            arrived: None,
            stored: None,
            completed: 11_700,
            client_latency: None,
            coarse: false,
            invocation: String::new(),
        };
        progress.row(&row);
        progress.at(12_100);
        assert_eq!((progress.sent, progress.accepted, progress.refused, progress.sunk), (3, 2, 1, 1));
        assert_eq!((progress.on_the_way(), progress.rates()), (1, (1, 1)));
        assert_eq!(progress.seconds[&1].quantile(0.99), Some(300.0));
        assert_eq!(progress.seconds[&0].quantile(0.5), None);
    }
}
