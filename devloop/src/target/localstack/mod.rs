//! `LocalStack`, or what speaks as it does, with its hot reloading.
//!
//! 500 ms after any change of a function's directory LocalStack kills the function's processes, and reports what they were working
//! on as done. So every swap is an UpdateFunctionCode, before which what is in flight fails instead, and is sent or delivered again. A
//! function that events come to, or that was called a moment ago, is told to use a new directory; one at rest, as far as its log
//! tells, has its file replaced in place and is told at once.

mod activate;
mod place;
mod probe;
mod rest;
mod swap_plan;
mod target;

pub(crate) use probe::{Probe, probe};
pub(crate) use target::{Localstack, Opening, unreachable};
