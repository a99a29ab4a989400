//! LocalStack and AWS: the CDK's own command line, with the target's endpoints, keys and cache.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use tokio::process::Command;

use super::app::App;
use super::cloud::account;
use super::{REGION, Verb, program, say};
use crate::aws::{Call, Client, Endpoints, Keys, Trust};
use crate::cli::{DeployArguments, TargetName};
use crate::commands::keys;
use crate::config::Environment;
use crate::error::UserError;
use crate::session::{Deployment, agree};

/// What the CDK's bootstrap leaves behind [Bootstrapping, CDK Developer Guide].
const BOOTSTRAP: &str = "/cdk-bootstrap/hnb659fds/version";

/// Runs the command line in the user's account, where the user agrees.
pub(super) async fn in_account(
    verb: Verb,
    arguments: &DeployArguments,
    app: &App,
    environment: &Environment<'_>,
) -> Result<ExitCode, UserError> {
    let program = program::find(&app.folder, TargetName::Aws).await?;
    let trust = Trust::new(environment.certificates());
    let (keys, region) = keys(environment, true, arguments.region.clone(), &trust).await?;
    let region = region.unwrap_or_else(|| REGION.to_owned());
    let mut surroundings = Surroundings::default();
    surroundings.removed.extend(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "USE_LOCALSTACK", "HOT_DEPLOY"]);
    surroundings.variables.push(("AWS_REGION", region.clone().into()));
    let client = Client::new(Endpoints::default(), keys, trust, super::BOUNDS);
    let account = account(&client, &region).await?;
    say(&format!("cdk {} in the AWS account {account}, region {region}", verb.name()));
    let deployment = Deployment { yes: arguments.yes, ..Deployment::default() };
    if verb.changes() && !agree(&deployment, "go on?").await? {
        return Ok(ExitCode::SUCCESS);
    }
    surroundings.run(&program, &app.folder, &typed(verb, arguments)).await.map(ExitCode::from)
}

/// Runs `cdklocal` against a cloud on this machine. Bootstraps it before the first deployment.
pub(super) async fn local(
    verb: Verb,
    arguments: &DeployArguments,
    app: &App,
    environment: &Environment<'_>,
    url: &str,
) -> Result<ExitCode, UserError> {
    let program = program::find(&app.folder, TargetName::Localstack).await?;
    let region = super::region(arguments, environment);
    let surroundings = Surroundings::local(app, url, &region, environment);
    if verb != Verb::Synth {
        let trust = Trust::new(environment.certificates());
        let client = Client::new(Endpoints::one(url), Keys::default(), trust, super::BOUNDS);
        let account = account(&client, &region).await?;
        if verb == Verb::Deploy && !is_bootstrapped(&client, &region).await? {
            let place = format!("aws://{account}/{region}");
            let ended = surroundings.run(&program, &app.folder, &["bootstrap".into(), place.into()]).await?;
            if ended != 0 {
                return Ok(ExitCode::from(ended));
            }
        }
    }
    surroundings.run(&program, &app.folder, &typed(verb, arguments)).await.map(ExitCode::from)
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
    for (key, value) in &arguments.context {
        typed.extend(["--context".into(), format!("{key}={value}").into()]);
    }
    // The CDK's `--context` takes every word up to the next flag, and would take the stacks.
    typed.push("--no-notices".into());
    typed.extend(arguments.stacks.iter().map(Into::into));
    typed
}

/// The variables of a program of the CDK: those of devloop with these changes.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub(super) variables: Vec<(&'static str, OsString)>,
    pub(super) removed: Vec<&'static str>,
}

impl Surroundings {
    /// What the CDK needs to know of a cloud on this machine.
    pub(super) fn local(app: &App, url: &str, region: &str, environment: &Environment<'_>) -> Self {
        let mut this = Self::default();
        // cdklocal refuses one variable without the other, and `cdk` would ask AWS itself for the buckets.
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
            this.variables.push((name, url.into()));
        }
        this.variables.push(("AWS_REGION", region.into()));
        this.variables.push(("USE_LOCALSTACK", "true".into()));
        if environment.keys().is_none() {
            this.variables.push(("AWS_ACCESS_KEY_ID", "test".into()));
            this.variables.push(("AWS_SECRET_ACCESS_KEY", "test".into()));
            this.removed.extend(["AWS_PROFILE", "AWS_SESSION_TOKEN"]);
        }
        // The CDK remembers the account of an access key, which may be another one at another endpoint.
        let place: String = url.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        this.variables.push(("CDK_HOME", app.target.join("devloop/cdk").join(place).into()));
        this
    }

    /// Gives a command these variables.
    pub(super) fn give(&self, command: &mut Command) {
        for name in &self.removed {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }

    /// Runs the command line; gives back its exit code.
    async fn run(&self, program: &Path, folder: &Path, arguments: &[OsString]) -> Result<u8, UserError> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).kill_on_drop(true);
        self.give(&mut command);
        let status = command.status().await.map_err(|error| {
            UserError::failure("cdk_not_started", format!("start {}: {error}", program.display()))
        })?;
        // A process that a signal ended has no exit code.
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_and_the_stacks_are_handed_on() {
        let check = |verb: Verb, arguments: &DeployArguments, expected: &[&str]| {
            assert_eq!(typed(verb, arguments), expected, "{verb:?}");
        };
        let mut arguments = DeployArguments::default();
        check(Verb::Synth, &arguments, &["synth", "--no-notices"]);
        check(Verb::Destroy, &arguments, &["destroy", "--force", "--all", "--no-notices"]);
        arguments.context = vec![("sink".to_owned(), "a=b".to_owned())];
        arguments.stacks = vec!["One".to_owned()];
        arguments.hotswap = true;
        let expected = [
            "deploy",
            "--require-approval",
            "never",
            "--hotswap",
            "--context",
            "sink=a=b",
            "--no-notices",
            "One",
        ];
        check(Verb::Deploy, &arguments, &expected);
    }
}
