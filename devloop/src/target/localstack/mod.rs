//! `LocalStack`, or what speaks as it does, with its hot reloading.
//!
//! What it does with a directory that changes is unkind: 500 ms after any change it kills the function's processes, and what they
//! were working on is reported as done. So a function that events come to, or that was called a moment ago, gets its new binary
//! in a directory of its own, and is told to use that one; what is in flight then fails and is delivered again. Only a function
//! at rest has its file replaced in place. Of a function's first request nothing is known before it is over, so a function that
//! was never seen to answer is told at once that its file was replaced.

mod activate;
mod place;
mod probe;
mod rest;
mod standing;
mod target;

pub(crate) use probe::{Probe, probe};
pub(crate) use target::{Localstack, Opening, unreachable};
