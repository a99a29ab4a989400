//! The work on one resource: what a resource type needs to create, update or delete it.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::{
    names::{physical_name, suffix},
    resource_type::{Cause, Record},
};
use crate::{calls::Calls, context::Context, error::ApiError};

/// How long a resource may take to become usable.
const PATIENCE: Duration = Duration::from_mins(1);

/// One resource, with its properties computed.
#[derive(Debug)]
pub(crate) struct Task<'t> {
    calls: &'t dyn Calls,
    pub(crate) cx: &'t Context,
    stack: &'t str,
    logical: &'t str,
    kind: &'t str,
    generation: u32,
    pub(crate) properties: &'t Map<String, Value>,
    begun: Mutex<Option<String>>,
}

impl<'t> Task<'t> {
    /// Work on the resource `logical` of `stack`.
    pub(crate) fn new(
        calls: &'t dyn Calls,
        cx: &'t Context,
        stack: &'t str,
        logical: &'t str,
        properties: &'t Map<String, Value>,
    ) -> Self {
        Self { calls, cx, stack, logical, kind: "", generation: 0, properties, begun: Mutex::default() }
    }

    /// The same resource in a later generation, which changes its generated name.
    pub(crate) fn of_generation(mut self, generation: u32) -> Self {
        self.generation = generation;
        self
    }

    /// The same resource with the name of its type, for a type that goes by several names.
    pub(crate) fn of_kind(mut self, kind: &'t str) -> Self {
        self.kind = kind;
        self
    }

    /// The stack's name.
    pub(crate) fn stack(&self) -> &'t str {
        self.stack
    }

    /// The resource's logical id.
    pub(crate) fn logical(&self) -> &'t str {
        self.logical
    }

    /// The name of its type, where that was told.
    pub(crate) fn kind(&self) -> &'t str {
        self.kind
    }

    /// The same work with other properties, for a type that delegates to another type.
    pub(crate) fn with<'p>(&'p self, properties: &'p Map<String, Value>) -> Task<'p> {
        Task::new(self.calls, self.cx, self.stack, self.logical, properties).of_generation(self.generation)
    }

    /// Runs an operation of a service, such as `sqs` and `CreateQueue`.
    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, Cause> {
        Ok(self.calls.call(self.cx, service, operation, input).await?)
    }

    /// Records that the resource exists but is not complete, so that a rollback deletes it if a later step fails.
    pub(crate) fn began(&self, physical_id: &str) {
        *self.begun.lock() = Some(physical_id.to_owned());
    }

    /// The physical id of the incomplete resource, if any.
    pub(crate) fn begun(&self) -> Option<String> {
        self.begun.lock().clone()
    }

    /// The resource's name: the property `property`, or else a generated name of at most `limit` characters.
    pub(crate) fn name(&self, property: &str, limit: usize) -> String {
        self.text(property)
            .map_or_else(|| physical_name(self.stack, self.logical, self.generation, limit), str::to_owned)
    }

    /// An id that is the same whenever this resource is created again.
    pub(crate) fn stable_id(&self) -> String {
        suffix(self.stack, self.logical, self.generation).to_ascii_lowercase()
    }

    /// A text property.
    pub(crate) fn text(&self, property: &str) -> Option<&'t str> {
        self.properties.get(property).and_then(Value::as_str)
    }

    /// A required text property.
    pub(crate) fn required(&self, property: &str) -> Result<&'t str, Cause> {
        self.text(property).ok_or_else(|| Cause::Property(format!("the property {property} is missing")))
    }

    /// The texts of a list property; empty when it is absent.
    pub(crate) fn texts(&self, property: &str) -> Vec<&'t str> {
        let items = self.properties.get(property).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The properties with these names that the template has.
    pub(crate) fn pick(&self, names: &[&str]) -> Map<String, Value> {
        names
            .iter()
            .filter_map(|name| self.properties.get(*name).map(|value| ((*name).to_owned(), value.clone())))
            .collect()
    }

    /// The property `Tags`, which is a list of keys and values, as a map; `None` without tags.
    pub(crate) fn tags(&self) -> Result<Option<Value>, Cause> {
        let map = tags_of(self.properties)?;
        Ok((!map.is_empty()).then_some(Value::Object(map)))
    }

    /// The changes of the property `Tags`: the keys to remove, and the tags to set.
    pub(crate) fn tag_changes(&self, before: &Record) -> Result<(Vec<String>, Map<String, Value>), Cause> {
        let (before, mut now) = (tags_of(&before.properties)?, tags_of(self.properties)?);
        let gone = before.keys().filter(|key| !now.contains_key(*key)).cloned().collect();
        now.retain(|key, value| before.get(key) != Some(value));
        Ok((gone, now))
    }

    /// Whether a property differs from its value in `before`.
    pub(crate) fn differs(&self, before: &Record, property: &str) -> bool {
        self.properties.get(property) != before.properties.get(property)
    }

    /// Polls with `look` until it sees that the resource is usable.
    ///
    /// The pauses and the limit use the machine's time, not the cloud's clock: a process needs its real time to start, even
    /// when a test has stopped the cloud's clock.
    pub(crate) async fn settled<F, R>(&self, mut look: F) -> Result<Value, Cause>
    where
        F: FnMut() -> R,
        R: Future<Output = Result<Option<Value>, Cause>>,
    {
        let began = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(seen) = look().await? {
                return Ok(seen);
            }
            if began.elapsed() >= PATIENCE {
                return Err(Cause::Property(format!("it was not usable after {} s", PATIENCE.as_secs())));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}

fn tags_of(properties: &Map<String, Value>) -> Result<Map<String, Value>, Cause> {
    let Some(tags) = properties.get("Tags") else { return Ok(Map::new()) };
    let malformed = || Cause::Property("Tags must be a list of Key and Value".to_owned());
    let mut map = Map::new();
    for tag in tags.as_array().ok_or_else(malformed)? {
        let key = tag.get("Key").and_then(Value::as_str).ok_or_else(malformed)?;
        map.insert(key.to_owned(), tag.get("Value").cloned().ok_or_else(malformed)?);
    }
    Ok(map)
}

/// A map of tags as the list that most operations take.
pub(crate) fn tag_list(tags: &Map<String, Value>) -> Value {
    tags.iter().map(|(key, value)| serde_json::json!({ "Key": key, "Value": value })).collect()
}

/// A text in an operation's output.
pub(crate) fn text(output: &Value, pointer: &str) -> Result<String, Cause> {
    let found = output.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| ApiError::internal(format!("the answer lacks {pointer}")).into())
}
