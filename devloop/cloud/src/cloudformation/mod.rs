//! CloudFormation: templates become stacks, for clients that call its API and in process, so that `devloop up` brings a
//! synthesised stack to life without any deployment tool.

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
