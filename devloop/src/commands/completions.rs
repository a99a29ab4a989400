//! `devloop completions SHELL`.

use std::process::ExitCode;

use clap::CommandFactory;

use super::asked::printed_data;
use crate::cli::{Arguments, CompletionsArguments};
use crate::error::UserError;

/// Prints what the shell needs to complete commands and flags.
pub(crate) fn completions(arguments: &CompletionsArguments) -> Result<ExitCode, UserError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "devloop", &mut script);
    printed_data(&script)
}
