//! The targets, where functions run, behind one trait. `session` chooses one and activates every swapped binary through it.

mod api;
mod aws;
mod binaries;
mod debugger;
mod embedded;
mod finder;
mod interface;
mod localstack;

pub(crate) use aws::{Aws, Opening as AwsOpening, Plan, Wishes};
pub(crate) use binaries::{Candidate, FunctionCode, function_codes, serve_from, serve_sources};
pub(crate) use embedded::Embedded;
pub(crate) use finder::Known;
pub(crate) use interface::{Pending, Target, TargetEvent, Whereabouts};
pub(crate) use localstack::{Localstack, Opening as LocalstackOpening, Probe, probe, unreachable};
