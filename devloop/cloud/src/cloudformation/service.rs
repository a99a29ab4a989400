//! The service: its stacks, and how it calls the operations of other services.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, Weak},
};

use parking_lot::RwLock;
use serde_json::Value;

use super::{
    api,
    custom::Answers,
    stack::{Export, Place},
    stacks::Stacks,
    types::Types,
};
use crate::{clock::Clock, context::Context, error::ApiError, functions::Functions, service::Catalogue};

/// The stacks, and the resource types they may have.
#[derive(Debug)]
pub(crate) struct CloudFormation {
    /// A reference to itself, for tasks that continue after an answer.
    me: Weak<Self>,
    all: OnceLock<Weak<dyn Catalogue>>,
    types: OnceLock<Types>,
    clock: Clock,
    pub(super) stacks: Stacks,
    pub(super) exports: RwLock<BTreeMap<Place, Export>>,
    pub(super) answers: Answers,
    functions: OnceLock<Weak<dyn Functions>>,
    /// Where packages are installed that functions on Node.js lack.
    node_packages: Option<PathBuf>,
}

impl CloudFormation {
    /// No stacks. `node_packages` is the folder where packages are installed that functions on Node.js lack.
    pub(crate) fn new(clock: Clock, node_packages: Option<PathBuf>) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            all: OnceLock::new(),
            types: OnceLock::new(),
            stacks: Stacks::new(clock.clone()),
            clock,
            exports: RwLock::default(),
            answers: Answers::default(),
            functions: OnceLock::new(),
            node_packages,
        })
    }

    /// Makes a service with a test's own resource types.
    #[cfg(test)]
    pub(super) fn with(types: Types) -> Arc<Self> {
        let service = Self::new(Clock::real(), None);
        let _ = service.types.set(types);
        service
    }

    /// Learns what runs the functions of custom resources.
    pub(crate) fn invokes(&self, functions: Weak<dyn Functions>) {
        let _ = self.functions.set(functions);
    }

    /// What runs functions. An error when the cloud is being taken down.
    pub(super) fn functions(&self) -> Result<Arc<dyn Functions>, ApiError> {
        let functions = self.functions.get().and_then(Weak::upgrade);
        functions.ok_or_else(|| ApiError::internal("the cloud is stopping"))
    }

    /// Where packages are installed that functions on Node.js lack.
    pub(super) fn node_packages(&self) -> Option<&Path> {
        self.node_packages.as_deref()
    }

    /// Itself, for its resource types.
    pub(super) fn me(&self) -> Weak<Self> {
        Weak::clone(&self.me)
    }

    /// The time of the cloud, for waits.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The time of the cloud, in ms since the epoch.
    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Sets the catalogue of all services.
    pub(super) fn connect_to(&self, all: Weak<dyn Catalogue>) {
        // The registry is made once; a second one would be ignored.
        let _ = self.all.set(all);
    }

    /// Runs one operation by its API name.
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        api::call(self, cx, operation, &input).await
    }

    /// The service for a task that outlives the call. Fails while the cloud is stopping.
    pub(super) fn shared(&self) -> Result<Arc<Self>, ApiError> {
        self.me.upgrade().ok_or_else(|| ApiError::internal("the cloud is stopping"))
    }

    /// All services. Fails while the cloud is stopping.
    pub(super) fn all(&self) -> Result<Arc<dyn Catalogue>, ApiError> {
        let all = self.all.get().and_then(Weak::upgrade);
        all.ok_or_else(|| ApiError::internal("the cloud is stopping"))
    }

    /// The resource types of all services.
    pub(super) fn types(&self, all: &dyn Catalogue) -> &Types {
        self.types.get_or_init(|| Types::new(all.resource_types()))
    }

    /// The names of the stacks that import the export `name`.
    pub(super) fn importers(&self, cx: &Context, name: &str) -> Vec<String> {
        let stacks = self.stacks.of_region(cx);
        let imports =
            |stack: &super::stack::Stack| stack.exists() && stack.facts.lock().imports.contains(name);
        stacks.iter().filter(|stack| imports(stack)).map(|stack| stack.name.clone()).collect()
    }
}
