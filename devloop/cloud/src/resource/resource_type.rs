//! What a resource type has to offer.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::{shape::Shape, task::Task};
use crate::error::ApiError;

/// The names of a type's properties, and the form of each.
pub(crate) type Properties = &'static [(&'static str, Shape)];

/// Work in progress on one resource.
pub(crate) type Doing<'a, T> = BoxFuture<'a, Result<T, Cause>>;

/// A resource type.
pub(crate) trait ResourceType: std::fmt::Debug + Send + Sync {
    /// The properties that the type has here. Any other one is refused by name.
    fn properties(&self) -> Properties;

    /// The attributes that `Fn::GetAtt` finds.
    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    /// The properties that [`ResourceType::update`] changes in place.
    fn updatable(&self) -> &'static [&'static str] {
        &[]
    }

    /// Makes the resource that `task` describes and waits until it is usable. What takes several steps tells
    /// [`Task::began`] after the first one.
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created>;

    /// Changes a resource to what `task` describes; only properties in [`ResourceType::updatable`] differ from `before`.
    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        let _ = task;
        Box::pin(async move { Err(Cause::Property(format!("{} cannot be changed", before.kind))) })
    }

    /// Deletes a resource; `task` has the properties that it was made with.
    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()>;
}

/// Why a resource could not be made, changed or deleted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Cause {
    /// The service refused.
    #[error(transparent)]
    Service(#[from] ApiError),
    /// The template asks for something that this type does not have here.
    #[error("{0}")]
    Property(String),
}

impl Cause {
    /// Whether the service says that there is no such thing.
    pub(crate) fn is_absence(&self) -> bool {
        let Self::Service(error) = self else { return false };
        error.status == 404
            || ["NotFound", "NonExistent", "DoesNotExist", "NoSuchEntity"]
                .iter()
                .any(|word| error.code.contains(word))
    }
}

/// What came of making a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Created {
    /// What `Ref` gives.
    pub(crate) physical_id: String,
    /// What `Fn::GetAtt` gives, by attribute.
    pub(crate) attributes: BTreeMap<&'static str, String>,
}

impl Created {
    /// A resource without attributes.
    pub(crate) fn new(physical_id: impl Into<String>) -> Self {
        Self { physical_id: physical_id.into(), attributes: BTreeMap::new() }
    }

    /// Adds an attribute.
    pub(crate) fn with(mut self, attribute: &'static str, value: impl Into<String>) -> Self {
        self.attributes.insert(attribute, value.into());
        self
    }
}

/// A resource of a stack as it is now.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) kind: String,
    /// Computed, and in the form that the provider expects.
    pub(crate) properties: Map<String, Value>,
    pub(crate) made: Created,
    /// Whether it outlives its removal from the template.
    pub(crate) retain: bool,
    /// Whether it outlives its replacement.
    pub(crate) retain_replaced: bool,
    /// The resources of the stack that it needs.
    pub(crate) needs: BTreeSet<String>,
    /// Keeps its name apart from those of the resources that it replaces.
    pub(crate) generation: u32,
}
