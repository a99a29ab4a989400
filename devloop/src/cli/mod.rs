//! The command line as it is typed. `commands` carries it out.

mod arguments;
mod bench;
mod build;
mod deploy;
mod doctor;
mod functions;
mod records;

use arguments::parameter;
pub(crate) use arguments::{
    Arguments, Command, InitArguments, LimitsName, MailArguments, RollbackArguments, SessionArguments,
    StatusArguments, TargetArguments, TargetName,
};
pub(crate) use bench::{
    AbArguments, BenchArguments, BenchCommand, LoadArguments, OutputArguments, PlaceArguments, SwapArguments,
    WaitArguments,
};
pub(crate) use build::BuildArguments;
pub(crate) use deploy::DeployArguments;
pub(crate) use doctor::DoctorArguments;
pub(crate) use functions::{
    CloudArguments, CompletionsArguments, EventsArguments, EventsCommand, Example, FireArguments,
    InvokeArguments, LogsArguments, ManArguments, NewArguments, NewCommand, NewFunction, ReplayArguments,
    Source,
};
pub(crate) use records::RecordsArguments;
