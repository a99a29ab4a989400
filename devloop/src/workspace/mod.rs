//! The workspace as cargo describes it, turned into `graph`'s model. `session` calls it at the start and after manifest edits.

mod model;
mod read;

#[cfg(test)]
mod tests;

pub(crate) use read::{Reading, outline, read};
