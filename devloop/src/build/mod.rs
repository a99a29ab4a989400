//! One cargo process for everything that is to be built. `session` runs it and forwards what it reports.

mod apart;
mod arguments;
mod command;
mod dep_info;
mod machines;
mod messages;
mod process;
mod reader;
mod run;
mod standby;

#[cfg(test)]
mod tests;

pub(crate) use arguments::arguments;
pub(crate) use machines::{Machines, tools};
pub(crate) use run::{Builder, Outcome, run};
pub(crate) use standby::{Standby, before_a_stop};
