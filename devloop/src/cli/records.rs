//! Flags of `records`.

use clap::Args;

/// Shows the stream's records that an on-failure queue's messages refer to.
///
/// The messages stay in the queue; looking at them counts as a receive.
#[derive(Debug, Clone, Args)]
pub(crate) struct RecordsArguments {
    /// The queue's name.
    #[arg(value_name = "QUEUE")]
    pub(crate) queue: String,
    /// The cloud's URL [default: `AWS_ENDPOINT_URL`, or the configured port on 127.0.0.1].
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Asks AWS itself, with the keys of the environment or of a profile (`AWS_PROFILE`), as the AWS CLI finds them.
    #[arg(long, conflicts_with = "endpoint")]
    pub(crate) aws: bool,
    /// Where the queue is [default: the environment's region, or us-east-1].
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Prints one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}
