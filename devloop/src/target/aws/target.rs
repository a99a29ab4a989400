//! AWS as a target, and what is known about the account.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::aws;
use crate::engine::{Destination, Digest, Problem, RolledBack};
use crate::target::api::{Client, Deployed};
use crate::target::{Pending, Target, TargetEvent, Whereabouts};

/// The user's options for deployments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Whether every update publishes a version.
    pub(crate) publish: bool,
    /// The alias that is pointed at the published version.
    pub(crate) alias: Option<String>,
    /// The bucket for large zips.
    pub(crate) bucket: Option<String>,
}

/// Lambda in one account and region.
#[derive(Clone)]
pub(crate) struct Aws(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) account: String,
    /// The functions of each binary.
    pub(super) functions: BTreeMap<String, Vec<Deployed>>,
    /// Where zips are kept.
    pub(super) home: PathBuf,
    pub(super) wishes: Wishes,
    /// The binaries that the user has agreed to, if only these may be deployed.
    pub(super) agreed: OnceLock<BTreeMap<String, Digest>>,
    pub(super) reports: UnboundedSender<TargetEvent>,
}

impl Aws {
    /// The URL of Lambda.
    pub(crate) fn endpoint(&self) -> String {
        self.0.client.endpoint("lambda")
    }

    /// The client of the account, for requests that do not belong to a target.
    pub(crate) fn client(&self) -> &aws::Client {
        self.0.client.aws()
    }

    /// Where the functions are.
    pub(crate) fn region(&self) -> &str {
        self.0.client.region()
    }

    /// The functions' names in Lambda.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.0.functions.values().flatten().map(|function| function.name.clone()).collect()
    }
}

impl Target for Aws {
    fn destination<'a>(
        &'a self,
        function: &'a str,
        _believed: Option<Digest>,
    ) -> Pending<'a, Result<Destination, Problem>> {
        Box::pin(self.0.destination(function))
    }

    fn activate<'a>(
        &'a self,
        function: &'a str,
        directory: &'a Path,
        digest: &'a Digest,
    ) -> Pending<'a, Result<(), Problem>> {
        Box::pin(self.0.activate(function, directory, digest))
    }

    /// The upload of the code counts too.
    fn patience(&self) -> Duration {
        Duration::from_mins(10)
    }

    fn whereabouts(&self) -> Whereabouts {
        let Inner { account, client, .. } = &*self.0;
        Whereabouts { target: "aws", account: account.clone(), region: client.region().to_owned() }
    }

    fn rollback_plan<'a>(&'a self, function: &'a str) -> Pending<'a, Result<Option<Vec<String>>, Problem>> {
        Box::pin(async move {
            let plan = self.plan_rollback(&[function.to_owned()]).await?;
            Ok(Some(plan.lines()))
        })
    }

    fn roll_back<'a>(&'a self, function: &'a str) -> Pending<'a, Result<RolledBack, Problem>> {
        Box::pin(self.0.roll_back(function))
    }
}
