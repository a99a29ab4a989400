//! `LocalStack`, or what speaks as it does, with its hot reloading.
//!
//! 500 ms after any change of a function's directory LocalStack kills the function's processes, and reports what they were working
//! on as done. So a function that events come to, or that was called a moment ago, gets its new binary
//! in a directory of its own, and is told to use that one; what is in flight then fails and is delivered again. Only a function
//! at rest has its file replaced in place. Of a function's first request nothing is known before it is over, so a function that
//! was never seen to answer is told at once that its file was replaced.

mod activate;
mod place;
mod probe;
mod rest;
mod swap_plan;
mod target;

pub(crate) use probe::{Probe, probe};
pub(crate) use target::{Localstack, Opening, unreachable};
