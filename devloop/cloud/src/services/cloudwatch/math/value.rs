//! The values of expressions: numbers, time series and arrays of time series.

use std::collections::BTreeMap;

/// A time series: values by the second at which their period starts.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Series {
    /// Its label in a result with several series.
    pub(in super::super) label: String,
    /// The period, in s.
    pub(in super::super) period: i64,
    pub(in super::super) points: BTreeMap<i64, f64>,
}

impl Series {
    /// The series with changed values. Values that are not finite are left out, as CloudWatch does with a division by zero.
    pub(super) fn map(&self, change: impl Fn(i64, f64) -> Option<f64>) -> Self {
        self.with(self.points.iter().filter_map(|(at, value)| Some((*at, change(*at, *value)?))))
    }

    /// The series with other points.
    pub(super) fn with(&self, points: impl Iterator<Item = (i64, f64)>) -> Self {
        let points = points.filter(|(_, value)| value.is_finite()).collect();
        Self { label: self.label.clone(), period: self.period, points }
    }
}

/// The value of an expression or of a part of it.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Outcome {
    Number(f64),
    Series(Series),
    Array(Vec<Series>),
    Word(String),
}
