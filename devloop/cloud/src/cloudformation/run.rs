//! One application of a template. Each resource is created, changed, replaced or kept as soon as the resources that it
//! needs exist.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use indexmap::IndexMap;
use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::{
    change::{Change, change, check_own_name, failure, formed, keeps},
    plan::Plan,
    rollback::Done,
    service::CloudFormation,
    stack::Stack,
    stores::Stores,
    types::Types,
};
use crate::{
    calls::Calls,
    context::Context,
    resource::{Cause, Created, Record, ResourceType, Task},
    template::{Lookup, Template, TemplateError, resolved},
};

/// How many resources are worked on at the same time.
const AT_A_TIME: usize = 16;

/// One application of a template, and what it has done so far.
pub(super) struct Run<'r> {
    pub(super) calls: &'r dyn Calls,
    pub(super) cx: &'r Context,
    pub(super) service: &'r CloudFormation,
    pub(super) types: &'r Types,
    pub(super) stack: &'r Arc<Stack>,
    pub(super) resources: IndexMap<String, Record>,
    pub(super) done: Vec<Done>,
    /// Replaced resources, which are deleted when the whole operation succeeds.
    pub(super) replaced: Vec<(String, Record)>,
    /// The resources that failed.
    pub(super) failed: Vec<String>,
    pub(super) imports: Mutex<BTreeSet<String>>,
}

impl Lookup for Run<'_> {
    fn physical_id(&self, logical: &str) -> Option<Value> {
        self.resources.get(logical).map(|record| record.made.physical_id.as_str().into())
    }

    fn attribute(&self, logical: &str, attribute: &str) -> Option<Value> {
        self.resources.get(logical)?.made.attributes.get(attribute).map(|value| value.as_str().into())
    }

    fn import(&self, name: &str) -> Option<String> {
        let key = (Arc::clone(&self.cx.region), name.to_owned());
        let value = self.service.exports.read().get(&key).map(|export| export.value.clone())?;
        self.imports.lock().insert(name.to_owned());
        Some(value)
    }
}

/// The end of the work on one resource.
struct Ended {
    logical: String,
    change: Change,
    outcome: Result<Created, Cause>,
    /// The physical id of a resource whose creation had begun when it failed.
    begun: Option<String>,
    record: Record,
}

impl<'r> Run<'r> {
    /// A run that starts from the stack's current resources.
    pub(super) fn new(
        calls: &'r dyn Calls,
        cx: &'r Context,
        service: &'r CloudFormation,
        types: &'r Types,
        stack: &'r Arc<Stack>,
    ) -> Self {
        let resources = stack.facts.lock().resources.clone();
        Self {
            calls,
            cx,
            service,
            types,
            stack,
            resources,
            done: Vec::new(),
            replaced: Vec::new(),
            failed: Vec::new(),
            imports: Mutex::default(),
        }
    }

    /// A resource's properties, computed and in the form that its provider expects.
    async fn properties(
        &self,
        template: &Template,
        plan: &Plan,
        logical: &str,
    ) -> Result<Map<String, Value>, TemplateError> {
        let resource = &template.resources[logical];
        let place = || format!("resource `{logical}`");
        let scope = plan.scope(template, self);
        let properties = scope.members(&resource.properties).map_err(TemplateError::at(place()))?;
        let stores = Stores { calls: self.calls, cx: self.cx };
        let properties = resolved(properties, &stores).await.map_err(TemplateError::at(place()))?;
        formed(self.types, resource, properties).map_err(TemplateError::at(place()))
    }

    /// Creates, updates and replaces everything that the plan says; resources that do not need each other run side by side.
    pub(super) async fn converge(&mut self, template: &Template, plan: &Plan) -> Result<(), TemplateError> {
        let (types, calls, cx, stack) = (self.types, self.calls, self.cx, self.stack);
        let mut waiting: Vec<&String> = plan.order.iter().collect();
        let mut finished: BTreeSet<String> = BTreeSet::new();
        let mut working: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
        let mut failure = None;
        loop {
            let mut settled_at_once = false;
            let mut still = Vec::new();
            for logical in std::mem::take(&mut waiting) {
                let ready = plan.needs.get(logical).is_none_or(|needs| needs.is_subset(&finished));
                if failure.is_some() || !ready || working.len() >= AT_A_TIME {
                    still.push(logical);
                    continue;
                }
                if stack.facts.lock().is_cancelled {
                    failure = Some(cancelled(template, logical));
                    continue;
                }
                match self.begin(template, plan, logical).await {
                    Err(error) => {
                        self.failed.push(logical.clone());
                        let kind = &template.resources[logical].kind;
                        let physical =
                            self.resources.get(logical).map(|record| record.made.physical_id.clone());
                        let status = if physical.is_some() { "UPDATE_FAILED" } else { "CREATE_FAILED" };
                        stack.set_resource_state(
                            logical,
                            kind,
                            &physical.unwrap_or_default(),
                            status,
                            Some(error.to_string()),
                        );
                        failure = Some(error);
                    }
                    Ok((Change::Keep, record)) => {
                        self.resources.insert(logical.clone(), record);
                        finished.insert(logical.clone());
                        settled_at_once = true;
                    }
                    Ok((change, record)) => {
                        let before = self.resources.get(logical).cloned();
                        working.push(work(types, calls, cx, stack, logical, change, record, before).boxed());
                    }
                }
            }
            waiting = still;
            if settled_at_once && failure.is_none() {
                continue;
            }
            let Some(ended) = working.next().await else { break };
            let logical = ended.logical.clone();
            match self.end(ended) {
                Ok(()) => {
                    finished.insert(logical);
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Decides what is to be done with a resource, and builds its new record, which still has the old ids.
    async fn begin(
        &self,
        template: &Template,
        plan: &Plan,
        logical: &str,
    ) -> Result<(Change, Record), TemplateError> {
        let resource = &template.resources[logical];
        let properties = self.properties(template, plan, logical).await?;
        let before = self.resources.get(logical);
        let change = change(self.types, logical, resource, &properties, before)?;
        let generation = match (change, before) {
            (Change::Replace, _) => {
                let mut facts = self.stack.facts.lock();
                facts.generation += 1;
                facts.generation
            }
            (_, Some(before)) => before.generation,
            (_, None) => self.stack.facts.lock().generation,
        };
        let record = Record {
            kind: resource.kind.clone(),
            properties,
            made: before.map_or_else(|| Created::new(""), |before| before.made.clone()),
            retain: keeps(resource.deletion_policy.as_deref()),
            retain_replaced: resource.update_replace_policy.as_deref() == Some("Retain"),
            needs: plan.needs.get(logical).cloned().unwrap_or_default(),
            generation,
        };
        if change == Change::Replace
            && let Some(before) = before
        {
            check_own_name(logical, before, &record)?;
        }
        Ok((change, record))
    }

    /// Records the outcome of the work on a resource.
    fn end(&mut self, ended: Ended) -> Result<(), TemplateError> {
        let Ended { logical, change, outcome, begun, mut record } = ended;
        let before = self.resources.get(&logical).cloned();
        match outcome {
            Ok(made) => {
                let status = if change == Change::Create { "CREATE_COMPLETE" } else { "UPDATE_COMPLETE" };
                self.stack.set_resource_state(&logical, &record.kind, &made.physical_id, status, None);
                record.made = made;
                // Only a custom type may give another id on an update, which means that it made another resource.
                let is_another = |before: &Record| {
                    before.made.physical_id != record.made.physical_id
                        && self.types.get(&record.kind).is_some_and(ResourceType::is_open)
                };
                self.done.push(match before {
                    None => Done::Created { logical: logical.clone(), record: record.clone() },
                    Some(before) if change == Change::Replace || is_another(&before) => {
                        self.replaced.push((logical.clone(), before.clone()));
                        Done::Replaced { logical: logical.clone(), before, after: record.clone() }
                    }
                    Some(before) => Done::Updated { logical: logical.clone(), before, after: record.clone() },
                });
                self.resources.insert(logical, record);
                Ok(())
            }
            Err(cause) => {
                let creates = before.is_none();
                let attempt = if creates { "created" } else { "updated" };
                let status = if creates { "CREATE_FAILED" } else { "UPDATE_FAILED" };
                let physical = before.as_ref().map(|before| before.made.physical_id.as_str());
                let physical = begun.as_deref().or(physical).unwrap_or_default();
                self.stack.set_resource_state(
                    &logical,
                    &record.kind,
                    physical,
                    status,
                    Some(cause.to_string()),
                );
                let error = failure(&logical, &record.kind, attempt, &cause);
                // A resource that was created or changed half way is undone with the others.
                match (before, begun) {
                    (Some(before), _) if change == Change::Update => {
                        self.done.push(Done::Updated { logical: logical.clone(), before, after: record });
                    }
                    (before, Some(physical_id)) => {
                        record.made = Created::new(physical_id);
                        self.done.push(match before {
                            Some(before) => {
                                Done::Replaced { logical: logical.clone(), before, after: record }
                            }
                            None => Done::Created { logical: logical.clone(), record },
                        });
                    }
                    (_, None) => {}
                }
                self.failed.push(logical);
                Err(error)
            }
        }
    }

    /// Why the whole operation failed, as the stack's status reason.
    pub(super) fn reason(&self, error: &TemplateError, is_new: bool) -> String {
        if self.failed.is_empty() {
            return format!("{error}. ");
        }
        let what = if is_new { "create" } else { "update" };
        format!("The following resource(s) failed to {what}: [{}]. ", self.failed.join(", "))
    }

    /// Writes the current resources into the stack.
    pub(super) fn settle_resources(&mut self) {
        let mut facts = self.stack.facts.lock();
        facts.resources = self.resources.clone();
        facts.undone = std::mem::take(&mut self.done);
    }
}

/// The error of an update that a client cancelled.
fn cancelled(template: &Template, logical: &str) -> TemplateError {
    TemplateError::Failed {
        logical: logical.to_owned(),
        kind: template.resources[logical].kind.clone(),
        attempt: "updated",
        cause: "Resource update cancelled".to_owned(),
        left_behind: Vec::new(),
    }
}

/// Does the work on one resource that must change.
#[expect(clippy::too_many_arguments, reason = "what a resource is made of and with")]
async fn work(
    types: &Types,
    calls: &dyn Calls,
    cx: &Context,
    stack: &Stack,
    logical: &str,
    change: Change,
    record: Record,
    before: Option<Record>,
) -> Ended {
    let task = Task::new(calls, cx, &stack.name, logical, &record.properties)
        .of_generation(record.generation)
        .of_kind(&record.kind);
    let (outcome, begun) = match types.get(&record.kind) {
        None => (Err(Cause::Property(format!("there is no type {}", record.kind))), None),
        Some(provider) => {
            let physical = before.as_ref().map(|before| before.made.physical_id.as_str()).unwrap_or_default();
            let (status, reason) = match change {
                Change::Create | Change::Keep => ("CREATE_IN_PROGRESS", None),
                Change::Update => ("UPDATE_IN_PROGRESS", None),
                Change::Replace => (
                    "UPDATE_IN_PROGRESS",
                    Some(
                        "Requested update requires the creation of a new physical resource; hence creating one."
                            .to_owned(),
                    ),
                ),
            };
            stack.set_resource_state(logical, &record.kind, physical, status, reason);
            let outcome = match (&before, change) {
                (Some(before), Change::Update) => provider.update(&task, before).await,
                _ => provider.create(&task).await,
            };
            (outcome, task.begun())
        }
    };
    drop(task);
    Ended { logical: logical.to_owned(), change, outcome, begun, record }
}
