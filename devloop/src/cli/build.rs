//! Flags of `build`.

use std::path::PathBuf;

use clap::Args;

/// Flags of `build`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BuildArguments {
    /// The functions to build, or `all` of the workspace [default: those of the template, or all without one].
    #[arg(value_name = "FUNCTION")]
    pub(crate) functions: Vec<String>,
    /// Reads this template instead of the configured ones; may be given more than once.
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Vec<PathBuf>,
    /// Builds the functions of the stack of this name, or with this in its name; `all` means every stack; may be given more than
    /// once.
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Vec<String>,
    /// Builds the functions with this profile of cargo [default: dev].
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// Builds the functions optimised: `--profile release`.
    #[arg(long, conflicts_with = "profile")]
    pub(crate) release: bool,
    /// Gives a parameter of the templates a value, as NAME=VALUE; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = crate::cli::parameter)]
    pub(crate) parameter: Vec<(String, String)>,
    /// Prints each function's binary as a JSON object, one on a line.
    #[arg(long)]
    pub(crate) json: bool,
}
