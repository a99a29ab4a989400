//! A stack: what was applied, its status, and its events.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use indexmap::IndexMap;
use parking_lot::Mutex;
use serde_json::Value;

use super::{change_set::ChangeSet, rollback::Done};
use crate::{clock::Clock, resource::Record, template::Template, wire};

/// The most events that a stack keeps; the oldest are dropped first.
const MOST_EVENTS: usize = 2_000;

/// The resource type of the stack itself in its events.
const ITSELF: &str = "AWS::CloudFormation::Stack";

/// A region, and the name of a stack or of an export.
pub(super) type Place = (Arc<str>, String);

/// A value that other stacks import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Export {
    /// The id of the stack that exports it.
    pub(super) stack: String,
    pub(super) value: String,
}

/// One stack. Whoever changes its resources holds the lock `turn`; everybody else reads `facts`.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) region: Arc<str>,
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
    pub(super) facts: Mutex<Facts>,
    clock: Clock,
}

/// What is known of a stack.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Empty until an operation has begun. `REVIEW_IN_PROGRESS` when a change set is to create the stack.
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    pub(super) created_ms: i64,
    pub(super) updated_ms: Option<i64>,
    pub(super) deleted_ms: Option<i64>,
    pub(super) applied: Arc<Wanted>,
    /// The state before the update that is in progress or that failed half way.
    pub(super) previous: Option<Arc<Wanted>>,
    pub(super) outputs: Vec<StackOutput>,
    /// The existing resources, in the order in which they were created.
    pub(super) resources: IndexMap<String, Record>,
    /// What clients see of each resource, deleted ones included.
    pub(super) shown: IndexMap<String, Shown>,
    pub(super) events: VecDeque<Event>,
    pub(super) change_sets: BTreeMap<String, ChangeSet>,
    /// The exports of other stacks that this one reads.
    pub(super) imports: BTreeSet<String>,
    /// Part of the generated names of resources. Keeps them apart from those of replaced resources and of a deleted stack
    /// with the same name.
    pub(super) generation: u32,
    pub(super) is_protected: bool,
    /// Whether a client has cancelled the update.
    pub(super) is_cancelled: bool,
    /// The steps that a rollback could not undo.
    pub(super) undone: Vec<Done>,
}

/// The wanted state of a stack.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) template: Option<Template>,
    /// The given values of parameters, by name.
    pub(super) parameters: BTreeMap<String, String>,
    /// The values of Systems Manager parameters when they were read.
    pub(super) resolved: BTreeMap<String, String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) capabilities: Vec<String>,
    pub(super) role: Option<String>,
    pub(super) topics: Vec<String>,
    /// What happens to resources when the operation fails.
    pub(super) on_failure: OnFailure,
    /// How long the creation may take, in minutes. It is shown and has no effect.
    pub(super) timeout: Option<u64>,
    /// The `RollbackConfiguration`, an object; kept and shown without effect.
    pub(super) rollback: Option<Value>,
    pub(super) token: Option<String>,
}

/// What happens to resources when an operation fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// Everything is undone.
    #[default]
    Rollback,
    /// Everything stays as it is.
    Nothing,
    /// The stack is deleted too.
    Delete,
}

/// One of a stack's outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StackOutput {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) description: Option<String>,
    pub(super) export: Option<String>,
}

/// A resource as clients see it.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) kind: String,
    pub(super) physical_id: String,
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    pub(super) at_ms: i64,
}

/// Something that happened to a stack or one of its resources.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) logical: String,
    pub(super) shown: Shown,
    pub(super) token: Option<String>,
}

impl Stack {
    /// A stack that is empty.
    pub(super) fn new(place: Place, id: String, generation: u32, clock: &Clock) -> Arc<Self> {
        let facts = Facts { created_ms: clock.now_ms(), generation, ..Facts::default() };
        Arc::new(Self {
            id,
            region: place.0,
            name: place.1,
            turn: Arc::default(),
            facts: Mutex::new(facts),
            clock: clock.clone(),
        })
    }

    /// Sets the state of the stack itself.
    pub(super) fn becomes(&self, status: &'static str, reason: Option<String>) {
        let mut facts = self.facts.lock();
        let at_ms = self.clock.now_ms();
        match status {
            "UPDATE_IN_PROGRESS" => facts.updated_ms = Some(at_ms),
            "DELETE_COMPLETE" => facts.deleted_ms = Some(at_ms),
            // Deleted resources are no longer shown, except in the events.
            "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" => {
                facts.shown.retain(|_, shown| shown.status != "DELETE_COMPLETE");
            }
            _ => {}
        }
        facts.status = status;
        facts.reason.clone_from(&reason);
        let shown = Shown { kind: ITSELF.to_owned(), physical_id: self.id.clone(), status, reason, at_ms };
        facts.happened(&self.name, shown);
    }

    /// Sets the state of one of the stack's resources.
    pub(super) fn set_resource_state(
        &self,
        logical: &str,
        kind: &str,
        physical_id: &str,
        status: &'static str,
        reason: Option<String>,
    ) {
        let mut facts = self.facts.lock();
        let shown = Shown {
            kind: kind.to_owned(),
            physical_id: physical_id.to_owned(),
            status,
            reason,
            at_ms: self.clock.now_ms(),
        };
        facts.shown.insert(logical.to_owned(), shown.clone());
        facts.happened(logical, shown);
    }

    /// Restores the state before the update that was undone.
    pub(super) fn goes_back(&self) {
        let mut facts = self.facts.lock();
        if let Some(previous) = facts.previous.take() {
            facts.applied = previous;
        }
    }

    /// The stack's state now.
    pub(super) fn status(&self) -> &'static str {
        self.facts.lock().status
    }

    /// Whether the stack can be found by its name.
    pub(super) fn exists(&self) -> bool {
        !matches!(self.status(), "" | "DELETE_COMPLETE")
    }
}

impl Facts {
    fn happened(&mut self, logical: &str, shown: Shown) {
        let event = Event {
            id: wire::unique_id().to_string(),
            logical: logical.to_owned(),
            shown,
            token: self.applied.token.clone(),
        };
        self.events.push_front(event);
        self.events.truncate(MOST_EVENTS);
    }
}

/// What the caller of `apply` gets: outputs and resources.
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
    /// The current outputs and resources of a stack.
    pub(super) fn of(facts: &Facts) -> Self {
        let values = facts.outputs.iter().map(|output| (output.key.clone(), output.value.clone())).collect();
        let resources = facts
            .resources
            .iter()
            .map(|(logical, record)| {
                let physical_id = record.made.physical_id.clone();
                (logical.clone(), StackResource { kind: record.kind.clone(), physical_id })
            })
            .collect();
        Self { values, resources }
    }

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
