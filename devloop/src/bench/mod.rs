//! `devloop bench`: load at the front of the pipeline, and the truth about what came out at its end.
//!
//! Pure: the schedule ([`plan`]), the body ([`payload`]), what a line means ([`row`]), the account of every request
//! ([`account`]), distributions, the run over time, the verdict, thresholds and comparisons, and the document of it all.
//! Effects: the generator, the pipeline's APIs ([`target`], [`follow`]), what processes cost, and [`run`], which ties them.

mod account;
mod assemble;
mod compare;
mod distribution;
mod document;
mod follow;
mod generator;
mod http;
mod payload;
mod plan;
mod progress;
mod row;
mod run;
mod sample;
mod target;
mod threshold;
mod timeline;
mod usage;
mod verdict;
mod wait;

pub(crate) use account::{Account, Sent};
pub(crate) use assemble::latencies;
pub(crate) use compare::{Change, Comparison, Judgement, figures, rounds, runs};
pub(crate) use distribution::{Described, Figures, describe};
pub(crate) use document::{Document, Outcome, Stage, VERSION};
pub(crate) use follow::{LogRows, Rows, Wanted, detail, log_group};
pub(crate) use payload::Payload;
pub(crate) use plan::{Pace, Plan};
pub(crate) use progress::{Phase, Progress};
pub(crate) use run::{Finished, Order, run};
pub(crate) use target::Target;
pub(crate) use threshold::{METRICS, Threshold};
pub(crate) use timeline::{Heat, Timeline};
pub(crate) use usage::ProcessUse;
pub(crate) use wait::{Patience, Pending, Standing, Waiting};
