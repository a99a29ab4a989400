//! Connects to an account: region, credentials, and the functions in it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use devloop_cloud::Arn;
use tokio::sync::mpsc::UnboundedSender;

use crate::aws::{Endpoints, Keys, Trust, region_of_profile};
use crate::engine::Problem;
use crate::target::api::{Client, Deployed};
use crate::target::aws::target::{Inner, Wishes};
use crate::target::{Aws, Known, TargetEvent};

/// How long an answer may take; a zip of 50 MB is uploaded in one request.
const LIMIT: Duration = Duration::from_mins(5);

/// The parameters of the target.
pub(crate) struct Opening {
    /// Where the services are.
    pub(crate) endpoints: Endpoints,
    /// The certificate authorities that are trusted.
    pub(crate) trust: Trust,
    /// The region; none: the profile's.
    pub(crate) region: Option<String>,
    /// Where zips are kept for a rollback.
    pub(crate) home: PathBuf,
    /// The functions that the templates name.
    pub(crate) known: Known,
    /// What the user asked for.
    pub(crate) wishes: Wishes,
    /// Takes the target's own reports.
    pub(crate) reports: UnboundedSender<TargetEvent>,
}

impl Aws {
    /// Finds the functions of every binary. Changes nothing.
    pub(crate) async fn connect(opening: Opening, binaries: &[String]) -> Result<Self, Problem> {
        let region = match opening.region {
            Some(region) => Some(region),
            None => region_of_profile().await,
        };
        let region = region.ok_or_else(|| {
            Problem::new(
                "region_missing",
                "choose a region: neither the environment nor the profile names one",
            )
            .with_hint("set AWS_REGION, or `aws configure set region eu-central-1`")
        })?;
        let keys = Keys::search(&region, opening.trust.clone());
        let client = Client::new(opening.endpoints, &region, (keys, opening.trust), LIMIT);
        let mut functions = BTreeMap::new();
        for binary in binaries {
            let found = opening.known.find(&client, binary).await;
            let found = found
                .map_err(|error| error.problem(&format!("look for the function {binary} in {region}")))?;
            if found.is_empty() {
                return Err(not_deployed(binary, &region, opening.known.stack_of(binary)));
            }
            found.iter().try_for_each(accepts_binaries)?;
            functions.insert(binary.clone(), found);
        }
        let account = functions.values().flatten().find_map(account).unwrap_or_default();
        Ok(Self(Arc::new(Inner {
            client,
            account,
            functions,
            home: opening.home,
            wishes: opening.wishes,
            agreed: OnceLock::new(),
            reports: opening.reports,
        })))
    }
}

fn account(function: &Deployed) -> Option<String> {
    Arn::parse(&function.arn).map(|arn| arn.account.to_owned())
}

fn not_deployed(binary: &str, region: &str, stack: Option<&str>) -> Problem {
    let message = match stack {
        Some(stack) => {
            format!(
                "find the function {binary}: neither the stack {stack} nor a function of this name is in {region}"
            )
        }
        None => format!("find the function {binary}: there is no function of this name in {region}"),
    };
    Problem::new("function_not_deployed", message)
        .with_hint("create it first, with `cdk deploy` in stack/; devloop changes code, not resources")
}

/// Refuses functions that cannot run a program: those with a language's runtime, and container images.
fn accepts_binaries(function: &Deployed) -> Result<(), Problem> {
    match function.runtime.as_deref() {
        Some(runtime) if runtime.starts_with("provided") => Ok(()),
        runtime => {
            let what =
                runtime.map_or_else(|| "a container image".to_owned(), |runtime| format!("of {runtime}"));
            let message = format!(
                "deploy to {}: it is {what}, and a Rust program needs provided.al2023",
                function.name
            );
            Err(Problem::new("runtime_unsuitable", message)
                .with_hint("change its Runtime in the stack, or name other functions"))
        }
    }
}
