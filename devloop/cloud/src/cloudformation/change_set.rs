//! A change set: what a stack would become, and the changes on the way there.

use std::sync::Arc;

use serde_json::Value;

use super::stack::Wanted;

/// One change set of a stack.
#[derive(Debug, Clone)]
pub(super) struct ChangeSet {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) is_create: bool,
    pub(super) wanted: Arc<Wanted>,
    pub(super) created_ms: i64,
    /// `CREATE_COMPLETE` or `FAILED`.
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    /// `AVAILABLE`, `UNAVAILABLE`, `EXECUTE_IN_PROGRESS`, `EXECUTE_COMPLETE` or `EXECUTE_FAILED`.
    pub(super) execution: &'static str,
    /// The changes with the values of properties.
    pub(super) changes: Vec<Value>,
}
