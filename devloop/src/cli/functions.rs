//! Flags of the commands that deal with functions of a running cloud: `invoke`, `logs`, `events`, `replay`, `fire`; of `new`, which
//! makes one; and of `completions` and `man`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::TargetName;

/// Which cloud is asked.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CloudArguments {
    /// The cloud's URL [default: `AWS_ENDPOINT_URL`, or the configured port on 127.0.0.1].
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Asks AWS itself, with the keys of the environment or of a profile (`AWS_PROFILE`), as the AWS CLI finds them.
    #[arg(long, conflicts_with = "endpoint")]
    pub(crate) aws: bool,
    /// Where the functions run, as for `watch`: `aws` means --aws, the others the cloud at the endpoint.
    #[arg(long, value_enum, value_name = "TARGET", conflicts_with = "aws")]
    pub(crate) target: Option<TargetName>,
    /// The region [default: the environment's region, or us-east-1].
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

impl CloudArguments {
    /// Whether AWS itself is asked.
    pub(crate) fn is_aws(&self) -> bool {
        self.aws || self.target == Some(TargetName::Aws)
    }
}

/// Flags of `invoke`.
#[derive(Debug, Clone, Args)]
pub(crate) struct InvokeArguments {
    /// The function, by its name or a part of it that no other function has.
    #[arg(value_name = "FUNCTION")]
    pub(crate) function: String,
    /// Which cloud is asked.
    #[command(flatten)]
    pub(crate) cloud: CloudArguments,
    /// The event, as JSON [default: {}].
    #[arg(long, value_name = "JSON", group = "event")]
    pub(crate) payload: Option<String>,
    /// A file with the event; `-` is the standard input.
    #[arg(long, value_name = "FILE", group = "event")]
    pub(crate) file: Option<PathBuf>,
    /// An event as AWS documents it.
    #[arg(long, value_enum, value_name = "KIND", group = "event")]
    pub(crate) example: Option<Example>,
    /// Hands the event over and does not wait for the answer.
    #[arg(long = "async")]
    pub(crate) later: bool,
    /// A version or an alias.
    #[arg(long, value_name = "NAME")]
    pub(crate) qualifier: Option<String>,
    /// Shows every stage that the event crosses, until nothing more has come of it for three seconds.
    #[arg(long, conflicts_with = "aws")]
    pub(crate) follow: bool,
}

/// Events that AWS documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Example {
    /// A REST API's request.
    Apigateway,
    /// A DynamoDB stream's record.
    Dynamodb,
    /// An event of a bus.
    Eventbridge,
    /// A request to an HTTP API or a function URL.
    Http,
    /// A Kinesis stream's record.
    Kinesis,
    /// A bucket's notification.
    S3,
    /// A rule's schedule.
    Schedule,
    /// A topic's message.
    Sns,
    /// A queue's message.
    Sqs,
}

/// Flags of `logs`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LogsArguments {
    /// The functions, by their names or parts of them that no other function has [default: all].
    #[arg(value_name = "FUNCTION")]
    pub(crate) functions: Vec<String>,
    /// Which cloud is asked.
    #[command(flatten)]
    pub(crate) cloud: CloudArguments,
    /// Shows further lines as they come, until Ctrl-C.
    #[arg(long)]
    pub(crate) follow: bool,
    /// How far back the lines go, such as 30s, 10m, 2h or 1d.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10m")]
    pub(crate) since: Duration,
    /// Only lines that fit this pattern of CloudWatch Logs.
    #[arg(long, value_name = "PATTERN", conflicts_with = "request")]
    pub(crate) filter: Option<String>,
    /// Only the lines of the invocation with this request id.
    #[arg(long, value_name = "ID")]
    pub(crate) request: Option<String>,
}

/// Flags of `events`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct EventsArguments {
    /// What to do instead of listing.
    #[command(subcommand)]
    pub(crate) command: Option<EventsCommand>,
    /// Only the events of this function.
    #[arg(value_name = "FUNCTION")]
    pub(crate) function: Option<String>,
    /// The cloud's URL [default: `AWS_ENDPOINT_URL`, or the configured port on 127.0.0.1].
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) endpoint: Option<String>,
    /// Lists each event as a JSON object, with its payload.
    #[arg(long)]
    pub(crate) json: bool,
    /// Puts *** in the place of passwords, tokens, keys, cookies and the like when an event is saved; the list has it always.
    #[arg(long, global = true)]
    pub(crate) mask: bool,
}

/// What `events` does besides listing.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum EventsCommand {
    /// Saves an event as a file.
    Save {
        /// The event's number.
        #[arg(value_name = "N")]
        number: u64,
        /// The file, such as tests/events/order.json.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replaces the file if it exists.
        #[arg(long)]
        force: bool,
    },
}

/// Flags of `replay`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReplayArguments {
    /// The event's number, as `devloop events` shows it.
    #[arg(value_name = "N")]
    pub(crate) number: u64,
    /// How often it is sent, one after the other.
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) times: u32,
    /// The cloud's URL [default: `AWS_ENDPOINT_URL`, or the configured port on 127.0.0.1].
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
}

/// Flags of `fire`.
#[derive(Debug, Clone, Args)]
pub(crate) struct FireArguments {
    /// The rule or schedule, by its name or a part of it that no other one has.
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// The cloud's URL [default: `AWS_ENDPOINT_URL`, or the configured port on 127.0.0.1].
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
}

/// Flags of `completions`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Flags of `man`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ManArguments {
    /// The command whose page is wanted [default: devloop's own].
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// Flags of `new`.
#[derive(Debug, Clone, Args)]
pub(crate) struct NewArguments {
    /// What is made.
    #[command(subcommand)]
    pub(crate) command: NewCommand,
}

/// What `new` makes.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum NewCommand {
    /// A package with a function: a handler, the type of its event, and a test on a real event.
    Function(NewFunction),
}

/// Flags of `new function`.
#[derive(Debug, Clone, Args)]
pub(crate) struct NewFunction {
    /// The name of the package and of its binary.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// What the function is called for.
    #[arg(long, value_enum, value_name = "SOURCE")]
    pub(crate) on: Source,
    /// The package's folder [default: NAME in `functions`, `lambdas` or `crates`, where there is one, or in the workspace's root].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) path: Option<PathBuf>,
}

/// What calls a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// Records of a Kinesis stream.
    Stream,
    /// Messages of an SQS queue.
    Queue,
    /// Changes of a DynamoDB table.
    Table,
    /// Objects of an S3 bucket.
    Bucket,
    /// Messages of an SNS topic.
    Topic,
    /// Requests to an HTTP API or a function URL.
    Http,
    /// A schedule.
    Schedule,
}

fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "it must be a number and s, m, h or d, such as 10m".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}
