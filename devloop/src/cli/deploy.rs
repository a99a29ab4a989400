//! Flags of `deploy`, `diff`, `destroy` and `synth`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::TargetName;

/// Flags of the commands for a CDK app.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DeployArguments {
    /// The stacks [default: all of the CDK app].
    #[arg(value_name = "STACK")]
    pub(crate) stacks: Vec<String>,
    /// Where the stacks are: the cloud of a running `devloop up` or `watch`, LocalStack, or your AWS account
    /// [default: embedded].
    #[arg(long, value_enum, value_name = "TARGET")]
    pub(crate) target: Option<TargetName>,
    /// The cloud's URL [default: `AWS_ENDPOINT_URL`, or the configured port on 127.0.0.1].
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// The folder of the CDK app [default: the workspace's root or a folder in it, whichever has a cdk.json].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) app: Option<PathBuf>,
    /// A value of the CDK's context, over those of cdk.json and cdk.context.json; can be repeated.
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(crate) context: Vec<(String, String)>,
    /// The region [default: that of the environment or of the profile, or us-east-1].
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// deploy: replaces the code of functions without CloudFormation, where nothing else has changed.
    #[arg(long)]
    pub(crate) hotswap: bool,
    /// aws: changes the account without asking.
    #[arg(long)]
    pub(crate) yes: bool,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it is no KEY=VALUE")?;
    if key.is_empty() { Err("it has no key".to_owned()) } else { Ok((key.to_owned(), value.to_owned())) }
}
