//! `devloop deploy`, `diff`, `destroy` and `synth`: run the CDK's own command line against the chosen cloud.

mod app;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use tokio::process::Command;

use crate::aws::{Bounds, Call, Client, Endpoints, Keys, Trust};
use crate::cli::{DeployArguments, TargetName};
use crate::commands::bench::endpoint;
use crate::commands::keys;
use crate::config::Environment;
use crate::engine::Problem;
use crate::error::{Exit, UserError};
use crate::session::{Deployment, agree};
use app::App;

/// The region where neither flags nor environment name one.
const REGION: &str = "us-east-1";

/// The limits of the cloud's answers about its account and bootstrap.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(30), bytes: 1 << 20 };

/// What the CDK's bootstrap leaves behind [Bootstrapping, CDK Developer Guide].
const BOOTSTRAP: &str = "/cdk-bootstrap/hnb659fds/version";

/// What is to be done with the stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `cdk deploy`.
    Deploy,
    /// `cdk diff`.
    Diff,
    /// `cdk destroy`.
    Destroy,
    /// `cdk synth`.
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

/// Runs the CDK's command line with the target's endpoints, keys and cache. Its exit code is this command's.
pub(crate) async fn deploy(verb: Verb, arguments: &DeployArguments) -> Result<ExitCode, UserError> {
    if arguments.hotswap && verb != Verb::Deploy {
        return Err(UserError::usage("flag_unsuitable", "use --hotswap: it is for `devloop deploy` only"));
    }
    let target = arguments.target.unwrap_or(TargetName::Embedded);
    let app = App::find(arguments.app.as_deref(), target).await?;
    let environment = Environment::of_process();
    let mut run = Invocation { app: &app, variables: Vec::new(), removed: Vec::new() };
    let trust = Trust::new(environment.certificates());
    if target == TargetName::Aws {
        let (keys, region) = keys(&environment, true, arguments.region.clone(), &trust).await?;
        let region = region.unwrap_or_else(|| REGION.to_owned());
        run.removed.extend(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "USE_LOCALSTACK", "HOT_DEPLOY"]);
        run.variables.push(("AWS_REGION", region.clone().into()));
        let client = Client::new(Endpoints::default(), keys, trust, BOUNDS);
        let account = account(&client, &region).await?;
        eprint_line(&format!("cdk {} in the AWS account {account}, region {region}", verb.name()));
        let deployment = Deployment { yes: arguments.yes, ..Deployment::default() };
        if verb.changes() && !agree(&deployment, "go on?").await? {
            return Ok(ExitCode::SUCCESS);
        }
        return run.cdk(&typed(verb, arguments)).await.map(ExitCode::from);
    }
    let url = endpoint(arguments.endpoint.as_deref(), &environment).await?;
    let region = arguments.region.clone().or_else(|| environment.region());
    let region = region.unwrap_or_else(|| REGION.to_owned());
    run.local(&url, &region, &environment);
    if verb != Verb::Synth {
        let client = Client::new(Endpoints::one(&url), Keys::default(), trust, BOUNDS);
        let account = account(&client, &region).await?;
        if verb == Verb::Deploy && !is_bootstrapped(&client, &region).await? {
            let place = format!("aws://{account}/{region}");
            let ended = run.cdk(&["bootstrap".into(), place.into()]).await?;
            if ended != 0 {
                return Ok(ExitCode::from(ended));
            }
        }
    }
    run.cdk(&typed(verb, arguments)).await.map(ExitCode::from)
}

/// The arguments of the CDK's command line. It does not ask for approval, because the user has already agreed.
fn typed(verb: Verb, arguments: &DeployArguments) -> Vec<OsString> {
    let mut typed: Vec<OsString> = vec![verb.name().into()];
    match verb {
        Verb::Deploy => typed.extend(["--require-approval".into(), "never".into()]),
        Verb::Destroy => typed.push("--force".into()),
        Verb::Diff | Verb::Synth => {}
    }
    if arguments.hotswap {
        typed.push("--hotswap".into());
    }
    if arguments.stacks.is_empty() && verb.changes() {
        typed.push("--all".into());
    }
    typed.extend(arguments.stacks.iter().map(Into::into));
    typed
}

/// One way to start the command line.
struct Invocation<'a> {
    app: &'a App,
    variables: Vec<(&'static str, OsString)>,
    removed: Vec<&'static str>,
}

impl Invocation<'_> {
    /// What the CDK needs to know of a cloud on this machine.
    fn local(&mut self, url: &str, region: &str, environment: &Environment<'_>) {
        // cdklocal refuses one variable without the other, and `cdk` would ask AWS itself for the buckets.
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
            self.variables.push((name, url.into()));
        }
        self.variables.push(("AWS_REGION", region.into()));
        self.variables.push(("USE_LOCALSTACK", "true".into()));
        if environment.keys().is_none() {
            self.variables.push(("AWS_ACCESS_KEY_ID", "test".into()));
            self.variables.push(("AWS_SECRET_ACCESS_KEY", "test".into()));
            self.removed.extend(["AWS_PROFILE", "AWS_SESSION_TOKEN"]);
        }
        // The CDK remembers the account of an access key, which may be another one at another endpoint.
        let place: String = url.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        self.variables.push(("CDK_HOME", self.app.target.join("devloop/cdk").join(place).into()));
    }

    /// Runs the command line; gives back its exit code.
    async fn cdk(&self, arguments: &[OsString]) -> Result<u8, UserError> {
        let App { program, folder, .. } = self.app;
        let mut command = Command::new(program);
        command.args(arguments).arg("--no-notices").current_dir(folder).kill_on_drop(true);
        for name in &self.removed {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let status = command.status().await.map_err(|error| {
            UserError::failure("cdk_not_started", format!("start {}: {error}", program.display()))
        })?;
        // A process that a signal ended has no exit code.
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
    }
}

/// The account that the keys belong to.
async fn account(client: &Client, region: &str) -> Result<String, UserError> {
    let call = Call::query("sts", "2011-06-15", "GetCallerIdentity", &[]);
    let answer = client.ask(region, &call).await.map_err(|error| {
        let message = format!("ask {} for its account: {error}", client.shown());
        let problem = Problem::new("cloud_silent", message)
            .with_hint("`devloop up` starts the embedded cloud; --endpoint names another place");
        UserError { problem, exit: Exit::Cloud }
    })?;
    let text = String::from_utf8_lossy(&answer.body);
    let account = text.split_once("<Account>").and_then(|(_, rest)| rest.split_once('<'));
    account.map(|(account, _)| account.to_owned()).ok_or_else(|| {
        UserError::failure("account_unknown", format!("read the account in the answer of {}", client.shown()))
    })
}

/// Whether the CDK's bootstrap was done there.
async fn is_bootstrapped(client: &Client, region: &str) -> Result<bool, UserError> {
    let input = json!({ "Name": BOOTSTRAP });
    let call = Call::json("ssm", "AmazonSSM.GetParameter", &input);
    let answer = client.send(region, &call).await.map_err(|reason| {
        UserError::failure("cloud_silent", format!("ask {} for its bootstrap: {reason}", client.shown()))
    })?;
    Ok(answer.status == 200)
}

fn eprint_line(text: &str) {
    use std::io::Write as _;
    // A closed standard error is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Whether the folder has a CDK app.
fn is_app(folder: &Path) -> bool {
    folder.join("cdk.json").is_file()
}
