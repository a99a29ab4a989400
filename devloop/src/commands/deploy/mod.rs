//! `devloop deploy`, `diff`, `destroy` and `synth`: the stacks of a CDK app. For the cloud of a running session they are done in
//! process; for LocalStack and AWS the CDK's own command line does them.

mod app;
mod assembly;
mod assets;
mod bootstrap;
mod cdk;
mod cloud;
mod diff;
mod embedded;
mod hotswap;
mod placeholders;
mod program;
mod progress;
mod stack;
mod synth;

use std::process::ExitCode;
use std::time::Duration;

use crate::aws::{Bounds, Client, Endpoints, Keys, Trust};
use crate::cli::{DeployArguments, TargetName};
use crate::commands::bench::endpoint;
use crate::config::Environment;
use crate::error::UserError;
use crate::output;
use app::App;
use cloud::{Cloud, Who};

/// The region where neither flags nor environment name one.
const REGION: &str = "us-east-1";

/// The limits of an answer. An operation of a stack is answered when it has ended, or after some seconds.
const BOUNDS: Bounds = Bounds { time: Duration::from_mins(2), bytes: 16 << 20 };

/// What is to be done with the stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Create or update them.
    Deploy,
    /// Show what a deployment would change.
    Diff,
    /// Delete them.
    Destroy,
    /// Write their templates.
    Synth,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Diff => "diff",
            Self::Destroy => "destroy",
            Self::Synth => "synth",
        }
    }

    /// Whether it changes what is deployed.
    fn changes(self) -> bool {
        matches!(self, Self::Deploy | Self::Destroy)
    }
}

/// Does with the app's stacks what the verb says. The exit code of the CDK's command line is this command's, where that is used.
pub(crate) async fn deploy(verb: Verb, arguments: &DeployArguments) -> Result<ExitCode, UserError> {
    if arguments.hotswap && verb != Verb::Deploy {
        return Err(UserError::usage("flag_unsuitable", "use --hotswap: it is for `devloop deploy` only"));
    }
    let target = arguments.target.unwrap_or(TargetName::Embedded);
    let environment = Environment::of_process();
    let app = App::find(arguments.app.as_deref()).await?;
    if target == TargetName::Aws {
        return cdk::in_account(verb, arguments, &app, &environment).await;
    }
    let url = endpoint(arguments.endpoint.as_deref(), &environment).await?;
    if target == TargetName::Localstack {
        return cdk::local(verb, arguments, &app, &environment, &url).await;
    }
    let trust = Trust::new(environment.certificates());
    let client = Client::new(Endpoints::one(&url), Keys::default(), trust, BOUNDS);
    let region = region(arguments, &environment);
    let surroundings = cdk::Surroundings::local(&app, &url, &region, &environment);
    match cloud::who(&client, &region).await {
        Who::Other => {
            say(&format!("{url} is not devloop's own cloud, so `cdklocal` does it"));
            cdk::local(verb, arguments, &app, &environment, &url).await
        }
        // Templates are written without a cloud too.
        Who::Nobody if verb == Verb::Synth => {
            let account = cloud::ACCOUNT.to_owned();
            embedded::run(verb, arguments, &app, surroundings, Cloud { client, region, account }).await
        }
        Who::Devloop | Who::Nobody => {
            let account = cloud::account(&client, &region).await?;
            embedded::run(verb, arguments, &app, surroundings, Cloud { client, region, account }).await
        }
    }
}

fn region(arguments: &DeployArguments, environment: &Environment<'_>) -> String {
    arguments.region.clone().or_else(|| environment.region()).unwrap_or_else(|| REGION.to_owned())
}

/// Tells people something on the standard error.
fn say(text: &str) {
    use std::io::Write as _;
    // A closed standard error is no reason to fail.
    let _ = writeln!(output::stderr(), "{text}");
}
