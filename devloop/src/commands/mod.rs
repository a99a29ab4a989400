//! One file a subcommand. `main` calls them; nothing else does.

mod asked;
mod bench;
mod build;
mod completions;
mod deploy;
mod doctor;
mod events;
mod fire;
mod init;
mod invoke;
mod logs;
mod mail;
mod man;
mod new;
mod records;
mod rollback;
mod status;
mod up;
mod watch;

use crate::aws::{Keys, Trust, region_of_profile};
use crate::cli::{LimitsName, SessionArguments, TargetArguments, TargetName};
use crate::config::{BuildLayer, Environment, Layer, TargetKind, terminal_draws};
use crate::error::{Exit, UserError};
use crate::output;
use crate::session::{Conditions, Database, Deployment, Options, Selection, View};
use local_postgres::DatabaseUrl;

pub(crate) use bench::bench;
pub(crate) use build::build;
pub(crate) use completions::completions;
pub(crate) use deploy::{Verb, deploy};
pub(crate) use doctor::doctor;
pub(crate) use events::{events, replay};
pub(crate) use fire::fire;
pub(crate) use init::init;
pub(crate) use invoke::invoke;
pub(crate) use logs::logs;
pub(crate) use mail::mail;
pub(crate) use man::man;
pub(crate) use new::new;
pub(crate) use records::records;
pub(crate) use rollback::rollback;
pub(crate) use status::status;
pub(crate) use up::up;
pub(crate) use watch::watch;

/// The options of a session; `watch` says whether saves are built.
fn options(arguments: &SessionArguments, watch: bool) -> Result<Options, UserError> {
    Ok(Options {
        flags: layer(arguments),
        selection: selection(arguments),
        database: database(arguments)?,
        metrics: arguments.metrics,
        parameters: arguments.parameter.iter().cloned().collect(),
        strict: arguments.strict,
        conditions: conditions(arguments),
        view: view(arguments),
        watch,
        deployment: deployment(&arguments.target)?,
    })
}

/// The settings from the flags.
fn layer(arguments: &SessionArguments) -> Layer {
    let profile = arguments.release.then(|| "release".to_owned()).or_else(|| arguments.profile.clone());
    let mouse = arguments.no_mouse.then_some(false);
    let build = BuildLayer {
        prelink: arguments.prelink.then_some(true),
        debug: arguments.debugger.then_some(true),
        ..BuildLayer::default()
    };
    Layer {
        templates: templates(&arguments.template),
        stack: (!arguments.stack.is_empty()).then(|| arguments.stack.clone()),
        profile,
        build,
        mouse,
        ..target_layer(&arguments.target)
    }
}

fn templates(paths: &[std::path::PathBuf]) -> Option<Vec<String>> {
    let absolute = |path: &std::path::PathBuf| absolute(path).to_string_lossy().into_owned();
    (!paths.is_empty()).then(|| paths.iter().map(absolute).collect())
}

fn target_layer(arguments: &TargetArguments) -> Layer {
    let target = arguments.target.map(|name| match name {
        TargetName::Embedded => TargetKind::Embedded,
        TargetName::Localstack => TargetKind::Localstack,
        TargetName::Aws => TargetKind::Aws,
    });
    Layer { port: arguments.port, endpoint: arguments.endpoint.clone(), target, ..Layer::default() }
}

/// The flags about deploying to an account. On other targets they would have no effect, so they are refused.
fn deployment(arguments: &TargetArguments) -> Result<Deployment, UserError> {
    let TargetArguments { yes, dry_run, publish, alias, bucket, .. } = arguments.clone();
    if arguments.target != Some(TargetName::Aws) {
        let given = [
            ("--yes", yes),
            ("--dry-run", dry_run),
            ("--publish", publish),
            ("--alias", alias.is_some()),
            ("--bucket", bucket.is_some()),
        ];
        if let Some((flag, _)) = given.iter().find(|(_, given)| *given) {
            let message = format!("use {flag}: it is for the target aws only");
            return Err(
                UserError::usage("flag_unsuitable", message).with_hint("leave it out, or add --target aws")
            );
        }
    }
    Ok(Deployment { yes, dry_run, publish, alias, bucket })
}

/// Paths on the command line are relative to where it is typed, those in files to the workspace's root.
fn absolute(path: &std::path::Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn conditions(arguments: &SessionArguments) -> Conditions {
    Conditions {
        clock: arguments.clock,
        aws_limits: arguments.limits == Some(LimitsName::Aws),
        fallback: arguments.fallback.clone(),
        only_me: arguments.only_me,
        env_files: arguments.env_file.iter().map(|file| absolute(file)).collect(),
        debugger: arguments.debugger,
        replay_last: arguments.replay_last,
    }
}

fn selection(arguments: &SessionArguments) -> Selection {
    Selection { named: arguments.functions.clone(), no_template: arguments.no_template }
}

/// The keys that requests are signed with, and the region: those of the environment, or those of a profile if one is chosen or AWS
/// itself is asked.
async fn keys(
    environment: &Environment<'_>,
    aws: bool,
    region: Option<String>,
    trust: &Trust,
) -> Result<(Keys, Option<String>), UserError> {
    let mut region = region.or_else(|| environment.region());
    if aws && region.is_none() {
        region = region_of_profile().await;
    }
    let keys = match environment.keys() {
        Some((id, secret, token)) => Keys::given(id, secret, token),
        None if aws || environment.has_profile() => {
            let search = Keys::search(region.as_deref().unwrap_or_default(), trust.clone());
            // The SDK's search is a large future.
            let found = Box::pin(search.check()).await;
            found.map_err(|problem| UserError { problem, exit: Exit::Usage })?;
            search
        }
        None => Keys::default(),
    };
    Ok((keys, region))
}

/// The database that the functions get, if one is asked for.
fn database(arguments: &SessionArguments) -> Result<Option<Database>, UserError> {
    match &arguments.database_url {
        Some(url) => DatabaseUrl::parse(url).map(Database::Given).map(Some).map_err(|why| {
            UserError::usage("database_url_invalid", format!("read the value of --database-url: {why}"))
        }),
        None => Ok(arguments.postgres.then_some(Database::Own)),
    }
}

fn view(arguments: &SessionArguments) -> View {
    if arguments.json {
        View::Json
    } else if arguments.plain || !output::stdout().is_terminal() || !terminal_draws() {
        View::Plain
    } else {
        View::Screen
    }
}
