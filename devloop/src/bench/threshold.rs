//! Conditions that make a run fail: `--fail-if METRIC OPERATOR VALUE`, such as `p99>50ms`.

use serde::{Deserialize, Serialize};

use crate::bench::document::Document;

/// Every metric that a condition may name: its name, the unit of its values, and what it is.
pub(crate) const METRICS: &[(&str, Unit, &str)] = &[
    ("p50", Unit::Time, "end-to-end latency, median"),
    ("p90", Unit::Time, "end-to-end latency"),
    ("p95", Unit::Time, "end-to-end latency"),
    ("p99", Unit::Time, "end-to-end latency"),
    ("p99.9", Unit::Time, "end-to-end latency"),
    ("max", Unit::Time, "end-to-end latency, largest"),
    ("mean", Unit::Time, "end-to-end latency, mean"),
    ("http_p50", Unit::Time, "answer time of the API, median"),
    ("http_p95", Unit::Time, "answer time of the API"),
    ("http_p99", Unit::Time, "answer time of the API"),
    ("http_max", Unit::Time, "answer time of the API, largest"),
    ("gateway_to_stream_p99", Unit::Time, "the first stage"),
    ("stream_to_store_p99", Unit::Time, "the second stage"),
    ("store_to_sink_p99", Unit::Time, "the last stage"),
    ("rate", Unit::Rate, "complete runs a second, until drained"),
    ("accepted_rate", Unit::Rate, "accepted requests a second"),
    ("lost", Unit::Count, "accepted requests that never came through"),
    ("duplicated", Unit::Count, "further rows of a request at the sink"),
    ("reordered", Unit::Count, "requests that came after a later one of the same user"),
    ("failed", Unit::Count, "requests that were not answered with 200"),
    ("backlog", Unit::Share, "of what was accepted, what was not complete when the load ended"),
    ("failed_rate", Unit::Share, "of the requests, those not answered with 200"),
];

/// The unit of a metric's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// `us`, `ms`, `s`; a bare number is ms.
    Time,
    /// A number, with or without `/s`.
    Rate,
    /// A number.
    Count,
    /// `5%` or `0.05`.
    Share,
}

/// A condition that makes a run fail.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    text: String,
    metric: &'static str,
    operator: Operator,
    value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    Unequal,
}

/// The longer ones come first, because `>=` begins with `>`.
const OPERATORS: [(&str, Operator); 6] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    (">", Operator::Above),
    ("<", Operator::Below),
];

/// A condition and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// The condition as it was written.
    pub(crate) fail_if: String,
    /// The metric's value in its own unit: ms, a second, a number, a share. `None` if nothing was measured, which fails.
    pub(crate) value: Option<f64>,
    /// Whether the condition makes the run fail.
    pub(crate) failed: bool,
}

impl Threshold {
    /// Reads a condition. The error is a fragment that says what would be valid.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let found = OPERATORS
            .iter()
            .filter_map(|(sign, operator)| Some((text.find(sign)?, sign.len(), *operator)))
            .min_by_key(|(at, length, _)| (*at, usize::MAX - length));
        let Some((at, length, operator)) = found else {
            return Err("it has no operator; write METRIC>VALUE, with >, >=, <, <=, == or !=".to_owned());
        };
        let (name, value) = (text[..at].trim(), text[at + length..].trim());
        let Some((metric, unit, _)) = METRICS.iter().find(|(metric, ..)| *metric == name) else {
            let names: Vec<&str> = METRICS.iter().map(|(metric, ..)| *metric).collect();
            return Err(format!("there is no metric {name:?}; the metrics are {}", names.join(", ")));
        };
        let value = unit
            .read(value)
            .ok_or_else(|| format!("{value:?} is no value of {metric}; write {}", unit.example()))?;
        Ok(Self { text: text.trim().to_owned(), metric, operator, value })
    }

    /// Judges whether the condition makes the run fail.
    pub(crate) fn judge(&self, run: &Document) -> Judged {
        let value = metric(run, self.metric);
        // Without a measurement the condition has not passed.
        let failed = value.is_none_or(|value| self.operator.holds(value, self.value));
        Judged { fail_if: self.text.clone(), value, failed }
    }
}

impl Operator {
    #[expect(clippy::float_cmp, reason = "`==` in a threshold means exact equality")]
    fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Above => value > limit,
            Self::AtLeast => value >= limit,
            Self::Below => value < limit,
            Self::AtMost => value <= limit,
            Self::Equal => value == limit,
            Self::Unequal => value != limit,
        }
    }
}

impl Unit {
    fn read(self, text: &str) -> Option<f64> {
        let scaled = |suffixes: &[(&str, f64)]| {
            let (number, scale) = suffixes
                .iter()
                .find_map(|(suffix, scale)| Some((text.strip_suffix(suffix)?, *scale)))
                .unwrap_or((text, 1.0));
            let number: f64 = number.trim().parse().ok()?;
            (number.is_finite() && number >= 0.0).then_some(number * scale)
        };
        match self {
            Self::Time => scaled(&[("ms", 1.0), ("us", 0.001), ("µs", 0.001), ("s", 1_000.0)]),
            Self::Rate => scaled(&[("/s", 1.0)]),
            Self::Count => scaled(&[]),
            Self::Share => scaled(&[("%", 0.01)]),
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Time => "a time such as 50ms, 1.5s or 800us",
            Self::Rate => "a rate such as 1500/s",
            Self::Count => "a number",
            Self::Share => "a share such as 5% or 0.05",
        }
    }
}

/// The metric's value in a run; `None` if nothing was measured.
pub(crate) fn metric(run: &Document, name: &str) -> Option<f64> {
    let measured = |figures: &crate::bench::Figures, value: f64| (figures.count > 0).then_some(value);
    let whole = &run.end_to_end_ms;
    // If the generator was saturated, its times are not answer times.
    let nothing = crate::bench::Figures::default();
    let http = if run.http.generator_saturated.is_some() { &nothing } else { &run.http.duration_ms };
    let stage =
        |index: usize| run.stages.get(index).and_then(|stage| measured(&stage.time_ms, stage.time_ms.p99));
    let counts = &run.counts;
    let accepted = counts.accepted as f64;
    match name {
        "p50" => measured(whole, whole.p50),
        "p90" => measured(whole, whole.p90),
        "p95" => measured(whole, whole.p95),
        "p99" => measured(whole, whole.p99),
        "p99.9" => measured(whole, whole.p99_9),
        "max" => measured(whole, whole.max),
        "mean" => measured(whole, whole.mean),
        "http_p50" => measured(http, http.p50),
        "http_p95" => measured(http, http.p95),
        "http_p99" => measured(http, http.p99),
        "http_max" => measured(http, http.max),
        "gateway_to_stream_p99" => stage(0),
        "stream_to_store_p99" => stage(1),
        "store_to_sink_p99" => stage(2),
        "rate" => Some(run.rates.complete),
        "accepted_rate" => Some(run.rates.accepted),
        "lost" => Some(counts.lost as f64),
        "duplicated" => Some(counts.duplicated as f64),
        "reordered" => Some(counts.reordered as f64),
        "failed" => Some(counts.refused as f64),
        "backlog" => (counts.accepted > 0).then(|| counts.backlog as f64 / accepted),
        "failed_rate" => (counts.sent > 0).then(|| counts.refused as f64 / counts.sent as f64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Document {
        let latencies = crate::bench::distribution::Distribution::whole().with([10.0, 20.0, 60.0]);
        let mut run = Document { end_to_end_ms: latencies.figures(), ..Document::default() };
        run.counts.accepted = 100;
        run.counts.sent = 100;
        run.counts.backlog = 5;
        run.rates.complete = 1500.0;
        run
    }

    fn check(text: &str, failed: bool) {
        assert_eq!(Threshold::parse(text).unwrap().judge(&run()).failed, failed, "{text}");
    }

    #[test]
    fn conditions_are_judged_in_their_units() {
        check("p99>50ms", true);
        check("p99 > 60", false);
        check("p99>=0.06s", true);
        check("max>59999us", true);
        check("rate<1500/s", false);
        check("rate<=1500", true);
        check("lost>0", false);
        check("lost==0", true);
        check("backlog>5%", false);
        check("backlog>0.049", true);
        check("failed != 0", false);
    }

    #[test]
    fn what_was_not_measured_fails() {
        check("http_p99>1s", true);
    }

    #[test]
    fn every_metric_of_the_table_is_found_in_a_run_that_has_it() {
        let mut full = run();
        full.http.duration_ms = full.end_to_end_ms.clone();
        full.stages = (0..3)
            .map(|_| crate::bench::document::Stage {
                time_ms: full.end_to_end_ms.clone(),
                ..Default::default()
            })
            .collect();
        for (name, ..) in METRICS {
            assert!(metric(&full, name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_wrong_condition_names_what_would_be_right() {
        let check = |text: &str, expected: &str| {
            let error = Threshold::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("p99", "write METRIC>VALUE");
        check("p98>50ms", "there is no metric \"p98\"; the metrics are p50, p90, p95, p99");
        check("p99>fast", "\"fast\" is no value of p99; write a time such as 50ms");
        check("rate<10%", "write a rate such as 1500/s");
        check("p99>-1ms", "is no value of p99");
        check("lost>", "is no value of lost; write a number");
    }
}
