//! The one place that knows how cargo is started and stopped. `workspace` and `build` use it.

mod environment;
mod process;

pub(crate) use environment::command;
pub(crate) use process::{Group, lead_a_group};
