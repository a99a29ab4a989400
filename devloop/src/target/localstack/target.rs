//! LocalStack as a target, and what it remembers between swaps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::aws::{ApiError, Endpoints, Keys, Trust};
use crate::engine::{Destination, Digest, Problem, RolledBack};
use crate::target::api::Client;
use crate::target::localstack::swap_plan::SwapPlan;
use crate::target::{Known, Pending, Target, TargetEvent, Whereabouts};

/// How long LocalStack may take to answer: its services load when they are first asked.
const LIMIT: Duration = Duration::from_secs(30);

/// The access key that means `LocalStack`'s default account.
const DEFAULT_KEY: &str = "test";

/// The account of any key that is not twelve digits.
const DEFAULT_ACCOUNT: &str = "000000000000";

/// The region that `cdklocal` deploys to.
const DEFAULT_REGION: &str = "us-east-1";

/// The parameters of the target.
pub(crate) struct Opening {
    /// The URL.
    pub(crate) endpoint: String,
    /// The user's access key, which may name an account.
    pub(crate) access_key: Option<String>,
    /// The user's region.
    pub(crate) region: Option<String>,
    /// The directory of the functions' directories.
    pub(crate) dist: PathBuf,
    /// The functions that the templates name.
    pub(crate) known: Known,
    /// Takes the target's own reports.
    pub(crate) reports: UnboundedSender<TargetEvent>,
    /// Ends the background tasks.
    pub(crate) stop: CancellationToken,
}

/// `LocalStack`.
#[derive(Clone)]
pub(crate) struct Localstack(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) endpoint: String,
    account: String,
    pub(super) client: Client,
    pub(super) dist: PathBuf,
    pub(super) known: Known,
    pub(super) reports: UnboundedSender<TargetEvent>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    /// The plan of each binary's last swap.
    pub(super) plans: Mutex<BTreeMap<String, SwapPlan>>,
    /// The directory of each binary's code that served before the newest.
    pub(super) previous: Mutex<BTreeMap<String, PathBuf>>,
    /// The directory of each binary's newest code.
    pub(super) newest: Mutex<BTreeMap<String, PathBuf>>,
    /// When this session pointed each binary's functions away from the template's directory.
    pub(super) left: Mutex<BTreeMap<String, Instant>>,
    /// Binaries whose functions are not deployed yet; they are looked for in the background.
    pub(super) awaited: Mutex<BTreeSet<String>>,
    /// Held while a function's own directory is written after an update.
    pub(super) mirroring: tokio::sync::Mutex<()>,
}

impl Localstack {
    /// The target behind the endpoint, which has been probed.
    pub(crate) fn open(opening: Opening) -> Self {
        let endpoints = Endpoints::one(&opening.endpoint);
        let key = opening.access_key.as_deref().unwrap_or(DEFAULT_KEY);
        let is_account = key.len() == DEFAULT_ACCOUNT.len() && key.bytes().all(|byte| byte.is_ascii_digit());
        let account = if is_account { key } else { DEFAULT_ACCOUNT }.to_owned();
        let access = (Keys::unchecked(key), Trust::default());
        let region = opening.region.as_deref().unwrap_or(DEFAULT_REGION);
        Self(Arc::new(Inner {
            client: Client::new(endpoints, region, access, LIMIT),
            account,
            endpoint: opening.endpoint,
            dist: opening.dist,
            known: opening.known,
            reports: opening.reports,
            stop: opening.stop,
            tasks: TaskTracker::new(),
            plans: Mutex::default(),
            previous: Mutex::default(),
            newest: Mutex::default(),
            left: Mutex::default(),
            awaited: Mutex::default(),
            mirroring: tokio::sync::Mutex::default(),
        }))
    }

    /// The outputs of the deployed stacks.
    pub(crate) async fn outputs(&self) -> Result<BTreeMap<String, String>, Problem> {
        self.0
            .known
            .outputs(&self.0.client)
            .await
            .map_err(|error| self.0.problem(&error, "read the stacks' outputs"))
    }

    /// Resolves when all background tasks have ended, after `stop` was cancelled.
    pub(crate) fn finished(&self) -> Pending<'static, ()> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            inner.stop.cancelled().await;
            inner.tasks.close();
            inner.tasks.wait().await;
        })
    }
}

impl Inner {
    /// The error for people, with `LocalStack`'s own next step.
    pub(super) fn problem(&self, error: &ApiError, action: &str) -> Problem {
        match error {
            ApiError::Unreachable { reason, .. } => unreachable(&self.endpoint, reason),
            _ => error.problem(action),
        }
    }

    pub(super) fn plan(&self, binary: &str) -> SwapPlan {
        lock(&self.plans).get(binary).cloned().unwrap_or_default()
    }
}

/// The problem of a LocalStack that does not answer.
pub(crate) fn unreachable(endpoint: &str, reason: &str) -> Problem {
    let message = format!("reach LocalStack at {endpoint}: {reason}");
    Problem::new("localstack_unreachable", message).with_hint(
        "start it: `docker run --rm -p 4566:4566 -v /var/run/docker.sock:/var/run/docker.sock localstack/localstack:4.14`; \
         a container of `latest` that exited with code 55 wants LOCALSTACK_AUTH_TOKEN (since March 2026), the tag 4.14 does not",
    )
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Target for Localstack {
    fn destination<'a>(
        &'a self,
        function: &'a str,
        believed: Option<Digest>,
    ) -> Pending<'a, Result<Destination, Problem>> {
        Box::pin(self.0.destination(function, believed))
    }

    fn activate<'a>(
        &'a self,
        function: &'a str,
        directory: &'a Path,
        _digest: &'a Digest,
    ) -> Pending<'a, Result<(), Problem>> {
        Box::pin(self.0.activate(function, directory))
    }

    /// An access key of twelve digits names the account.
    fn whereabouts(&self) -> Whereabouts {
        let inner = &self.0;
        Whereabouts {
            target: "localstack",
            account: inner.account.clone(),
            region: inner.client.region().to_owned(),
        }
    }

    fn roll_back<'a>(&'a self, function: &'a str) -> Pending<'a, Result<RolledBack, Problem>> {
        Box::pin(self.0.roll_back(function))
    }
}
