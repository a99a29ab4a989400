//! Compares two runs. Two runs of the same code differ too, so every difference comes with its 95 % interval, and one whose
//! interval includes "no change" is called noise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bench::row::SinkRow;

/// How many samples of blocks the bootstrap draws.
const DRAWS: usize = 500;

/// The length of a block in ms. Successive latencies resemble each other, so the bootstrap draws whole seconds and not single
/// requests.
const BLOCK_MS: i64 = 1_000;

/// The latencies of the requests that were complete within one second.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    /// When the second begins, in ms since the run began.
    pub(crate) at_ms: i64,
    /// Latency in ms, and how many had it.
    pub(crate) latencies: Vec<(u32, u32)>,
}

/// One run against another, or one build against another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Comparison {
    /// The name of the run or build that it is compared with.
    pub(crate) against: String,
    /// How the intervals were computed, and what they leave out.
    pub(crate) method: String,
    /// The change of each metric.
    pub(crate) metrics: Vec<Shift>,
}

/// One metric's change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shift {
    /// Its name.
    pub(crate) metric: String,
    /// Its value before, in ms, or a second for a rate.
    pub(crate) before: f64,
    /// Its value now.
    pub(crate) after: f64,
    /// The change as a share of the value before: 0.1 is 10 % more.
    pub(crate) change: f64,
    /// The lower end of the change's 95 % interval.
    pub(crate) low: f64,
    /// The upper end.
    pub(crate) high: f64,
    /// What the interval means.
    pub(crate) judgement: Judgement,
}

/// What a change means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Judgement {
    /// Faster, or more.
    Better,
    /// Slower, or fewer.
    Worse,
    /// The interval includes "no change".
    #[default]
    Noise,
}

/// The metrics that are compared, and whether a higher value is better.
pub(crate) const COMPARED: [(&str, bool); 6] =
    [("p50", false), ("p90", false), ("p95", false), ("p99", false), ("mean", false), ("rate", true)];

/// The blocks of a run that began at this time.
pub(crate) fn blocks(runs: &[SinkRow], began_ms: i64) -> Vec<Block> {
    let mut blocks: BTreeMap<i64, BTreeMap<u32, u32>> = BTreeMap::new();
    for row in runs {
        let second = (row.completed - began_ms).div_euclid(BLOCK_MS);
        *blocks.entry(second).or_default().entry(row.latency() as u32).or_default() += 1;
    }
    // The last second is hardly ever complete; counted as a whole second it would make the rate look smaller.
    if blocks.len() > 1
        && let Some((_, rest)) = blocks.pop_last()
        && let Some(mut last) = blocks.last_entry()
    {
        for (latency, count) in rest {
            *last.get_mut().entry(latency).or_default() += count;
        }
    }
    blocks
        .into_iter()
        .map(|(second, latencies)| Block {
            at_ms: second * BLOCK_MS,
            latencies: latencies.into_iter().collect(),
        })
        .collect()
}

/// Compares one run with another, by a bootstrap over the blocks of both.
pub(crate) fn runs(against: &str, before: &[Block], after: &[Block]) -> Option<Comparison> {
    let (then, now) = (figures(before.iter())?, figures(after.iter())?);
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut drawn: Vec<Vec<f64>> = vec![Vec::with_capacity(DRAWS); COMPARED.len()];
    for _ in 0..DRAWS {
        let (Some(then), Some(now)) =
            (figures(random.draw(before).into_iter()), figures(random.draw(after).into_iter()))
        else {
            continue;
        };
        for (changes, (then, now)) in drawn.iter_mut().zip(then.iter().zip(&now)) {
            changes.push(share(*then, *now));
        }
    }
    let metrics = COMPARED
        .iter()
        .zip(then.iter().zip(&now))
        .zip(&mut drawn)
        .map(|(((metric, more_is_better), (then, now)), changes)| {
            changes.sort_by(f64::total_cmp);
            let at = |share: f64| crate::bench::distribution::interpolated(changes, share);
            change(metric, *more_is_better, (*then, *now), (at(0.025), at(0.975)))
        })
        .collect();
    Some(Comparison {
        against: against.to_owned(),
        method: "95 % intervals from 500 draws of whole seconds of both runs; differences between runs of the same code are \
                 not in them: `devloop bench ab` alternates"
            .to_owned(),
        metrics,
    })
}

/// Compares rounds of one build with rounds of another, in pairs: first with first, second with second. Each round has one value for
/// each metric.
pub(crate) fn rounds(against: &str, before: &[Vec<f64>], after: &[Vec<f64>]) -> Comparison {
    let pairs = before.len().min(after.len());
    let metrics = COMPARED
        .iter()
        .enumerate()
        .map(|(index, (metric, more_is_better))| {
            let values = |rounds: &[Vec<f64>]| rounds[..pairs].iter().map(|round| round[index]).collect();
            let (then, now): (Vec<f64>, Vec<f64>) = (values(before), values(after));
            let ratios: Vec<f64> =
                then.iter().zip(&now).map(|(then, now)| (share(*then, *now) + 1.0).max(1e-9).ln()).collect();
            let mean = average(&ratios);
            let spread = half_interval(&ratios);
            let back = |log: f64| log.exp() - 1.0;
            let mut seen = change(
                metric,
                *more_is_better,
                (average(&then), average(&now)),
                (back(mean - spread), back(mean + spread)),
            );
            seen.change = back(mean);
            seen
        })
        .collect();
    Comparison {
        against: against.to_owned(),
        method: format!(
            "95 % intervals of the paired changes of {pairs} alternating rounds each (Student's t)"
        ),
        metrics,
    }
}

fn change(metric: &str, more_is_better: bool, (before, after): (f64, f64), (low, high): (f64, f64)) -> Shift {
    let judgement = if !low.is_finite() || !high.is_finite() || (low <= 0.0 && high >= 0.0) {
        Judgement::Noise
    } else if (low > 0.0) == more_is_better {
        Judgement::Better
    } else {
        Judgement::Worse
    };
    // JSON has no infinity, so an unbounded interval gets the largest numbers as its ends.
    let (low, high) = (if low.is_finite() { low } else { -1.0 }, if high.is_finite() { high } else { 1e9 });
    Shift { metric: metric.to_owned(), before, after, change: share(before, after), low, high, judgement }
}

/// The change as a share of the first value, which may be 0 where it is in whole milliseconds.
fn share(before: f64, after: f64) -> f64 {
    (after - before) / before.max(0.5)
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / (values.len().max(1)) as f64
}

/// Half of the 95 % interval of the mean.
fn half_interval(values: &[f64]) -> f64 {
    /// Student's t for 95 %, by degrees of freedom from 1 on.
    const T: [f64; 15] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131,
    ];
    let Some(freedom) = values.len().checked_sub(1).filter(|freedom| *freedom > 0) else {
        return f64::INFINITY;
    };
    let mean = average(values);
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / freedom as f64;
    T.get(freedom - 1).copied().unwrap_or(2.0) * (variance / values.len() as f64).sqrt()
}

/// The compared metrics of these blocks; `None` if there are no blocks.
pub(crate) fn figures<'a>(blocks: impl Iterator<Item = &'a Block>) -> Option<Vec<f64>> {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    let mut seconds = 0.0;
    for block in blocks {
        seconds += 1.0;
        for (latency, count) in &block.latencies {
            *counts.entry(*latency).or_default() += u64::from(*count);
        }
    }
    let total: u64 = counts.values().sum();
    if total == 0 {
        return None;
    }
    let sum: f64 = counts.iter().map(|(latency, count)| f64::from(*latency) * *count as f64).sum();
    let at = |quantile: f64| {
        let rank = ((quantile * total as f64).ceil() as u64).max(1);
        let mut so_far = 0;
        let found = counts.iter().find(|(_, count)| {
            so_far += **count;
            so_far >= rank
        });
        found.map_or(0.0, |(latency, _)| f64::from(*latency))
    };
    Some(vec![at(0.5), at(0.9), at(0.95), at(0.99), sum / total as f64, total as f64 / seconds])
}

/// Pseudo-random numbers with a constant seed, so that a comparison can be repeated (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        (number as usize) % limit.max(1)
    }

    /// Draws as many blocks as there are, with replacement.
    fn draw<'a>(&mut self, blocks: &'a [Block]) -> Vec<&'a Block> {
        (0..blocks.len()).map(|_| &blocks[self.below(blocks.len())]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run with one second for each latency, and a hundred requests around that latency.
    fn run(latencies: &[u32]) -> Vec<Block> {
        let block = |(second, latency): (usize, &u32)| Block {
            at_ms: second as i64 * 1000,
            latencies: vec![(*latency, 60), (latency + 1, 39), (latency * 3, 1)],
        };
        latencies.iter().enumerate().map(block).collect()
    }

    fn judgement(comparison: &Comparison, metric: &str) -> Judgement {
        comparison.metrics.iter().find(|change| change.metric == metric).unwrap().judgement
    }

    #[test]
    fn the_same_run_is_noise() {
        let same = run(&[10, 12, 11, 13, 10, 12, 11, 12]);
        let comparison = runs("same", &same, &same).unwrap();
        for change in &comparison.metrics {
            assert_eq!((change.judgement, change.change), (Judgement::Noise, 0.0), "{change:?}");
            assert!(change.low <= 0.0 && change.high >= 0.0);
        }
    }

    #[test]
    fn a_shift_beyond_the_spread_is_told_with_its_interval() {
        let comparison =
            runs("then", &run(&[10, 12, 11, 13, 10, 12]), &run(&[20, 22, 21, 23, 20, 22])).unwrap();
        assert_eq!(judgement(&comparison, "p50"), Judgement::Worse);
        assert_eq!(judgement(&comparison, "rate"), Judgement::Noise, "as many a second");
        let p50 = &comparison.metrics[0];
        assert!(p50.low < p50.change && p50.change < p50.high && p50.low > 0.5, "{p50:?}");
    }

    #[test]
    fn a_shift_within_the_spread_is_noise() {
        let comparison =
            runs("then", &run(&[10, 30, 12, 28, 11, 29]), &run(&[11, 29, 13, 30, 12, 28])).unwrap();
        assert_eq!(judgement(&comparison, "p50"), Judgement::Noise);
    }

    #[test]
    fn rounds_are_compared_in_pairs_however_fast_the_machine_is() {
        // The machine becomes three times slower; the second build is a tenth faster in every pair.
        let round = |p50: f64| vec![p50, p50, p50, p50 * 2.0, p50, 1000.0 / p50];
        let before: Vec<_> = [10.0, 20.0, 30.0, 15.0].map(round).to_vec();
        let after: Vec<_> = [9.0, 18.1, 26.9, 13.5].map(round).to_vec();
        let comparison = rounds("A", &before, &after);
        assert_eq!(judgement(&comparison, "p50"), Judgement::Better);
        assert_eq!(judgement(&comparison, "rate"), Judgement::Better);
        assert!((comparison.metrics[0].change + 0.1).abs() < 0.01);
        let once = rounds("A", &before[..1], &after[..1]);
        assert_eq!(judgement(&once, "p50"), Judgement::Noise, "one pair proves nothing");
    }

    #[test]
    fn the_last_second_s_part_is_counted_with_the_one_before() {
        let row = |completed: i64| SinkRow {
            place: (completed, String::new()),
            key: "r-1-0".into(),
            run: "r".into(),
            received: Some(completed - 7),
            arrived: None,
            stored: None,
            completed,
            client_latency: None,
            coarse: false,
            invocation: String::new(),
        };
        let blocks = blocks(&[100, 900, 1_100, 1_900, 2_050].map(row), 0);
        assert_eq!(blocks.iter().map(|block| block.latencies[0]).collect::<Vec<_>>(), [(7, 2), (7, 3)]);
        assert_eq!(super::blocks(&[row(5)], 0).len(), 1);
    }

    #[test]
    fn nothing_measured_is_not_compared() {
        assert_eq!(runs("then", &[], &run(&[1])), None);
    }
}
