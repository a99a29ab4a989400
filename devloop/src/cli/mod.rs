//! The command line as it is typed. `commands` gives it its meaning.

mod arguments;
mod bench;
mod doctor;

pub(crate) use arguments::{
    Arguments, Command, InitArguments, RollbackArguments, SessionArguments, StatusArguments, TargetArguments,
    TargetName,
};
pub(crate) use bench::{
    AbArguments, BenchArguments, BenchCommand, LoadArguments, OutputArguments, PlaceArguments, SwapArguments,
    WaitArguments,
};
pub(crate) use doctor::DoctorArguments;
