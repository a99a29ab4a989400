//! `CloudFormation` templates, read and applied in process: `devloop up` brings a synthesised stack to life without any
//! deployment tool. The service's own API is not offered.

mod apply;
mod names;
mod plan;
mod resources;
mod rollback;
mod stack;

pub(crate) use stack::CloudFormation;
pub use stack::{Outputs, StackResource};
