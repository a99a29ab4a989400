//! A run over time: requests accepted, stored and complete in each step, the backlogs between, and the latencies.

use serde::{Deserialize, Serialize};

use crate::bench::distribution::Distribution;

/// The largest number of steps.
const STEPS: i64 = 120;

/// Lengths of a step in ms.
const LENGTHS: [i64; 12] = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000];

/// Buckets of a heat map, from 1 ms on; each ends at one and a half times the end of the one below.
const BUCKETS: usize = 32;

/// The times of one request, in ms since the run began; `None` for what did not happen or is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Instants {
    /// Answered with 200.
    pub(crate) accepted: Option<i64>,
    /// Written to the table.
    pub(crate) stored: Option<i64>,
    /// At the sink.
    pub(crate) sunk: Option<i64>,
    /// End to end in ms.
    pub(crate) latency: Option<f64>,
}

/// The run in steps. All series have one value a step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timeline {
    /// The length of a step.
    pub(crate) step_ms: i64,
    /// When the load ended, in ms since the run began.
    pub(crate) load_ms: i64,
    /// Requests accepted within the step.
    pub(crate) accepted: Vec<u64>,
    /// Items stored within the step.
    pub(crate) stored: Vec<u64>,
    /// Requests complete within the step.
    pub(crate) sunk: Vec<u64>,
    /// Accepted but not stored at the step's end.
    pub(crate) backlog_stream: Vec<u64>,
    /// Stored but not complete at the step's end.
    pub(crate) backlog_table: Vec<u64>,
    /// Median end-to-end latency of the requests that became complete within the step; `None` if there were none.
    pub(crate) p50_ms: Vec<Option<f64>>,
    /// Its 95th percentile.
    pub(crate) p95_ms: Vec<Option<f64>>,
    /// Its 99th percentile.
    pub(crate) p99_ms: Vec<Option<f64>>,
}

impl Timeline {
    /// The timeline of these requests; the load ended at `load_ms`, and the last event happened at `end_ms`.
    pub(crate) fn new(requests: &[Instants], load_ms: i64, end_ms: i64) -> Self {
        let step_ms = step(end_ms);
        let steps = (end_ms.max(1) as u64).div_ceil(step_ms as u64).max(1) as usize;
        let place = |at: i64| ((at.max(0) / step_ms) as usize).min(steps - 1);
        let mut line = Self { step_ms, load_ms, ..Self::default() };
        let (mut accepted, mut stored, mut sunk) = (vec![0; steps], vec![0; steps], vec![0; steps]);
        let mut latencies: Vec<Option<Distribution>> = vec![None; steps];
        for request in requests {
            for (instant, series) in
                [(request.accepted, &mut accepted), (request.stored, &mut stored), (request.sunk, &mut sunk)]
            {
                if let Some(at) = instant {
                    series[place(at)] += 1;
                }
            }
            if let (Some(at), Some(latency)) = (request.sunk, request.latency) {
                latencies[place(at)].get_or_insert_with(Distribution::whole).add(latency);
            }
        }
        line.backlog_stream = waiting(&accepted, &stored);
        line.backlog_table = waiting(&stored, &sunk);
        (line.accepted, line.stored, line.sunk) = (accepted, stored, sunk);
        let quantiles = |quantile| {
            latencies.iter().map(|seen| seen.as_ref().map(|seen| seen.quantile(quantile))).collect()
        };
        (line.p50_ms, line.p95_ms, line.p99_ms) = (quantiles(0.5), quantiles(0.95), quantiles(0.99));
        line
    }
}

fn waiting(come: &[u64], gone: &[u64]) -> Vec<u64> {
    let (mut in_all, mut out) = (0, 0);
    come.iter()
        .zip(gone)
        .map(|(come, gone)| {
            (in_all, out) = (in_all + come, out + gone);
            // A request may be stored before its client has the answer.
            u64::saturating_sub(in_all, out)
        })
        .collect()
}

/// The shortest length with which the run takes no more than the largest number of steps.
fn step(end_ms: i64) -> i64 {
    LENGTHS.into_iter().find(|length| length * STEPS >= end_ms).unwrap_or(end_ms / STEPS + 1)
}

/// A heat map of latencies: for each step the number of values in each bucket.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Heat {
    /// The length of a step.
    pub(crate) step_ms: i64,
    /// The upper ends of the buckets in ms; larger values are in the last one.
    pub(crate) edges_ms: Vec<f64>,
    /// For each step, for each bucket.
    pub(crate) counts: Vec<Vec<u64>>,
}

impl Heat {
    /// The map of these values: the time, and the latency in ms.
    pub(crate) fn new(values: &[(i64, f64)], step_ms: i64, steps: usize) -> Self {
        let highest = values.iter().map(|(_, ms)| *ms).fold(1.0, f64::max);
        let mut edges_ms = vec![1.0];
        while edges_ms.len() < BUCKETS && edges_ms.last().is_some_and(|edge| *edge < highest) {
            edges_ms.push((1.5_f64.powi(edges_ms.len() as i32)).ceil());
        }
        edges_ms.dedup();
        let mut counts = vec![vec![0; edges_ms.len()]; steps.max(1)];
        for (at, ms) in values {
            let step = ((*at).max(0) / step_ms.max(1)) as usize;
            let bucket = edges_ms.iter().position(|edge| ms <= edge).unwrap_or(edges_ms.len() - 1);
            let last = counts.len() - 1;
            counts[step.min(last)][bucket] += 1;
        }
        Self { step_ms, edges_ms, counts }
    }
}

/// A cumulative distribution with as many points as a picture can show.
pub(crate) fn curve(distribution: &Distribution) -> Vec<(f64, f64)> {
    /// Beyond the median, each further nine gets as much room as the one before.
    const SHARES: [f64; 11] = [0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0];
    const POINTS: usize = 200;
    let all = distribution.cumulative();
    if all.len() <= POINTS {
        return all;
    }
    let mut next = 0.0;
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut shares = SHARES.iter().copied().peekable();
    for point in &all {
        let passes = shares.peek().is_some_and(|share| point.1 >= *share);
        if point.1 >= next || passes {
            kept.push(*point);
            next = point.1 + 1.0 / POINTS as f64;
            while shares.next_if(|share| point.1 >= *share).is_some() {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(accepted: i64, stored: i64, sunk: Option<i64>) -> Instants {
        Instants {
            accepted: Some(accepted),
            stored: Some(stored),
            sunk,
            latency: sunk.map(|sunk| (sunk - accepted) as f64),
        }
    }

    #[test]
    fn backlogs_are_what_came_and_did_not_go() {
        let requests = [request(10, 60, Some(160)), request(20, 70, None), request(60, 120, Some(180))];
        let line = Timeline::new(&requests, 60, 200);
        assert_eq!(line.step_ms, 50);
        assert_eq!(line.accepted, [2, 1, 0, 0]);
        assert_eq!(line.backlog_stream, [2, 1, 0, 0]);
        assert_eq!(line.backlog_table, [0, 2, 3, 1], "one was never sunk");
        assert_eq!(line.p50_ms, [None, None, None, Some(120.0)]);
        assert_eq!(line.p99_ms[3], Some(150.0));
    }

    #[test]
    fn steps_are_few_however_long_the_run() {
        for end in [1, 5_999, 6_000, 60_000, 61_000, 3_600_000, 90_000_000, 900_000_000] {
            let line = Timeline::new(&[], end, end);
            assert!((1..=120).contains(&line.accepted.len()), "{end}: {}", line.accepted.len());
            assert!(line.step_ms * line.accepted.len() as i64 >= end, "{end}");
        }
    }

    #[test]
    fn a_heat_map_counts_every_value_once() {
        let heat = Heat::new(&[(0, 0.0), (49, 1.0), (50, 700.0), (999, 2.0)], 50, 4);
        assert_eq!(heat.counts.iter().flatten().sum::<u64>(), 4);
        assert_eq!(heat.counts[0][0], 2);
        assert_eq!(heat.counts[3].iter().sum::<u64>(), 1, "the last step takes what is later");
        assert!(heat.edges_ms.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(*heat.edges_ms.last().unwrap() >= 700.0);
    }

    #[test]
    fn a_curve_keeps_its_tail() {
        let distribution = Distribution::whole().with((0..10_000).map(f64::from));
        let points = curve(&distribution);
        assert!(points.len() < 250, "{}", points.len());
        assert_eq!(points.last().unwrap(), &(9_999.0, 1.0));
        assert!(points.iter().any(|(ms, _)| (9_989.0..=9_991.0).contains(ms)), "p99.9 is there");
    }
}
