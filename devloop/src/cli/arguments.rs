//! Commands and flags; their doc comments are the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cli::DoctorArguments;

/// The edit loop for Rust Lambda functions: save a file, and the running pipeline serves the new code.
///
/// devloop starts an AWS-compatible cloud on this machine, applies the workspace's template, builds the functions and serves
/// them. A function is a binary of a workspace package that depends on `lambda_runtime` or `lambda_http`.
#[derive(Debug, Parser)]
#[command(name = "devloop", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  ended by Ctrl-C, SIGTERM, SIGHUP, or because nobody reads the output any more
  1  something failed while running; for `status`: something is wrong with the pipeline
  2  the command line or the configuration is wrong
  3  the workspace cannot be read
  4  the cloud cannot be started or does not answer, or the template cannot be applied";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Starts the cloud, applies the template, and builds and serves the functions once.
    Up(SessionArguments),
    /// The same, and builds and serves again whatever a save concerns.
    Watch(SessionArguments),
    /// Tells how a running pipeline fares: code on disk, deployed and answering, work, lag, latency, and what is wrong.
    Status(StatusArguments),
    Doctor(DoctorArguments),
}

/// Flags of `status`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StatusArguments {
    /// The cloud's URL [default: `AWS_ENDPOINT_URL`, or the configured port on 127.0.0.1].
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Tells it as one JSON document, or with --watch as one JSON line a second.
    #[arg(long)]
    pub(crate) json: bool,
    /// Tells it again every second until Ctrl-C.
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Flags of `up` and `watch`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SessionArguments {
    /// The functions to build, or `all` of the workspace [default: those of the template, or all without one].
    #[arg(value_name = "FUNCTION")]
    pub(crate) functions: Vec<String>,
    /// The cloud's port; 0 takes a free one [default: 4566].
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// The cloud's URL, instead of a port.
    #[arg(long, value_name = "URL", conflicts_with = "port")]
    pub(crate) endpoint: Option<String>,
    /// Tells what happens as JSON lines on the standard output.
    #[arg(long, conflicts_with = "plain")]
    pub(crate) json: bool,
    /// Tells what happens as plain lines, even on a terminal.
    #[arg(long)]
    pub(crate) plain: bool,
    /// Applies this template instead of the configured ones; may be given more than once.
    #[arg(long, value_name = "FILE", conflicts_with = "no_template")]
    pub(crate) template: Vec<PathBuf>,
    /// Builds the functions with this profile of cargo [default: dev].
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// Builds the functions optimised: `--profile release`.
    #[arg(long, conflicts_with = "profile")]
    pub(crate) release: bool,
    /// Starts an empty cloud; only functions named on the command line are built and served.
    #[arg(long)]
    pub(crate) no_template: bool,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Arguments;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    fn check(arguments: &[&str], accepted: bool) {
        let parsed = Arguments::try_parse_from(["devloop"].iter().chain(arguments));
        assert_eq!(parsed.is_ok(), accepted, "{arguments:?}");
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        check(&["watch", "upstream", "--port", "0", "--json"], true);
        check(&["up", "--template", "a.json", "--template", "b.json"], true);
        check(&["up", "--json", "--plain"], false);
        check(&["up", "--template", "a.json", "--no-template"], false);
        check(&["up", "--port", "1", "--endpoint", "http://localhost:1"], false);
        check(&["up", "--port", "65536"], false);
        check(&["up", "--release"], true);
        check(&["up", "--release", "--profile", "dev"], false);
        check(&["status", "--json", "--watch", "--endpoint", "http://localhost:1"], true);
        check(&["status", "upstream"], false);
        check(&["doctor", "--json", "--fix", "--yes"], true);
        check(&["doctor", "--yes"], false);
        check(&["doctor", "--fix", "--quick"], false);
        check(&[], false);
    }
}
