//! CloudFormation: turns templates into stacks, for clients of its API and in process. `devloop up` deploys a synthesised
//! stack with it, without any deployment tool.

mod about;
mod api;
mod apply;
mod change;
mod change_set;
mod metadata;
mod needed;
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

pub use needed::LeftOut;
pub(crate) use service::CloudFormation;
pub use stack::{Outputs, StackResource};
