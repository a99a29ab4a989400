//! Turns changes into metric data.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};

use crate::change::Change;

/// The most data in one call
const MAX_DATA: usize = 1000;

/// The most different values in one datum
const MAX_VALUES: usize = 150;

/// Name of the metric.
const METRIC: &str = "Latency";

/// Dimension of the copy per run.
const RUN: &str = "RunId";

/// How often each latency occurred among requests that were complete at the same time, for one run or for all.
type Counts = BTreeMap<i64, u32>;

/// Requests that share a datum.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group<'a> {
    /// `None` comes first: the datum without a dimension.
    run_id: Option<&'a str>,
    completed_ms: i64,
}

/// The data for the measured changes: first without a dimension, then a copy for each run.
pub(super) fn data(changes: &[Change]) -> Vec<MetricDatum> {
    let mut data = Vec::new();
    for (group, counts) in groups(changes) {
        let counts: Vec<_> = counts.into_iter().collect();
        data.extend(counts.chunks(MAX_VALUES).map(|chunk| datum(&group, chunk)));
    }
    data
}

/// How many of the changes, from the first on, fit one call: all of them, unless the batch has very many runs.
pub(super) fn fits(changes: &[Change]) -> usize {
    let mut count = changes.len();
    while count > 1 && data_count(&changes[..count]) > MAX_DATA {
        count = count.div_ceil(2);
    }
    count
}

fn data_count(changes: &[Change]) -> usize {
    groups(changes).values().map(|counts| counts.len().div_ceil(MAX_VALUES)).sum()
}

fn groups(changes: &[Change]) -> BTreeMap<Group<'_>, Counts> {
    let mut groups: BTreeMap<Group<'_>, Counts> = BTreeMap::new();
    for measurement in changes.iter().filter_map(Change::measurement) {
        for run_id in [None, Some(measurement.run_id.as_str())] {
            let group = Group { run_id, completed_ms: measurement.completed_ms };
            *groups.entry(group).or_default().entry(measurement.latency_ms).or_default() += 1;
        }
    }
    groups
}

fn datum(group: &Group<'_>, counts: &[(i64, u32)]) -> MetricDatum {
    let run = group.run_id.map(|run_id| vec![Dimension::builder().name(RUN).value(run_id).build()]);
    MetricDatum::builder()
        .metric_name(METRIC)
        .set_dimensions(run)
        .timestamp(DateTime::from_millis(group.completed_ms))
        .set_values(Some(counts.iter().map(|&(value, _)| value as f64).collect()))
        .set_counts(Some(counts.iter().map(|&(_, count)| f64::from(count)).collect()))
        .unit(StandardUnit::Milliseconds)
        .storage_resolution(1)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Kind;
    use crate::measurement::Measurement;

    const NOW: i64 = 1_763_632_800_900;

    fn change(run_id: &str, latency_ms: i64) -> Change {
        let measurement = Measurement {
            run_id: run_id.to_owned(),
            latency_ms,
            client_latency_ms: latency_ms,
            coarse: false,
            completed_ms: NOW,
        };
        let kind = Kind::Measured(measurement);
        Change { event_id: String::new(), sequence_number: String::new(), new: None, old: None, kind }
    }

    fn run_of(datum: &MetricDatum) -> Option<&str> {
        datum.dimensions().first().and_then(Dimension::value)
    }

    #[test]
    fn values_are_grouped_for_all_and_per_run() {
        let data = data(&[change("b", 10), change("a", 20), change("b", 10)]);
        let seen: Vec<_> = data.iter().map(|datum| (run_of(datum), datum.values(), datum.counts())).collect();
        let expected: [(Option<&str>, &[f64], &[f64]); 3] =
            [(None, &[10.0, 20.0], &[2.0, 1.0]), (Some("a"), &[20.0], &[1.0]), (Some("b"), &[10.0], &[2.0])];
        assert_eq!(seen, expected);
        for datum in &data {
            assert_eq!(datum.metric_name(), Some("Latency"));
            assert_eq!(datum.unit(), Some(&StandardUnit::Milliseconds));
            assert_eq!(datum.storage_resolution(), Some(1));
            assert_eq!(datum.timestamp(), Some(&DateTime::from_millis(NOW)));
        }
    }

    #[test]
    fn a_datum_holds_at_most_150_different_values() {
        let changes: Vec<_> = (0..151).map(|latency| change("a", latency)).collect();
        let data = data(&changes);
        let sizes: Vec<_> = data.iter().map(|datum| (run_of(datum), datum.values().len())).collect();
        assert_eq!(sizes, [(None, 150), (None, 1), (Some("a"), 150), (Some("a"), 1)]);
        assert_eq!(data_count(&changes), 4);
    }

    #[test]
    fn a_removal_makes_no_data() {
        let removal = Change { kind: Kind::Removed, ..change("a", 1) };
        assert!(data(&[removal]).is_empty());
    }

    #[test]
    fn the_largest_batch_of_one_run_fits_one_call() {
        let changes: Vec<_> = (0..10_000).map(|latency| change("a", latency)).collect();
        assert_eq!(fits(&changes), 10_000);
        assert_eq!(fits(&changes[..1]), 1);
    }

    #[test]
    fn a_batch_of_very_many_runs_takes_more_calls() {
        let changes: Vec<_> = (0..3000).map(|index| change(&format!("run-{index}"), index)).collect();
        let mut rest = &changes[..];
        let mut calls = 0;
        while !rest.is_empty() {
            let (call, behind) = rest.split_at(fits(rest));
            assert!(data(call).len() <= MAX_DATA);
            (rest, calls) = (behind, calls + 1);
        }
        assert_eq!(calls, 4);
    }
}
