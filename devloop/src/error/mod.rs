//! Errors as the user sees them, at the edge of the program.

mod suggest;
mod user_error;

pub(crate) use suggest::suggestion;
pub(crate) use user_error::{Exit, UserError};
