//! `devloop-cloud`: an AWS-compatible local cloud in one process, on loopback.
//!
//! [`run`] serves it on a listener of the caller's; [`Cloud`] is the handle for code in the same process: the tool that swaps
//! functions, and tests that drive the clock or inject faults, most easily through [`testing`]. The crate knows nothing of
//! `devloop`.

mod arn;
mod aside;
mod calls;
mod cause;
mod clock;
mod cloud;
mod cloudformation;
mod context;
mod error;
mod event_pattern;
mod event_stream;
mod faults;
mod functions;
mod gateway;
mod http;
mod kept;
mod lambda;
mod limits;
mod proxy;
mod regional;
mod registry;
mod report_line;
mod resource;
mod rest;
mod scratch;
mod secrets;
mod service;
mod services;
mod shard;
mod source;
mod supported;
mod template;
pub mod testing;
mod triggers;
mod wire;

pub use arn::Arn;
pub use clock::{Clock, Elapsed};
pub use cloud::{Cloud, Options, run};
pub use cloudformation::{Applied, Deed, LeftOut, Outputs, ResourceChange, StackResource};
pub use context::Context;
pub use error::ApiError;
pub use faults::Faults;
pub use gateway::Door;
pub use lambda::{Activation, ActivationError, Replayed, is_interpreted};
pub use limits::Limits;
pub use report_line::{OwnLine, ReportLine};
pub use scratch::{Leftovers, clear_leftovers};
pub use secrets::{without_secrets, without_secrets_in};
pub use services::logs::LogEvent;
pub use services::sns::Mail;
pub use supported::supported;
pub use template::{Given, Position, Problem, Resource, Template, TemplateError, served_here};

#[cfg(test)]
mod tests;
