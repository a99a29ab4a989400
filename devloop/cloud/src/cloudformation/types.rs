//! The table of resource types.

use std::collections::HashMap;

use super::custom;
use crate::resource::ResourceType;

/// The resource types by name, such as `AWS::SQS::Queue`.
#[derive(Debug, Default)]
pub(super) struct Types(HashMap<&'static str, Box<dyn ResourceType>>);

impl Types {
    /// The given types.
    pub(super) fn new(types: impl IntoIterator<Item = (&'static str, Box<dyn ResourceType>)>) -> Self {
        Self(types.into_iter().collect())
    }

    /// The type called `kind`. A custom type that the cloud does not implement itself is made by its author's function.
    pub(super) fn get(&self, kind: &str) -> Option<&dyn ResourceType> {
        let of_author = || self.0.get(custom::KIND).filter(|_| kind.starts_with(custom::PREFIX));
        self.0.get(kind).or_else(of_author).map(Box::as_ref)
    }
}
