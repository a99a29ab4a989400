//! `CloudFormation` templates, read and applied in process: `devloop up` brings a synthesised stack to life without any
//! deployment tool. The service's own API is not offered.

mod apply;
mod metadata;
mod needed;
mod plan;
mod rollback;
mod service;
mod stack;
mod stores;
mod types;
mod what_runs;

pub use needed::LeftOut;
pub(crate) use service::CloudFormation;
pub use stack::{Outputs, StackResource};
