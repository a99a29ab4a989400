//! One version of a function: its code and settings as deployed, its environments, and how newer code takes over.

use std::{sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};

use super::{
    code::{Code, Generation, Identity},
    configuration::Configuration,
    environment::{StartError, Surroundings, spawn_error},
    pool::Pool,
};
use crate::clock::Clock;

/// `$LATEST` or a published version.
#[derive(Debug)]
pub(crate) struct Version {
    /// `$LATEST` or a number.
    pub(crate) name: Arc<str>,
    pub(crate) pool: Arc<Pool>,
    pub(super) deployed: RwLock<Deployed>,
    /// The generation that answered last, and the last failure as a person would read it, with its time.
    pub(crate) last: Mutex<Last>,
}

/// What is deployed as a version.
#[derive(Debug, Clone)]
pub(crate) struct Deployed {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) code: Code,
    pub(crate) revision: String,
    pub(crate) modified_ms: i64,
    pub(crate) update: Update,
}

/// How the last update of a version fares.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Update {
    Successful,
    InProgress,
    Failed(String),
}

/// What a version did last.
#[derive(Debug, Default)]
pub(crate) struct Last {
    pub(crate) answered: Option<(Arc<Generation>, i64)>,
    pub(crate) error: Option<(String, i64)>,
}

impl Version {
    /// A version that was just deployed, without environments.
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

    /// What is deployed now.
    pub(crate) fn deployed(&self) -> Deployed {
        self.deployed.read().clone()
    }

    /// The generation to serve with: opened when needed, and renewed in the background when the hot-reload folder holds
    /// another file than the one that serves.
    pub(crate) fn generation(&self) -> std::io::Result<Arc<Generation>> {
        let current = self.pool.open(|| {
            let deployed = self.deployed();
            Generation::open(deployed.code, deployed.configuration)
        })?;
        if let Some(identity) = current.is_outdated().filter(|identity| self.pool.try_once(*identity)) {
            return Ok(self.renew(current, identity));
        }
        Ok(current)
    }

    fn renew(&self, current: Arc<Generation>, identity: Identity) -> Arc<Generation> {
        let Ok(next) = Generation::open(current.code.clone(), Arc::clone(&current.configuration)) else {
            return current;
        };
        let next = Arc::new(next);
        if self.pool.is_cold() {
            self.pool.replace(Some(Arc::clone(&next)));
            return next;
        }
        let pool = Arc::clone(&self.pool);
        tokio::spawn(async move {
            if let Err(error) = pool.change(next).await {
                tracing::warn!(
                    ?identity,
                    message = error.message,
                    "the changed code does not start; the old code serves"
                );
            }
        });
        current
    }

    /// Lets what lies in the hot-reload folder now take over, and waits until it has asked for its first event. Returns
    /// how long its init took.
    pub(crate) async fn activate(&self) -> Result<Duration, StartError> {
        let deployed = self.deployed();
        let generation =
            Generation::open(deployed.code, deployed.configuration).map_err(|error| StartError {
                error_type: "Runtime.InvalidEntrypoint".to_owned(),
                message: spawn_error(&error),
                output: Vec::new(),
                log_stream: String::new(),
            })?;
        self.pool.try_once(generation.identity);
        self.pool.change(Arc::new(generation)).await
    }
}
