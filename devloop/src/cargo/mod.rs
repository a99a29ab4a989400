//! The one place that knows how cargo is started and stopped. `workspace` and `build` use it.

mod configuration;
mod environment;
mod process;
mod refusal;
mod toolchain;

pub(crate) use configuration::{file_in, files_in, home, members_wrapper};
pub(crate) use environment::command;
pub(crate) use process::{Group, lead_a_group};
pub(crate) use refusal::{Refusal, refusal, without_backtrace};
pub(crate) use toolchain::{Lookup, Toolchain, find, find_in};
