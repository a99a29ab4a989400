//! The command line as it is typed. `commands` gives it its meaning.

mod arguments;
mod bench;

pub(crate) use arguments::{Arguments, Command, SessionArguments, StatusArguments};
pub(crate) use bench::{
    AbArguments, BenchArguments, BenchCommand, LoadArguments, OutputArguments, SwapArguments, WaitArguments,
};
