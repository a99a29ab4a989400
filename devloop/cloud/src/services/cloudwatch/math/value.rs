//! What an expression works on: numbers, time series and arrays of these.

use std::collections::BTreeMap;

/// Values by the second that their period starts with.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Series {
    /// What it is called in a result with several series.
    pub(in super::super) label: String,
    /// In s.
    pub(in super::super) period: i64,
    pub(in super::super) points: BTreeMap<i64, f64>,
}

impl Series {
    /// The series with other values; what is no finite number is left out, as CloudWatch does with a division by zero.
    pub(super) fn map(&self, change: impl Fn(i64, f64) -> Option<f64>) -> Self {
        self.with(self.points.iter().filter_map(|(at, value)| Some((*at, change(*at, *value)?))))
    }

    /// The series with these points.
    pub(super) fn with(&self, points: impl Iterator<Item = (i64, f64)>) -> Self {
        let points = points.filter(|(_, value)| value.is_finite()).collect();
        Self { label: self.label.clone(), period: self.period, points }
    }
}

/// What an expression, or a part of it, comes to.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Outcome {
    Number(f64),
    Series(Series),
    Array(Vec<Series>),
    Word(String),
}
