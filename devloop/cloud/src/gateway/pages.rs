//! The cloud's own pages: health and info as LocalStack serves them (its `services/internal.py`), and devloop's status.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{Door, fallback::Fallback};
use crate::{
    clock::Clock,
    context::Home,
    http::{Bodies, Reply, Request},
    registry::Registry,
    secrets::clean_texts,
    wire,
};

/// What the gateway serves: the services, and the cloud's own pages.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) clock: Clock,
    pub(super) home: Arc<Home>,
    pub(super) registry: Arc<Registry>,
    /// The memory that the bodies of all requests may take while they arrive.
    pub(super) bodies: Arc<Bodies>,
    /// Counts the clients that were turned away because the process is out of file descriptors.
    pub(super) short: watch::Sender<u64>,
    /// The other local AWS that gets the requests for missing services.
    pub(super) fallback: OnceLock<Fallback>,
    /// Who may ask.
    pub(super) door: Door,
    /// Tells this cloud from the next one on the same port.
    session: String,
    /// When the cloud was made, in ms since the epoch.
    started_ms: i64,
}

impl Pages {
    /// Pages about the services of `registry`, with figures that count from now.
    pub(crate) fn new(clock: Clock, home: Arc<Home>, registry: Arc<Registry>) -> Self {
        let started_ms = clock.now_ms();
        let bodies = Arc::new(Bodies::default());
        Self {
            clock,
            home,
            registry,
            bodies,
            short: watch::Sender::default(),
            fallback: OnceLock::new(),
            door: Door::default(),
            session: uuid::Uuid::new_v4().to_string(),
            started_ms,
        }
    }

    /// Turns programs of other users of this machine away from now on.
    pub(crate) fn answer_own_user_only(&self) {
        self.door.close_to_other_users();
    }

    /// Passes the requests for services that the cloud lacks to `endpoint` from now on; the error says why that cannot be. Only
    /// the first such endpoint counts.
    pub(crate) fn fall_back_to(&self, endpoint: &str) -> Result<(), String> {
        let fallback = Fallback::new(endpoint)?;
        self.fallback.set(fallback).map_err(|_| "there is a fallback already".to_owned())
    }

    /// Follows the count of clients that were turned away because the process is out of file descriptors.
    pub(crate) fn shortages(&self) -> watch::Receiver<u64> {
        self.short.subscribe()
    }

    /// Answers a request below `/_localstack/` or `/_devloop/`.
    pub(super) async fn answer(&self, request: &Request) -> Reply {
        match (request.method.as_str(), request.path.as_str()) {
            ("HEAD", "/_localstack/health") => Reply::empty(200),
            ("GET", "/_localstack/health") => Reply::json(200, &self.health()),
            ("GET", "/_localstack/info") => Reply::json(200, &self.info()),
            ("GET", "/_devloop/status") => Reply::json(200, &self.status().await),
            (method, path) => match self.own(path).filter(|_| method == "GET") {
                Some(page) => Reply::json(200, &page),
                None => Reply::json(404, &json!({ "message": format!("the cloud has no page {path}") })),
            },
        }
    }

    /// A page of a service itself.
    fn own(&self, path: &str) -> Option<Value> {
        let name = path.strip_prefix("/_devloop/")?;
        self.registry.services().iter().find_map(|service| service.page(name))
    }

    /// What runs in the cloud and its figures, for `devloop status`. Figures count from the cloud's start; times are in ms.
    pub(crate) async fn status(&self) -> Value {
        let mut page = self.registry.status(self.started_ms).await;
        let now = self.clock.now_ms();
        page.insert("endpoint".to_owned(), (*self.home.endpoint()).into());
        page.insert("at".to_owned(), now.into());
        if let Some(fallback) = self.fallback.get() {
            page.insert("fallback".to_owned(), fallback.shown());
        }
        page.insert("uptime_ms".to_owned(), (now - self.started_ms).into());
        let mut page = Value::Object(page);
        // Errors of functions, which mappings and others repeat, may hold anything.
        clean_texts(&mut page);
        page
    }

    fn health(&self) -> Value {
        let names = self.registry.services().iter().map(|service| service.about().health);
        let services: Map<String, Value> =
            names.filter(|name| !name.is_empty()).map(|name| (name.to_owned(), "running".into())).collect();
        json!({ "services": services, "edition": "devloop", "version": env!("CARGO_PKG_VERSION") })
    }

    fn info(&self) -> Value {
        let now = self.clock.now_ms();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "edition": "devloop",
            "is_license_activated": false,
            "session_id": self.session,
            "machine_id": "devloop",
            "system": std::env::consts::OS,
            "is_docker": false,
            "server_time_utc": wire::iso(now),
            "uptime": (now - self.started_ms) / 1000,
        })
    }
}
