//! What was applied: the stacks of this cloud, and what an application tells its caller.

use std::{collections::BTreeMap, sync::Arc};

use indexmap::IndexMap;

use crate::resource::Record;

/// Region, and name of a stack or of an export.
pub(super) type Place = (Arc<str>, String);

/// A stack that stays locked while it is applied.
pub(super) type SharedStack = Arc<tokio::sync::Mutex<Stack>>;

/// A value that other stacks import.
#[derive(Debug)]
pub(super) struct Export {
    /// The stack that exports it.
    pub(super) stack: String,
    pub(super) value: String,
}

/// One stack's resources, in the order in which they came to be.
#[derive(Debug, Default)]
pub(super) struct Stack {
    pub(super) resources: IndexMap<String, Record>,
}

/// What a stack gives to whoever applied it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outputs {
    pub(super) values: BTreeMap<String, String>,
    pub(super) resources: BTreeMap<String, StackResource>,
}

/// A resource of an applied stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackResource {
    /// Its type, such as `AWS::Lambda::Function`.
    pub kind: String,
    /// What `Ref` gives, such as a function's name.
    pub physical_id: String,
}

impl Outputs {
    /// The value of one output.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// All outputs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The stack's resources, by logical id.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &StackResource)> {
        self.resources.iter().map(|(logical, resource)| (logical.as_str(), resource))
    }
}
