//! The command line as it is typed. `commands` gives it its meaning.

mod arguments;

pub(crate) use arguments::{Arguments, Command, SessionArguments, StatusArguments};
