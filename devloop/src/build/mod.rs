//! One cargo process for everything that is to be built. `session` runs it and forwards what it reports.

mod arguments;
mod dep_info;
mod messages;
mod routes;
mod run;

#[cfg(test)]
mod tests;

pub(crate) use arguments::arguments;
pub(crate) use routes::{Machines, tools};
pub(crate) use run::{Builder, Outcome, run};
