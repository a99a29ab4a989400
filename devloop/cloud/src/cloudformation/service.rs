//! The service: the stacks, and how it reaches the operations of other services.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, Weak},
};

use parking_lot::{Mutex, RwLock};
use serde_json::Value;

use super::{
    metadata,
    stack::{Export, Place, SharedStack},
    types::Types,
};
use crate::{
    context::Context,
    error::ApiError,
    resource::ResourceType,
    service::{About, Answering, Catalogue, Service},
};

static ABOUT: About = About { health: "", ..About::named("cloudformation") };

/// The stacks, and the resource types they may have.
#[derive(Debug)]
pub(crate) struct CloudFormation {
    all: OnceLock<Weak<dyn Catalogue>>,
    types: OnceLock<Types>,
    stacks: Mutex<BTreeMap<Place, SharedStack>>,
    pub(super) exports: RwLock<BTreeMap<Place, Export>>,
}

impl CloudFormation {
    /// No stacks.
    pub(crate) fn new() -> Self {
        Self {
            all: OnceLock::new(),
            types: OnceLock::new(),
            stacks: Mutex::default(),
            exports: RwLock::default(),
        }
    }

    /// The same with resource types of a test's own.
    #[cfg(test)]
    pub(super) fn with(types: Types) -> Self {
        let service = Self::new();
        let _ = service.types.set(types);
        service
    }

    /// All services. An error when the cloud is being taken down.
    pub(super) fn all(&self) -> Result<Arc<dyn Catalogue>, ApiError> {
        let all = self.all.get().and_then(Weak::upgrade);
        all.ok_or_else(|| ApiError::internal("the cloud is stopping"))
    }

    /// The resource types of all services.
    pub(super) fn types(&self, all: &dyn Catalogue) -> &Types {
        self.types.get_or_init(|| Types::new(all.resource_types()))
    }

    /// The stack `name` of `region`, empty when it was never applied.
    pub(super) fn stack(&self, region: &Arc<str>, name: &str) -> SharedStack {
        Arc::clone(self.stacks.lock().entry((Arc::clone(region), name.to_owned())).or_default())
    }
}

impl Service for CloudFormation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn call<'a>(
        &'a self,
        _: &'a Context,
        operation: &'a str,
        _: Value,
    ) -> Answering<'a, Result<Value, ApiError>> {
        Box::pin(async move { Err(ApiError::unknown_operation("cloudformation", operation)) })
    }

    fn connect(&self, all: Weak<dyn Catalogue>) {
        // The registry is made once; another one would be a mistake that changes nothing.
        let _ = self.all.set(all);
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![("AWS::CDK::Metadata", Box::new(metadata::Metadata))]
    }
}
