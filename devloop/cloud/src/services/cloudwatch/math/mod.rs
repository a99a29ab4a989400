//! Metric math: expressions over the metrics of a request [Using math expressions with CloudWatch metrics].

mod evaluate;
mod functions;
mod parse;
mod value;

pub(super) use evaluate::{Metrics, evaluate};
pub(super) use parse::{Expression, parse};
pub(super) use value::{Outcome, Series};
