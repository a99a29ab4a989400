//! Where the pipeline is, and what the flags of a load mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::aws::{Endpoints, Trust};
use crate::bench::{BenchTarget, Order, Pace, Payload, Plan, Search};
use crate::bus::now;
use crate::cli::{LoadArguments, PlaceArguments};
use crate::commands::keys;
use crate::config::{Environment, Layer, Settings};
use crate::engine::Problem;
use crate::error::{Exit, UserError};
use crate::workspace::{self, Reading};
use local_postgres::DatabaseUrl;

/// The number of virtual users in the reference's load.
const USERS: u32 = 10;
const DURATION: Duration = Duration::from_secs(60);

/// The open model needs as many connections as answers may be outstanding.
const OPEN_USERS: u32 = 200;

/// Where runs are kept, below the workspace's target directory.
const KEPT: &str = "devloop/bench";

/// What is loaded, and through which entry.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Front<'a> {
    /// The URL that requests go to.
    api: Option<&'a str>,
    /// The head of a chain.
    head: Option<&'a str>,
    /// The function whose log shows that a request is complete.
    end: Option<&'a str>,
}

impl<'a> Front<'a> {
    /// The front that the load's flags name.
    pub(super) fn of(load: &'a LoadArguments) -> Self {
        Self { api: load.api.as_deref(), head: load.head.as_deref(), end: load.sink.as_deref() }
    }
}

/// Finds what the flags, the environment, or this directory's settings mean. Without a front it finds only the pipeline, and
/// nothing is sent to it.
pub(super) async fn target(
    arguments: &PlaceArguments,
    front: Option<Front<'_>>,
) -> Result<BenchTarget, UserError> {
    let posting = front.is_some();
    let Front { api, head, end } = front.unwrap_or_default();
    let environment = Environment::of_process();
    let api = api.map(str::to_owned).or_else(|| environment.api().filter(|_| posting && head.is_none()));
    let endpoint =
        if arguments.aws { None } else { Some(endpoint(arguments.endpoint.as_deref(), &environment).await?) };
    let is_url = |url: &&String| url.starts_with("http://") || url.starts_with("https://");
    if let Some(other) = [endpoint.as_ref(), api.as_ref()].into_iter().flatten().find(|url| !is_url(url)) {
        return Err(UserError::usage(
            "endpoint_invalid",
            format!("reach {other}: it begins with neither http:// nor https://"),
        ));
    }
    let database = arguments.database_url.as_deref().map(DatabaseUrl::parse).transpose().map_err(|why| {
        UserError::usage("database_url_invalid", format!("read the value of --database-url: {why}"))
    })?;
    let is_named = api.is_some();
    let trust = Trust::new(environment.certificates());
    let (keys, region) = keys(&environment, arguments.aws, arguments.region.clone(), &trust).await?;
    let apis = endpoint.map(|url| Endpoints::one(&url)).unwrap_or_default();
    let stack = arguments.stack.clone();
    let (head, end) = (head.map(str::to_owned), end.map(str::to_owned));
    let search = Search { apis, keys, region, stack, head, end, api, posting, database, trust };
    BenchTarget::find(search).await.map_err(|mut problem| {
        let is_about_the_place =
            ["api", "cloud", "pipeline"].iter().any(|start| problem.code.starts_with(start));
        if posting && !is_named && is_about_the_place {
            let hint = problem.hint.take().unwrap_or_default();
            problem.hint = Some(format!("{hint}; API_ENDPOINT or APIGW_ENDPOINT names the API's URL"));
        }
        UserError { problem, exit: Exit::Cloud }
    })
}

pub(in crate::commands) async fn endpoint(
    given: Option<&str>,
    environment: &Environment<'_>,
) -> Result<String, UserError> {
    if let Some(endpoint) = given.map(str::to_owned).or_else(|| environment.endpoint()) {
        return Ok(endpoint);
    }
    let (settings, _) = here().await?;
    if settings.port == 0 {
        let problem = UserError::usage("endpoint_unknown", "find the cloud: the configured port 0 means any");
        return Err(problem.with_hint("name its URL with --endpoint or AWS_ENDPOINT_URL"));
    }
    Ok(format!("http://127.0.0.1:{}", settings.port))
}

/// This directory's settings and target directory; outside of a workspace the defaults, because a pipeline can be loaded from
/// anywhere.
async fn here() -> Result<(Settings, PathBuf), UserError> {
    let environment = Environment::of_process();
    let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    // An endpoint in the environment may be another machine's, which is no error for a command that only asks.
    let flags = Layer { port: environment.endpoint().map(|_| 0), ..Layer::default() };
    match workspace::read(Path::new("cargo"), &directory).await {
        Ok(Reading { workspace, settings }) => {
            let target = workspace.target_directory.clone();
            Settings::resolve(&workspace.root, &target, settings, &environment, flags)
                .map(|settings| (settings, target))
        }
        Err(_) => Settings::resolve(&directory, &directory, Value::Null, &environment, flags)
            .map(|settings| (settings, directory.join("target"))),
    }
}

/// The file of a kept run.
pub(super) async fn kept(name: &str) -> Result<PathBuf, UserError> {
    let is_file = Path::new(name).extension().is_some_and(|extension| extension == "json");
    if name.contains('/') || is_file {
        return Ok(PathBuf::from(name));
    }
    Ok(here().await?.1.join(KEPT).join(format!("{name}.json")))
}

/// What the flags of a load ask for.
pub(super) fn order(arguments: &LoadArguments) -> Result<Order, UserError> {
    let payload = match &arguments.payload {
        None => Payload::default(),
        Some(file) => {
            let failed = |reason: String| {
                let message = format!("read the payload {}: {reason}", file.display());
                UserError::usage("payload_invalid", message)
            };
            let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
            Payload::parse(&text).map_err(failed)?
        }
    };
    let users = arguments.vus.unwrap_or_else(|| {
        arguments.rate.map_or(USERS, |rate| (rate.ceil() as u32).clamp(USERS, OPEN_USERS))
    });
    let duration = arguments.duration.or_else(|| arguments.requests.is_none().then_some(DURATION));
    Ok(Order {
        plan: Plan {
            run: arguments.run_id.clone().unwrap_or_else(|| format!("bench-{}", now())),
            users,
            pace: arguments.rate.map_or(Pace::Closed, Pace::Open),
            duration,
            requests: arguments.requests,
        },
        payload,
        warm_up: arguments.warm_up,
        idle: arguments.idle,
        timeout: arguments.timeout,
        is_new_name: arguments.run_id.is_none(),
    })
}

/// An error of the pipeline under test.
pub(super) fn pipeline_failed(problem: Problem) -> UserError {
    UserError { problem, exit: Exit::Cloud }
}
