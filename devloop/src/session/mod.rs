//! A running `devloop up` or `devloop watch`: prepares the workspace, starts the cloud, and turns the main loop, which feeds
//! events to the engine and hands its effects to the workers. `commands` start it.

mod cloud;
mod commit;
mod consent;
mod main_loop;
mod opening;
mod options;
mod orders;
mod outputs;
mod port;
mod prepare;
mod rollback;
mod route;
mod run;
mod signals;
mod trace;
mod urls;
mod workers;

#[cfg(test)]
mod tests;

pub(crate) use options::{Deployment, Options, Selection, View};
pub(crate) use rollback::roll_back;
pub(crate) use run::run;
