//! The table of resource types.

use std::collections::HashMap;

use crate::resource::ResourceType;

/// The resource types by name, such as `AWS::SQS::Queue`.
#[derive(Debug, Default)]
pub(super) struct Types(HashMap<&'static str, Box<dyn ResourceType>>);

impl Types {
    /// The given types.
    pub(super) fn new(types: impl IntoIterator<Item = (&'static str, Box<dyn ResourceType>)>) -> Self {
        Self(types.into_iter().collect())
    }

    /// The type called `kind`.
    pub(super) fn get(&self, kind: &str) -> Option<&dyn ResourceType> {
        self.0.get(kind).map(Box::as_ref)
    }
}
