//! A running `devloop up` or `devloop watch`: prepares the workspace, starts the cloud, and runs the main loop, which gives events
//! to the engine and its effects to the workers. `commands` start it.

mod api_calls;
mod building;
mod cloud;
mod commit;
mod consent;
mod database;
mod event_paths;
mod example;
mod first_build;
mod function_logs;
mod lock;
mod mails;
mod main_loop;
mod node_packages;
mod opening;
mod options;
mod orders;
mod outputs;
mod parameters;
mod pipe;
mod port;
mod prepare;
mod rollback;
mod run;
mod signals;
mod stacks;
mod status_access;
mod survey;
mod templates;
mod trace;
mod variables;
mod workers;

#[cfg(test)]
mod tests;

pub(crate) use building::build;
pub(crate) use commit::of as commit;
pub(crate) use consent::agree;
pub(crate) use options::{Conditions, Database, Deployment, Options, Selection, View};
pub(crate) use port::owner as port_owner;
pub(crate) use rollback::roll_back;
pub(crate) use run::run;
pub(crate) use survey::{Survey, survey};
