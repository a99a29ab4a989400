//! A function with its versions, aliases and settings; [`super::api`] shows it, [`super::invoke`] runs it.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use parking_lot::RwLock;
use serde_json::{Map, Value, json};

use super::{
    asynchronous::{Backlog, EventSettings},
    code::{Code, Generation},
    concurrency::Share,
    configuration::Configuration,
    environment::Surroundings,
    lineage,
    meters::Meters,
    version::{Update, Version},
};
use crate::{aside::aside, clock::Clock, error::ApiError, proxy::Cors};

/// One function of one region.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: Arc<str>,
    pub(crate) region: Arc<str>,
    pub(crate) arn: Arc<str>,
    pub(crate) meters: Meters,
    pub(crate) latest: Arc<Version>,
    pub(crate) state: RwLock<State>,
    /// The function's part of the account's concurrency.
    pub(crate) share: Arc<Share>,
    /// The function's queue of asynchronous events; made for the first event.
    backlog: OnceLock<Arc<Backlog>>,
    /// The function's id in the `Lineage` of trace headers.
    pub(crate) mark: String,
    clock: Clock,
}

/// What can change in a function besides its versions' code.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) versions: BTreeMap<u64, Arc<Version>>,
    /// The number of the next published version; numbers are never reused.
    pub(crate) next_version: u64,
    pub(crate) aliases: BTreeMap<String, Alias>,
    /// The statements of the resource policy by their id. They are kept and shown, but not enforced.
    pub(crate) policy: BTreeMap<String, Value>,
    /// The revision of the policy, which changes with every statement. Empty until the first one.
    pub(crate) policy_revision: String,
    pub(crate) url: Option<Url>,
    pub(crate) tags: BTreeMap<String, String>,
    /// The settings of asynchronous invocations, by qualifier.
    pub(crate) event_settings: BTreeMap<String, EventSettings>,
    /// Provisioned concurrency by qualifier. Kept and shown.
    pub(crate) provisioned: BTreeMap<String, Provisioned>,
    /// Whether the function may invoke itself without end (`RecursiveLoop` is `Allow`).
    pub(crate) may_recurse: bool,
}

/// The provisioned concurrency of a version or an alias.
#[derive(Debug, Clone)]
pub(crate) struct Provisioned {
    pub(crate) requested: u64,
    pub(crate) modified_ms: i64,
}

/// A name for a version.
#[derive(Debug, Clone)]
pub(crate) struct Alias {
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) revision: String,
}

/// A function's own address.
#[derive(Debug, Clone)]
pub(crate) struct Url {
    pub(crate) id: String,
    pub(crate) auth_type: String,
    pub(crate) cors: Option<UrlCors>,
    pub(crate) created_ms: i64,
    pub(crate) modified_ms: i64,
}

/// The CORS settings of a function URL.
#[derive(Debug, Clone)]
pub(crate) struct UrlCors {
    /// As the client gave them.
    pub(crate) given: Value,
    rules: Cors,
}

impl UrlCors {
    /// The settings `given` by a client, which mean `rules`.
    pub(crate) fn new(given: Value, rules: Cors) -> Self {
        Self { given, rules }
    }

    /// The rules for requests. Empty settings mean that there are none.
    pub(crate) fn rules(&self) -> Option<&Cors> {
        (self.rules != Cors::default()).then_some(&self.rules)
    }
}

impl Function {
    /// A function with the version `$LATEST` alone.
    pub(crate) fn new(
        surroundings: Surroundings,
        arn: Arc<str>,
        configuration: Configuration,
        code: Code,
        meters: Meters,
        share: Arc<Share>,
        clock: Clock,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::clone(&surroundings.function),
            region: Arc::clone(&surroundings.region),
            mark: lineage::mark(&arn),
            arn,
            meters,
            latest: Version::new(surroundings, Arc::new(configuration), code, &clock),
            state: RwLock::new(State { next_version: 1, ..State::default() }),
            share,
            backlog: OnceLock::new(),
            clock,
        })
    }

    /// The version behind a qualifier: nothing, `$LATEST`, a number or an alias.
    pub(crate) fn version(&self, qualifier: Option<&str>) -> Result<Arc<Version>, ApiError> {
        let state = self.state.read();
        let missing = || {
            let qualifier = qualifier.unwrap_or("$LATEST");
            super::not_found(format!("Function not found: {}:{qualifier}", self.arn))
        };
        let number = match qualifier {
            None | Some("$LATEST") => return Ok(Arc::clone(&self.latest)),
            Some(text) => match state.aliases.get(text) {
                Some(alias) if alias.version == "$LATEST" => return Ok(Arc::clone(&self.latest)),
                Some(alias) => alias.version.as_str(),
                None => text,
            },
        };
        let number: u64 = number.parse().map_err(|_| missing())?;
        state.versions.get(&number).cloned().ok_or_else(missing)
    }

    /// Every version, `$LATEST` first.
    pub(crate) fn versions(&self) -> Vec<Arc<Version>> {
        let state = self.state.read();
        std::iter::once(&self.latest).chain(state.versions.values()).cloned().collect()
    }

    /// Publishes `$LATEST` as a numbered version, unless it is unchanged since the last published version.
    pub(crate) fn publish(&self, description: Option<&str>) -> Arc<Version> {
        let deployed = self.latest.deployed();
        let mut state = self.state.write();
        if let Some(newest) = state.versions.values().next_back() {
            let before = newest.deployed();
            // The call's description belongs to the published version only, so it does not count as a change.
            let description = before.configuration.description.clone();
            let same_settings =
                *before.configuration == Configuration { description, ..(*deployed.configuration).clone() };
            if same_settings
                && before.code.sha256() == deployed.code.sha256()
                && matches!(deployed.code, Code::Zip { .. })
            {
                return Arc::clone(newest);
            }
        }
        let number = state.next_version;
        state.next_version += 1;
        let mut configuration = (*deployed.configuration).clone();
        if let Some(description) = description {
            description.clone_into(&mut configuration.description);
        }
        let surroundings =
            Surroundings { version: number.to_string().into(), ..self.latest.pool.surroundings().clone() };
        let version = Version::new(surroundings, Arc::new(configuration), deployed.code, &self.clock);
        state.versions.insert(number, Arc::clone(&version));
        version
    }

    /// Gives the function a URL unless it has one; returns the URL's id.
    pub(crate) fn open_url(&self, auth_type: &str, cors: Option<UrlCors>, now_ms: i64) -> String {
        let mut state = self.state.write();
        let url = state.url.get_or_insert_with(|| Url {
            id: uuid::Uuid::new_v4().simple().to_string(),
            auth_type: auth_type.to_owned(),
            cors,
            created_ms: now_ms,
            modified_ms: now_ms,
        });
        url.id.clone()
    }

    /// The log group of the function with this configuration.
    pub(crate) fn log_group(&self, configuration: &Configuration) -> String {
        configuration.log_group().map_or_else(|| format!("/aws/lambda/{}", self.name), str::to_owned)
    }

    /// The function's reserved concurrency.
    pub(crate) fn reserved(&self) -> Option<usize> {
        self.share.reserved()
    }

    /// The function's queue of asynchronous events; made on the first call.
    pub(crate) fn backlog(&self, make: impl FnOnce() -> Backlog) -> &Arc<Backlog> {
        self.backlog.get_or_init(|| Arc::new(make()))
    }

    /// The function's queue of asynchronous events, if it ever had an event.
    pub(crate) fn events(&self) -> Option<&Arc<Backlog>> {
        self.backlog.get()
    }

    /// The settings of asynchronous invocations for `qualifier`.
    pub(crate) fn event_settings(&self, qualifier: Option<&str>) -> EventSettings {
        let state = self.state.read();
        state.event_settings.get(qualifier.unwrap_or("$LATEST")).cloned().unwrap_or_default()
    }

    /// The trace header that the function sees for an event with `header`. Fails when the event has passed through the
    /// function too often.
    pub(crate) fn follow_trace(&self, header: &str) -> Result<String, ApiError> {
        if self.state.read().may_recurse {
            return Ok(header.to_owned());
        }
        lineage::follow(header, &self.mark)
    }

    /// Ends every environment of every version, drops the asynchronous events and frees the reserved concurrency. Waiting
    /// invocations fail with the error that the function does not exist.
    pub(crate) fn stop(&self) {
        if let Some(events) = self.events() {
            events.close();
        }
        for version in self.versions() {
            version.pool.stop();
        }
        // Removing a reservation never fails.
        let _ = self.share.reserve(None);
    }

    /// Gives `$LATEST` a new configuration or new code. Warm environments are replaced in the background, and invocations
    /// in flight finish; the function's `LastUpdateStatus` shows the outcome.
    pub(crate) fn redeploy(
        self: &Arc<Self>,
        configuration: Option<Configuration>,
        code: Option<Code>,
        revision: Option<&str>,
    ) -> Result<(), ApiError> {
        let version = &self.latest;
        let deployed = {
            let mut deployed = version.deployed.write();
            if deployed.update == Update::InProgress {
                return Err(ApiError::with_status(
                    409,
                    "ResourceConflictException",
                    format!(
                        "The operation cannot be performed at this time. An update is in progress for resource: {}",
                        self.arn
                    ),
                ));
            }
            check_revision(revision, &deployed.revision, "GetFunction/GetAlias")?;
            if let Some(configuration) = configuration {
                deployed.configuration = Arc::new(configuration);
            }
            if let Some(code) = code {
                deployed.code = code;
            }
            deployed.revision = uuid::Uuid::new_v4().to_string();
            deployed.modified_ms = self.clock.now_ms();
            deployed.update = if version.pool.is_cold() { Update::Successful } else { Update::InProgress };
            deployed.clone()
        };
        // Nothing is known about the folder yet.
        let generation = aside(|| Generation::open(deployed.code, deployed.configuration)).map(Arc::new);
        if deployed.update == Update::Successful {
            version.pool.replace(generation.ok());
            return Ok(());
        }
        let function = Arc::clone(self);
        tokio::spawn(async move {
            let version = &function.latest;
            let outcome = match generation {
                Ok(generation) => {
                    version.pool.change(generation).await.map(|_| ()).map_err(|error| error.message)
                }
                Err(error) => Err(format!("the code has no usable bootstrap: {error}")),
            };
            version.deployed.write().update = match outcome {
                Ok(()) => Update::Successful,
                Err(why) => Update::Failed(why),
            };
        });
        Ok(())
    }

    /// The members of a version that the API shows.
    pub(crate) fn show(&self, version: &Version, with_version_in_arn: bool) -> Map<String, Value> {
        let deployed = version.deployed();
        let mut out = deployed.configuration.show();
        let arn =
            if with_version_in_arn { format!("{}:{}", self.arn, version.name) } else { self.arn.to_string() };
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("FunctionName", self.name.as_ref().into());
        put("FunctionArn", arn.into());
        put("Version", version.name.as_ref().into());
        put("CodeSha256", deployed.code.sha256().into());
        put("CodeSize", deployed.code.size().into());
        put("RevisionId", deployed.revision.clone().into());
        put("LastModified", last_modified(deployed.modified_ms).into());
        put("State", "Active".into());
        put("SnapStart", json!({ "ApplyOn": "None", "OptimizationStatus": "Off" }));
        put(
            "RuntimeVersionConfig",
            json!({ "RuntimeVersionArn": format!("arn:aws:lambda:{}::runtime:devloop", self.region) }),
        );
        let mut logging = deployed.configuration.logging.show();
        logging["LogGroup"] = self.log_group(&deployed.configuration).into();
        put("LoggingConfig", logging);
        match deployed.update {
            Update::Successful => put("LastUpdateStatus", "Successful".into()),
            Update::InProgress => {
                put("LastUpdateStatusReason", "The function is being updated.".into());
                put("LastUpdateStatusReasonCode", "Creating".into());
                put("LastUpdateStatus", "InProgress".into())
            }
            Update::Failed(why) => {
                put("LastUpdateStatusReason", why.into());
                put("LastUpdateStatusReasonCode", "InvalidRuntime".into());
                put("LastUpdateStatus", "Failed".into())
            }
        };
        out
    }
}

/// Checks the revision that a request expects, if it names one; `api` is the operation that shows the revision.
pub(crate) fn check_revision(expected: Option<&str>, revision: &str, api: &str) -> Result<(), ApiError> {
    if expected.is_none_or(|expected| expected == revision) {
        return Ok(());
    }
    Err(ApiError::with_status(
        412,
        "PreconditionFailedException",
        format!(
            "The Revision Id provided does not match the latest Revision Id. Call the {api} API to retrieve the latest \
             Revision Id"
        ),
    ))
}

/// `2026-11-20T10:00:00.000+0000`, as Lambda shows times.
pub(crate) fn last_modified(ms: i64) -> String {
    crate::wire::iso(ms).replace('Z', "+0000")
}
