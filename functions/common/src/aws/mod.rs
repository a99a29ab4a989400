//! The SDK: how its clients are set up, and what its errors mean.

mod cause;
mod config;

pub use cause::Cause;
pub use config::{Service, sdk_config};
