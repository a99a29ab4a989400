//! The target `LocalStack`, or a server that behaves as it does, with its hot reloading.
//!
//! When a function's directory changes, LocalStack kills the function's processes 500 ms later, and reports what they were working
//! on as done. So every swap puts the code into a new directory and points the function at it with UpdateFunctionCode: then requests
//! in flight fail visibly, and are sent or delivered again.

mod activate;
mod place;
mod probe;
mod swap_plan;
mod target;

pub(crate) use probe::{Probe, probe};
pub(crate) use target::{Localstack, Opening, unreachable};
