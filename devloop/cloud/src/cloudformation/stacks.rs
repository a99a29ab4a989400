//! All stacks of the cloud: found by name or id, in their region.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;

use super::stack::{Place, Stack};
use crate::{clock::Clock, context::Context, wire};

/// The most deleted stacks that are still found by their id; the oldest are forgotten first.
const MOST_DELETED: usize = 100;

/// The most stacks of a region [CloudFormation quotas].
pub(super) const MOST: usize = 2_000;

#[derive(Debug)]
pub(super) struct Stacks {
    clock: Clock,
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    by_name: BTreeMap<Place, Arc<Stack>>,
    deleted: VecDeque<Arc<Stack>>,
}

impl Stacks {
    /// No stacks.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, all: Mutex::default() }
    }

    /// The stack of this name, if there is one.
    pub(super) fn by_name(&self, cx: &Context, name: &str) -> Option<Arc<Stack>> {
        let place = (Arc::clone(&cx.region), name.to_owned());
        self.all.lock().by_name.get(&place).filter(|stack| stack.exists()).cloned()
    }

    /// The stack that a client names by name or id; a deleted stack is found by its id alone.
    pub(super) fn find(&self, cx: &Context, name_or_id: &str) -> Option<Arc<Stack>> {
        if !name_or_id.starts_with("arn:") {
            return self.by_name(cx, name_or_id);
        }
        let all = self.all.lock();
        let stacks = all.by_name.values().chain(&all.deleted);
        stacks.filter(|stack| !stack.status().is_empty()).find(|stack| stack.id == name_or_id).cloned()
    }

    /// All existing stacks of a region, and those that were deleted lately.
    pub(super) fn of_region(&self, cx: &Context) -> Vec<Arc<Stack>> {
        let all = self.all.lock();
        let stacks = all.by_name.values().chain(&all.deleted);
        stacks.filter(|stack| stack.region == cx.region && !stack.status().is_empty()).cloned().collect()
    }

    /// The stack with this name, or a new one that stays invisible until an operation on it begins.
    pub(super) fn find_or_new(&self, cx: &Context, name: &str) -> Arc<Stack> {
        let place: Place = (Arc::clone(&cx.region), name.to_owned());
        let mut all = self.all.lock();
        let mut generation = 0;
        if let Some(stack) = all.by_name.get(&place) {
            if stack.status() != "DELETE_COMPLETE" {
                return Arc::clone(stack);
            }
            generation = stack.facts.lock().generation + 1;
            let deleted = Arc::clone(stack);
            all.deleted.push_front(deleted);
            all.deleted.truncate(MOST_DELETED);
        }
        if all.by_name.len() >= MOST {
            all.by_name.retain(|_, stack| stack.status() != "DELETE_COMPLETE");
        }
        let id = cx.arn("cloudformation", &format!("stack/{name}/{}", wire::unique_id()));
        let stack = Stack::new(place.clone(), id, generation, &self.clock);
        all.by_name.insert(place, Arc::clone(&stack));
        stack
    }

    /// How many stacks there are, in all regions.
    pub(super) fn count(&self) -> usize {
        self.all.lock().by_name.values().filter(|stack| stack.exists()).count()
    }
}
