//! The trait that every resource type implements.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::{shape::Shape, task::Task};
use crate::error::ApiError;

/// The names of a type's properties, and the form of each.
pub(crate) type Properties = &'static [(&'static str, Shape)];

/// Work in progress on one resource.
pub(crate) type Doing<'a, T> = BoxFuture<'a, Result<T, Cause>>;

pub(crate) trait ResourceType: std::fmt::Debug + Send + Sync {
    /// The supported properties. A template with any other property is refused, and the error names it.
    fn properties(&self) -> Properties;

    /// The attributes that `Fn::GetAtt` supports.
    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    /// The properties that [`ResourceType::update`] can change in place.
    fn updatable(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether its properties and attributes are the template author's own, so that any name is one and every change is made in
    /// place. An update may then give the resource another id, which makes it a replacement.
    fn is_open(&self) -> bool {
        false
    }

    /// Why a resource with these properties cannot work here, as the end of a sentence. The properties may still contain
    /// references.
    fn lacks(&self, properties: &Map<String, Value>) -> Option<String> {
        let _ = properties;
        None
    }

    /// Whether this is a function whose code needs no build, so that it can make custom resources at once.
    fn runs_at_once(&self, properties: &Map<String, Value>) -> bool {
        let _ = properties;
        false
    }

    /// Creates the resource that `task` describes and waits until it is usable. A type that needs several steps calls
    /// [`Task::began`] after the first.
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created>;

    /// Updates a resource to what `task` describes; only properties in [`ResourceType::updatable`] differ from `before`.
    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        let _ = task;
        Box::pin(async move { Err(Cause::Property(format!("{} cannot be changed", before.kind))) })
    }

    /// Deletes a resource; `task` has the properties that it was created with.
    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()>;
}

/// Why a resource could not be created, updated or deleted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Cause {
    /// The service refused the operation.
    #[error(transparent)]
    Service(#[from] ApiError),
    /// The template asks for something that this type does not support.
    #[error("{0}")]
    Property(String),
}

impl Cause {
    /// Whether the error says that the resource does not exist.
    pub(crate) fn is_absence(&self) -> bool {
        let Self::Service(error) = self else { return false };
        error.status == 404
            || ["NotFound", "NonExistent", "DoesNotExist", "NoSuchEntity"]
                .iter()
                .any(|word| error.code.contains(word))
    }
}

/// A resource that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Created {
    /// The value of `Ref`.
    pub(crate) physical_id: String,
    /// The values of `Fn::GetAtt`, by attribute.
    pub(crate) attributes: BTreeMap<Cow<'static, str>, String>,
}

impl Created {
    /// A resource without attributes.
    pub(crate) fn new(physical_id: impl Into<String>) -> Self {
        Self { physical_id: physical_id.into(), attributes: BTreeMap::new() }
    }

    /// Adds an attribute.
    pub(crate) fn with(mut self, attribute: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.attributes.insert(attribute.into(), value.into());
        self
    }
}

/// The current state of a resource in a stack.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) kind: String,
    /// The computed properties, in the form that the resource type expects.
    pub(crate) properties: Map<String, Value>,
    pub(crate) made: Created,
    /// Whether it is kept when the template no longer has it.
    pub(crate) retain: bool,
    /// Whether it is kept when it is replaced.
    pub(crate) retain_replaced: bool,
    /// The resources of the stack that it needs.
    pub(crate) needs: BTreeSet<String>,
    /// Distinguishes its generated name from those of the resources that it replaces.
    pub(crate) generation: u32,
}
