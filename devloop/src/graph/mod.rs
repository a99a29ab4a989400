//! Which functions a changed file concerns, and why. Pure: `workspace` fills the model, `engine` asks the questions.

mod affected;
mod model;
mod reason;

#[cfg(test)]
mod tests;

pub(crate) use affected::{Inputs, Read, affected, changes_model, is_mere_source};
pub(crate) use model::{Package, Workspace};
pub(crate) use reason::Reason;
