//! One version of a function: its deployed code and configuration, its environments, and the change to newer code.

use std::{sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};

use super::{
    code::{Code, Generation, Identity},
    configuration::Configuration,
    environment::{StartError, Surroundings, spawn_error},
    pool::Pool,
};
use crate::{aside::aside, clock::Clock};

/// `$LATEST` or a published version.
#[derive(Debug)]
pub(crate) struct Version {
    /// `$LATEST` or a number.
    pub(crate) name: Arc<str>,
    pub(crate) pool: Arc<Pool>,
    pub(super) deployed: RwLock<Deployed>,
    /// The generation that answered last, and the last failure in words for a person, with its time.
    pub(crate) last: Mutex<Last>,
}

/// The deployed code and configuration of a version.
#[derive(Debug, Clone)]
pub(crate) struct Deployed {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) code: Code,
    pub(crate) revision: String,
    pub(crate) modified_ms: i64,
    pub(crate) update: Update,
}

/// The status of a version's last update.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Update {
    Successful,
    InProgress,
    Failed(String),
}

/// The last outcome of a version.
#[derive(Debug, Default)]
pub(crate) struct Last {
    pub(crate) answered: Option<(Arc<Generation>, i64)>,
    pub(crate) error: Option<(String, i64)>,
}

impl Version {
    /// A version that was just deployed and has no environments.
    pub(super) fn new(
        surroundings: Surroundings,
        configuration: Arc<Configuration>,
        code: Code,
        clock: &Clock,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::clone(&surroundings.version),
            pool: Pool::new(surroundings, clock.clone()),
            deployed: RwLock::new(Deployed {
                configuration,
                code,
                revision: uuid::Uuid::new_v4().to_string(),
                modified_ms: clock.now_ms(),
                update: Update::Successful,
            }),
            last: Mutex::default(),
        })
    }

    /// The deployed code and configuration.
    pub(crate) fn deployed(&self) -> Deployed {
        self.deployed.read().clone()
    }

    /// The generation that serves an invocation; opens the code if needed. When the hot-reload folder contains a newer
    /// file, a background task switches to it.
    pub(crate) fn generation(&self) -> std::io::Result<Arc<Generation>> {
        let current = self.pool.open(|| {
            let deployed = self.deployed();
            // Nothing is known about the folder yet.
            aside(|| Generation::open(deployed.code, deployed.configuration))
        })?;
        if let Some(identity) = current.is_outdated().filter(|identity| self.pool.try_once(*identity)) {
            return Ok(self.renew(current, identity));
        }
        Ok(current)
    }

    fn renew(&self, current: Arc<Generation>, identity: Identity) -> Arc<Generation> {
        let next = aside(|| Generation::open(current.code.clone(), Arc::clone(&current.configuration)));
        let Ok(next) = next else { return current };
        let next = Arc::new(next);
        // A cold pool has nothing to lose. Sources in another language take over at once, whether they run or not: nobody built them,
        // and whoever saves one expects the next event to show it.
        if self.pool.is_cold() || next.interpreter().is_some() {
            self.pool.replace(Some(Arc::clone(&next)));
            return next;
        }
        let pool = Arc::clone(&self.pool);
        tokio::spawn(async move {
            if let Err(error) = pool.change(next).await {
                tracing::warn!(
                    ?identity,
                    message = error.message,
                    "the changed code does not start; the old code keeps serving"
                );
            }
        });
        current
    }

    /// Switches to the code that is in the hot-reload folder now, and waits until a new environment has asked for its first
    /// event. Returns how long its init phase took.
    pub(crate) async fn activate(&self) -> Result<Duration, StartError> {
        let deployed = self.deployed();
        let opened = aside(|| Generation::open(deployed.code, deployed.configuration));
        let generation = opened.map_err(|error| StartError {
            error_type: "Runtime.InvalidEntrypoint".to_owned(),
            message: spawn_error(&error),
            document: None,
            output: Vec::new(),
            log_stream: String::new(),
        })?;
        self.pool.try_once(generation.identity);
        self.pool.change(Arc::new(generation)).await
    }
}
