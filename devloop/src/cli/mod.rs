//! The command line as it is typed. `commands` gives it its meaning.

mod arguments;
mod doctor;

pub(crate) use arguments::{Arguments, Command, SessionArguments, StatusArguments};
pub(crate) use doctor::DoctorArguments;
