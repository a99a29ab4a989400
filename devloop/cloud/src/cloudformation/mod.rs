//! CloudFormation: turns templates into stacks, for clients of its API and in process. `devloop up` deploys a synthesised
//! stack with it, without any deployment tool.

mod about;
mod api;
mod applied;
mod apply;
mod change;
mod change_set;
mod custom;
mod metadata;
mod needed;
mod network;
mod outputs;
mod plan;
mod remove;
mod rollback;
mod run;
mod service;
mod stack;
mod stacks;
mod stores;
mod types;
mod what_runs;

pub use applied::{Applied, Deed, ResourceChange};
pub use needed::LeftOut;
pub(crate) use service::CloudFormation;
pub use stack::{Outputs, StackResource};
