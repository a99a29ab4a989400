//! `devloop man [COMMAND]`.

use std::process::ExitCode;

use clap::CommandFactory;

use super::asked::printed_data;
use crate::cli::{Arguments, ManArguments};
use crate::error::{UserError, suggestion};

/// Prints the manual page, made of the same words as the help.
pub(crate) fn man(arguments: &ManArguments) -> Result<ExitCode, UserError> {
    let mut command = Arguments::command();
    command.build();
    for name in &arguments.command {
        command = match command.find_subcommand(name) {
            Some(found) => found.clone(),
            None => return Err(unknown(&command, name)),
        };
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| UserError::failure("page_failed", format!("write the page: {error}")))?;
    printed_data(&page)
}

fn unknown(command: &clap::Command, name: &str) -> UserError {
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let error =
        UserError::usage("command_unknown", format!("{} has no command `{name}`", command.get_name()));
    match suggestion(name, names.iter().copied()) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint("`devloop --help` lists the commands"),
    }
}
