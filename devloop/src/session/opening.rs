//! Chooses the target that functions run on, and connects to it where it is not the embedded cloud.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::aws::{Endpoints, Trust};
use crate::bus::Events;
use crate::config::{Environment, Settings, TargetKind};
use crate::engine::{Fact, Problem};
use crate::error::{Exit, UserError};
use crate::session::cloud::RunningCloud;
use crate::session::prepare::Prepared;
use crate::session::status_access::StatusAccess;
use crate::session::{Deployment, port};
use crate::target::{
    self, Aws, AwsOpening, Known, Localstack, LocalstackOpening, Pending, Probe, Target, TargetEvent, Wishes,
};

/// Which target functions run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chosen {
    /// The cloud of this process.
    Embedded,
    /// `LocalStack` at this URL.
    Localstack(String),
    /// Lambda itself.
    Aws,
}

/// The target that the user asked for; otherwise `LocalStack` if it listens at the endpoint, or the embedded cloud. Never AWS.
pub(super) async fn choose(settings: &Settings) -> Result<Chosen, UserError> {
    let endpoint = settings.endpoint.clone().unwrap_or_default();
    match settings.target {
        Some(TargetKind::Embedded) => Ok(Chosen::Embedded),
        Some(TargetKind::Aws) => Ok(Chosen::Aws),
        Some(TargetKind::Localstack) => match target::probe(&endpoint).await {
            Probe::Localstack(_) | Probe::Devloop => Ok(Chosen::Localstack(endpoint)),
            Probe::Nobody(reason) => Err(cloud_error(target::unreachable(&endpoint, &reason))),
            Probe::Foreign => Err(cloud_error(foreign(&endpoint))),
        },
        None if settings.port == 0 => Ok(Chosen::Embedded),
        None => match target::probe(&endpoint).await {
            Probe::Localstack(_) => Ok(Chosen::Localstack(endpoint)),
            // If another server has the port, the error from listening on it names that server.
            Probe::Nobody(_) | Probe::Devloop | Probe::Foreign => Ok(Chosen::Embedded),
        },
    }
}

fn foreign(endpoint: &str) -> Problem {
    let port = endpoint.rsplit(':').next().and_then(|port| port.parse().ok());
    let owner = port.and_then(port::owner).unwrap_or_else(|| "another server".to_owned());
    let message = format!("use LocalStack at {endpoint}: {owner} answers there, but not as LocalStack does");
    Problem::new("localstack_foreign", message).with_hint(
        "name LocalStack's URL with --endpoint or AWS_ENDPOINT_URL, or stop the process that has its port",
    )
}

pub(super) fn cloud_error(problem: Problem) -> UserError {
    UserError { problem, exit: Exit::Cloud }
}

/// Connects to `LocalStack`, which has answered at the endpoint.
pub(super) async fn open_localstack(
    prepared: &Prepared,
    endpoint: String,
    events: &Events,
    stop: &CancellationToken,
) -> Result<RunningCloud, UserError> {
    let localstack = localstack(prepared, &endpoint, events, stop)?;
    let asking = stop.run_until_cancelled(localstack.outputs()).await;
    let mut outputs = asking.unwrap_or_else(|| Ok([].into())).map_err(cloud_error)?;
    for value in outputs.values_mut() {
        *value = devloop_cloud::served_here(std::mem::take(value), &endpoint);
    }
    outputs.insert("Target".to_owned(), TargetKind::Localstack.name().to_owned());
    let stopped = localstack.finished();
    let status = StatusAccess::localstack(&endpoint);
    let target = Arc::new(localstack);
    Ok(elsewhere(endpoint, outputs, target, status, stopped))
}

/// Makes the target without sending a request.
pub(super) fn localstack(
    prepared: &Prepared,
    endpoint: &str,
    events: &Events,
    stop: &CancellationToken,
) -> Result<Localstack, UserError> {
    needs_functions(prepared)?;
    let environment = Environment::of_process();
    let (reports, inbox) = unbounded_channel();
    pass_on(inbox, events, stop);
    Ok(Localstack::open(LocalstackOpening {
        endpoint: endpoint.to_owned(),
        access_key: environment.access_key(),
        region: environment.region(),
        dist: prepared.settings.dist.clone(),
        known: known(prepared),
        reports,
        stop: stop.clone(),
    }))
}

/// Finds the functions in the user's account, without changing anything.
pub(super) async fn connect_aws(
    prepared: &Prepared,
    deployment: &Deployment,
    events: &Events,
    stop: &CancellationToken,
) -> Result<Aws, UserError> {
    needs_functions(prepared)?;
    let environment = Environment::of_process();
    let (reports, inbox) = unbounded_channel();
    pass_on(inbox, events, stop);
    let opening = AwsOpening {
        endpoints: Endpoints {
            all: prepared.settings.endpoint.clone(),
            single: environment.service_endpoints(),
        },
        trust: Trust::new(environment.certificates()),
        region: environment.region(),
        home: prepared.workspace.target_directory.join("devloop/aws"),
        known: known(prepared),
        wishes: Wishes {
            publish: deployment.publish,
            alias: deployment.alias.clone(),
            bucket: deployment.bucket.clone(),
        },
        reports,
    };
    // The SDK's search for credentials is a large future.
    Box::pin(Aws::connect(opening, &prepared.functions)).await.map_err(cloud_error)
}

/// The account as a running cloud. It does not end with the session.
pub(super) fn running_aws(aws: Aws, stop: &CancellationToken) -> RunningCloud {
    let outputs = [("Target".to_owned(), TargetKind::Aws.name().to_owned())].into();
    let stopped = Box::pin(stop.clone().cancelled_owned());
    let (endpoint, status) = (aws.endpoint(), StatusAccess::aws(&aws));
    let target = Arc::new(aws);
    elsewhere(endpoint, outputs, target, status, stopped)
}

/// A cloud that does not end with the session.
fn elsewhere(
    endpoint: String,
    outputs: BTreeMap<String, String>,
    target: Arc<dyn Target>,
    status: StatusAccess,
    stopped: Pending<'static, ()>,
) -> RunningCloud {
    RunningCloud {
        endpoint,
        outputs,
        calls: [].into(),
        target,
        is_ours: false,
        embedded: None,
        status,
        lines: None,
        stopped,
    }
}

fn needs_functions(prepared: &Prepared) -> Result<(), UserError> {
    if prepared.functions.is_empty() {
        let message = "choose functions: none is named, and only the embedded cloud can be empty";
        return Err(
            UserError::usage("no_functions", message).with_hint("name functions, or leave --no-template out")
        );
    }
    Ok(())
}

fn known(prepared: &Prepared) -> Known {
    let stack =
        |template: &crate::session::templates::Template| (template.stack_name(), template.functions.clone());
    Known { stacks: prepared.templates.iter().map(stack).collect() }
}

/// Sends what the target reports to the main loop.
fn pass_on(mut reports: UnboundedReceiver<TargetEvent>, events: &Events, stop: &CancellationToken) {
    let events = events.clone();
    let passing = async move {
        while let Some(report) = reports.recv().await {
            events
                .send(match report {
                    TargetEvent::Deployed(function) => Fact::Deployed { function },
                    TargetEvent::Trouble(problem) => Fact::Error { problem },
                })
                .await;
        }
    };
    tokio::spawn(stop.clone().run_until_cancelled_owned(passing));
}
