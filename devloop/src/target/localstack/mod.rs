//! The target `LocalStack`, or a server that behaves as it does, with its hot reloading.
//!
//! When a function's directory changes, LocalStack kills the function's processes 500 ms later, and reports what they were working
//! on as done. So every swap is an UpdateFunctionCode: then requests in flight fail visibly, and are sent or delivered again. A
//! function with event sources, or one that was called a moment ago, is pointed at a new directory. Any other one, as far as its
//! log shows, has its file replaced in place and is updated at once.

mod activate;
mod place;
mod probe;
mod rest;
mod swap_plan;
mod target;

pub(crate) use probe::{Probe, probe};
pub(crate) use target::{Localstack, Opening, unreachable};
