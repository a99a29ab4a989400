//! Commands and flags; their doc comments are the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::{
    BenchArguments, BuildArguments, CompletionsArguments, DeployArguments, DoctorArguments, EventsArguments,
    FireArguments, InvokeArguments, LogsArguments, ManArguments, NewArguments, RecordsArguments,
    ReplayArguments,
};

/// The edit loop for Rust Lambda functions: save a file, and the running pipeline serves the new code.
///
/// devloop starts an AWS-compatible cloud on this machine, applies the workspace's template, builds the functions and serves
/// them. A function is a binary of a workspace package that depends on `lambda_runtime`, itself or through another package.
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
  3  the workspace cannot be read, or another devloop works on it
  4  the cloud cannot be started or does not answer, or the template cannot be applied
`bench` has more: see `devloop bench --help`";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Starts the cloud, applies the template, and builds and serves the functions once.
    Up(SessionArguments),
    /// Does what `up` does, and after every save builds and serves again the functions that the save concerns.
    Watch(SessionArguments),
    /// Shows what devloop finds in this workspace, and writes a `devloop.toml` with every usual setting as a comment.
    Init(InitArguments),
    /// Makes the code that a function had before its last update serve again.
    Rollback(RollbackArguments),
    /// Shows the state of a running pipeline: code on disk, deployed and answering, work, lag, latency, and what is wrong.
    Status(StatusArguments),
    /// Invokes a function and shows its answer, its log, and how long it took.
    Invoke(InvokeArguments),
    /// Shows what functions have logged.
    Logs(LogsArguments),
    /// Lists the last events that functions of the embedded cloud got, or saves one of them as a fixture.
    Events(EventsArguments),
    /// Sends one of the last events to its function again.
    Replay(ReplayArguments),
    /// Runs a rule with a schedule, or a schedule, at once.
    Fire(FireArguments),
    /// Makes a new function.
    New(NewArguments),
    /// Prints the completions of commands and flags for a shell.
    Completions(CompletionsArguments),
    /// Prints the manual page of devloop or of one of its commands, for `man -l -`.
    Man(ManArguments),
    /// Lists the e-mails that topics have sent in the embedded cloud, or shows one.
    Mail(MailArguments),
    /// Loads a running pipeline, follows every request to its end, and reports rates, latencies, losses and costs.
    Bench(Box<BenchArguments>),
    Records(RecordsArguments),
    Doctor(DoctorArguments),
    /// Builds the functions for the machines of their stack, and puts each where deployments take it: `FUNCTION/bootstrap` in the
    /// dist folder (`LAMBDA_DIST_PATH`).
    Build(BuildArguments),
    /// Deploys the stacks of the CDK app: in process to the cloud of a running `devloop up`, or with the CDK's own command line to
    /// LocalStack or AWS. A cloud on this machine is bootstrapped first where it is not yet.
    Deploy(DeployArguments),
    /// Shows what `deploy` would change.
    Diff(DeployArguments),
    /// Deletes the stacks that `deploy` has made.
    Destroy(DeployArguments),
    /// Writes the templates of the CDK app into its `cdk.out`.
    Synth(DeployArguments),
}

/// Flags of `init`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct InitArguments {
    /// Shows what would be written, and writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Flags of `mail`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct MailArguments {
    /// Shows the mail with this number.
    #[arg(value_name = "N")]
    pub(crate) number: Option<u64>,
    /// Lists further mails as they come, until Ctrl-C.
    #[arg(long, conflicts_with = "number")]
    pub(crate) follow: bool,
    /// Lists each mail as a JSON object.
    #[arg(long, conflicts_with = "number")]
    pub(crate) json: bool,
}

/// Flags of `status`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StatusArguments {
    /// The cloud's URL [default: `AWS_ENDPOINT_URL`, or the configured port on 127.0.0.1].
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Asks through AWS's APIs alone, even a cloud that has a page of its own.
    #[arg(long)]
    pub(crate) apis: bool,
    /// Asks AWS itself, with the keys of the environment or of a profile (`AWS_PROFILE`), as the AWS CLI finds them.
    #[arg(long, conflicts_with = "endpoint", requires = "stack")]
    pub(crate) aws: bool,
    /// The region, where no page of the cloud says it [default: `AWS_REGION`, that of the profile with --aws, or us-east-1].
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Reports only the functions of this `CloudFormation` stack, where the cloud has no page of its own.
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// Prints one JSON document, or with --watch one JSON line each time.
    #[arg(long)]
    pub(crate) json: bool,
    /// Repeats the report until Ctrl-C: every second, every 5 s without a page, every 30 s from AWS.
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Where functions run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetName {
    /// The cloud in devloop itself.
    Embedded,
    /// LocalStack at the endpoint, with its hot reloading.
    Localstack,
    /// Lambda itself, in the account of your credentials.
    Aws,
}

/// Flags about where functions run.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TargetArguments {
    /// Where functions run [default: LocalStack where it answers at the endpoint, or else the embedded cloud; never aws].
    #[arg(long, value_enum, value_name = "TARGET")]
    pub(crate) target: Option<TargetName>,
    /// The cloud's URL, instead of a port.
    #[arg(long, value_name = "URL", conflicts_with = "port")]
    pub(crate) endpoint: Option<String>,
    /// The cloud's port; 0 takes a free one [default: 4566].
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// aws: changes the account without asking.
    #[arg(long, requires = "target", conflicts_with = "dry_run")]
    pub(crate) yes: bool,
    /// aws: shows what would be changed, and changes nothing.
    #[arg(long, requires = "target")]
    pub(crate) dry_run: bool,
    /// aws: publishes a version of each function that is updated.
    #[arg(long, requires = "target")]
    pub(crate) publish: bool,
    /// aws: points this alias at the published version; implies --publish.
    #[arg(long, value_name = "NAME", requires = "target")]
    pub(crate) alias: Option<String>,
    /// aws: the bucket for code above 50 MB [default: that of the account's CDK assets].
    #[arg(long, value_name = "BUCKET", requires = "target")]
    pub(crate) bucket: Option<String>,
}

/// Flags of `rollback`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RollbackArguments {
    /// The functions [default: those of the template, or all without one].
    #[arg(value_name = "FUNCTION")]
    pub(crate) functions: Vec<String>,
    /// Where they run.
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Tells what happens as JSON lines on the standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// The template that names the functions, instead of the configured ones; may be given more than once.
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Vec<PathBuf>,
}

/// Flags of `up` and `watch`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SessionArguments {
    /// The functions to build, or `all` of the workspace [default: those of the template, or all without one].
    #[arg(value_name = "FUNCTION")]
    pub(crate) functions: Vec<String>,
    /// Where they run.
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Tells what happens as JSON lines on the standard output.
    #[arg(long, conflicts_with = "plain")]
    pub(crate) json: bool,
    /// Tells what happens as plain lines, even on a terminal.
    #[arg(long)]
    pub(crate) plain: bool,
    /// Applies this template instead of the configured ones; may be given more than once.
    #[arg(long, value_name = "FILE", conflicts_with = "no_template")]
    pub(crate) template: Vec<PathBuf>,
    /// Applies the stack with this name, or with this text in its name, and builds only its functions; `all` means every stack;
    /// may be given more than once.
    #[arg(long, value_name = "NAME", conflicts_with = "no_template")]
    pub(crate) stack: Vec<String>,
    /// Builds the functions with this profile of cargo [default: dev].
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// Builds the functions optimised: `--profile release`.
    #[arg(long, conflicts_with = "profile")]
    pub(crate) release: bool,
    /// Leaves the mouse to the terminal, so that it selects text as usual.
    #[arg(long)]
    pub(crate) no_mouse: bool,
    /// Links dependencies once, into a shared object beside each function: a save is live sooner (experimental).
    #[arg(long)]
    pub(crate) prelink: bool,
    /// Serves Prometheus a page with the pipeline's figures on this port of loopback; 0 takes a free one.
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "9464")]
    pub(crate) metrics: Option<u16>,
    /// Makes the embedded cloud's time pass faster, such as 60x: windows, waits and retentions of minutes take seconds. The
    /// running times and timeouts of functions stay as they are.
    #[arg(long, value_name = "TIMES", value_parser = times)]
    pub(crate) clock: Option<f64>,
    /// Bounds the throughput of the embedded cloud's shards as AWS does, so that throttling can be seen here.
    #[arg(long, value_name = "WHOSE")]
    pub(crate) limits: Option<LimitsName>,
    /// Passes requests for services that the embedded cloud lacks to another AWS on this machine, such as moto's server or
    /// LocalStack.
    #[arg(long, value_name = "URL")]
    pub(crate) fallback: Option<String>,
    /// Lets the embedded cloud answer your own programs only, on a machine that you share. The system tells once for each
    /// connection whose program asks, so clients need nothing for it.
    #[arg(long)]
    pub(crate) only_me: bool,
    /// Gives a parameter of the templates a value, as NAME=VALUE; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter, conflicts_with = "no_template")]
    pub(crate) parameter: Vec<(String, String)>,
    /// Gives functions the variables in this file, also when it is saved again: `NAME=VALUE` a line for all of them, or JSON as for
    /// `sam local --env-vars`; may be given more than once.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<PathBuf>,
    /// Lets a debugger attach: functions keep their debug information, time limits do not count while a debugger holds one, and
    /// what to paste into gdb, lldb, VS Code and RustRover is shown whenever code is live.
    #[arg(long)]
    pub(crate) debugger: bool,
    /// Sends a function's last event again whenever its new code is live.
    #[arg(long)]
    pub(crate) replay_last: bool,
    /// Refuses a template that asks for what the embedded cloud lacks, even where no function or mapping needs it.
    #[arg(long, conflicts_with = "no_template")]
    pub(crate) strict: bool,
    /// Starts this machine's PostgreSQL for the session, and gives its URL to the template's parameter `DatabaseUrl` and `both` to
    /// its parameter `Sink`.
    #[arg(long, conflicts_with = "no_template")]
    pub(crate) postgres: bool,
    /// Uses a running database instead: postgres://user:password@host:port/database.
    #[arg(long, value_name = "URL", conflicts_with_all = ["no_template", "postgres"])]
    pub(crate) database_url: Option<String>,
    /// Starts an empty cloud; only functions named on the command line are built and served.
    #[arg(long)]
    pub(crate) no_template: bool,
}

/// Whose limits the embedded cloud has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LimitsName {
    /// Those of AWS.
    Aws,
}

/// `60x`, or `60`: from 1 to 1000 times.
fn times(text: &str) -> Result<f64, String> {
    let factor = text.strip_suffix('x').unwrap_or(text).parse::<f64>().ok();
    factor
        .filter(|factor| (1.0..=1000.0).contains(factor))
        .ok_or_else(|| "it must be a number of times from 1x to 1000x, such as 60x".to_owned())
}

pub(super) fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must look like NAME=VALUE".to_owned()),
    }
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
        check(&["watch", "--stack", "wildrydes", "processor", "--clock", "60x", "--limits", "aws"], true);
        check(&["up", "--clock", "0.5x"], false);
        check(&["up", "--clock", "soon"], false);
        check(&["up", "--stack", "all", "--no-template"], false);
        check(&["up", "--port", "1", "--endpoint", "http://localhost:1"], false);
        check(&["up", "--port", "65536"], false);
        check(&["up", "--postgres", "--parameter", "Sink=postgres", "--parameter", "X="], true);
        check(&["up", "--metrics", "upstream"], true);
        check(&["up", "--metrics=0"], true);
        check(&["up", "--metrics=x"], false);
        check(&["status", "--aws"], false);
        check(&["status", "--aws", "--stack", "S", "--region", "eu-west-1", "--watch"], true);
        check(&["status", "--aws", "--stack", "S", "--endpoint", "http://h"], false);
        check(&["up", "--parameter", "Sink"], false);
        check(&["up", "--parameter", "=x"], false);
        check(&["up", "--postgres", "--database-url", "postgres://h/d"], false);
        check(&["up", "--postgres", "--no-template"], false);
        check(&["up", "--release"], true);
        check(&["up", "--release", "--profile", "dev"], false);
        check(&["up", "--target", "aws", "--yes", "--alias", "live", "--bucket", "b"], true);
        check(&["watch", "--target", "aws", "--dry-run"], true);
        check(&["up", "--target", "azure"], false);
        check(&["up", "--yes"], false);
        check(&["up", "--target", "aws", "--yes", "--dry-run"], false);
        check(&["rollback", "upstream", "--target", "aws", "--yes"], true);
        check(&["status", "--json", "--watch", "--endpoint", "http://localhost:1"], true);
        check(&["status", "upstream"], false);
        check(
            &["bench", "--rate", "500", "--duration", "2m", "--fail-if", "p99>50ms", "--fail-if", "lost>0"],
            true,
        );
        check(&["bench", "--vus", "0"], false);
        check(&["bench", "wait"], true);
        check(&["bench", "--vus", "1", "wait", "x.json"], false);
        check(&["bench", "ab", "dev"], false);
        check(&["bench", "swap", "upstream", "--edit", "x.rs"], false);
        check(&["doctor", "--json", "--fix", "--yes"], true);
        check(&["records", "failures", "--json"], true);
        check(&["records"], false);
        check(&["invoke", "f", "--payload", "{}", "--file", "x"], false);
        check(&["invoke", "f", "--example", "sqs", "--qualifier", "live"], true);
        check(&["invoke", "f", "--example", "none"], false);
        check(&["invoke", "f", "--target", "aws"], true);
        check(&["invoke", "f", "--target", "aws", "--aws"], false);
        check(&["logs", "a", "b", "--since", "10m", "--follow"], true);
        check(&["logs", "--since", "soon"], false);
        check(&["events", "save", "3", "e.json"], true);
        check(&["events", "f"], true);
        check(&["replay", "3", "--times", "2"], true);
        check(&["replay", "3", "--times", "0"], false);
        check(&["fire", "nightly"], true);
        check(&["completions", "zsh"], true);
        check(&["man"], true);
        check(&["man", "bench", "swap"], true);
        check(&["new", "function", "orders", "--on", "queue"], true);
        check(&["new", "function", "orders"], false);
        check(&["new", "function", "orders", "--on", "mail"], false);
        check(&["doctor", "--yes"], false);
        check(&["doctor", "--fix", "--quick"], false);
        check(&[], false);
    }
}
