//! `devloop bench`: sends a load to the front of the pipeline, and finds out what came out at its end.
//!
//! Pure: the schedule ([`plan`]), the body ([`payload`]), the meaning of a log line ([`row`]), the account of every request
//! ([`account`]), distributions, the run over time, the verdict, thresholds, comparisons, and the document. Effects: the generator,
//! the pipeline's APIs ([`target`], [`follow`]), its database ([`database`]), the code of its functions ([`code`]), the usage of
//! processes, and [`mod@run`], which connects them.

mod account;
mod assemble;
mod chain;
mod code;
mod compare;
mod database;
mod distribution;
mod document;
mod entry_point;
mod follow;
mod generator;
mod http;
mod payload;
mod plan;
mod progress;
mod row;
mod run;
mod sample;
mod sink;
mod target;
mod threshold;
mod timeline;
mod usage;
mod verdict;
mod wait;

pub(crate) use account::{Account, Sent};
pub(crate) use assemble::latencies;
pub(crate) use chain::{ChainFunction, ChainReport, FollowedBy};
pub(crate) use code::{Build, Edit, Replaced};
pub(crate) use compare::{Comparison, Judgement, figures, rounds, runs};
pub(crate) use distribution::{Described, Distribution, Figures, describe};
pub(crate) use document::{Document, Outcome, Stage, VERSION};
pub(crate) use follow::{Rows, Wanted, detail};
pub(crate) use payload::Payload;
pub(crate) use plan::{Pace, Plan};
#[cfg(test)]
pub(crate) use progress::Hop;
pub(crate) use progress::{Phase, Progress, Second};
pub(crate) use run::{Finished, Order, run};
pub(crate) use target::{BenchTarget, Search};
pub(crate) use threshold::Threshold;
pub(crate) use usage::ProcessUse;
pub(crate) use wait::{Patience, WaitState, Waiting};
