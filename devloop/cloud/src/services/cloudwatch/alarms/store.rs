//! The alarms of every region, and the task that evaluates them.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, Weak},
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{super::store::Store, alarm::Alarm, decide::State, reason};
use crate::{clock::Clock, error::ApiError, functions::Functions, regional::Regional, service::Catalogue};

/// The most alarms of a region [CloudWatch service quotas].
pub(in super::super) const ALARMS: usize = 5_000;

/// The alarms of one region, by name.
#[derive(Debug, Default)]
pub(super) struct Region(pub(super) Mutex<BTreeMap<String, Alarm>>);

#[derive(Debug)]
pub(in super::super) struct Alarms {
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Regional<Store>>,
    pub(super) regions: Regional<Region>,
    /// Whether the evaluating task runs, and the signal that wakes it for a new alarm.
    pub(super) running: Mutex<bool>,
    pub(super) changed: Arc<Notify>,
    services: OnceLock<Weak<dyn Catalogue>>,
    functions: OnceLock<Weak<dyn Functions>>,
}

impl Alarms {
    /// A store without alarms.
    pub(in super::super) fn new(clock: Clock, metrics: Arc<Regional<Store>>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            metrics,
            regions: Regional::default(),
            running: Mutex::new(false),
            changed: Arc::default(),
            services: OnceLock::new(),
            functions: OnceLock::new(),
        })
    }

    /// Sets the catalogue of all services, once.
    pub(in super::super) fn connect(&self, all: Weak<dyn Catalogue>) {
        // The cloud is assembled once; a second call would be ignored.
        let _ = self.services.set(all);
    }

    /// Sets the functions that actions may invoke, once.
    pub(in super::super) fn invokes(&self, functions: Weak<dyn Functions>) {
        let _ = self.functions.set(functions);
    }

    /// How many alarms there are.
    pub(in super::super) fn kept(&self) -> usize {
        self.regions.all().iter().map(|(_, region)| region.0.lock().len()).sum()
    }

    pub(super) fn services(&self) -> Option<Arc<dyn Catalogue>> {
        self.services.get()?.upgrade()
    }

    pub(super) fn functions(&self) -> Option<Arc<dyn Functions>> {
        self.functions.get()?.upgrade()
    }

    /// Sets the state of an alarm and adds it to the history. Starts the actions if the state has changed.
    pub(super) fn set(self: &Arc<Self>, alarm: &mut Alarm, to: State, why: String, data: Option<String>) {
        let now_ms = self.clock.now_ms();
        let from = alarm.state;
        let parsed = |data: &Option<String>| {
            let value =
                data.as_deref().map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into()));
            value.unwrap_or(serde_json::Value::Null)
        };
        let describe = |state: State, reason: &str, data: &Option<String>| serde_json::json!({ "stateValue": state.name(), "stateReason": reason, "stateReasonData": parsed(data) });
        let change = serde_json::json!({
            "version": "1.0",
            "oldState": describe(from, &alarm.reason, &alarm.reason_data),
            "newState": describe(to, &why, &data),
        });
        let before = super::actions::Before {
            state: from,
            reason: std::mem::replace(&mut alarm.reason, why),
            at_ms: alarm.updated_ms,
        };
        (alarm.state, alarm.reason_data, alarm.updated_ms) = (to, data, now_ms);
        if from == to {
            return;
        }
        alarm.transitioned_ms = now_ms;
        let summary = format!("Alarm updated from {} to {}", from.name(), to.name());
        alarm.history.add(now_ms, "StateUpdate", summary, change);
        if alarm.actions_enabled {
            super::actions::start(self, alarm, &before);
        }
    }

    /// Evaluates one alarm for the evaluation range that ends at `end`, in s.
    pub(super) fn evaluate(self: &Arc<Self>, store: &Store, alarm: &mut Alarm, end: i64) {
        alarm.evaluated = end;
        let points = alarm.points(store, end);
        let (comparison, threshold) = (alarm.settings.comparison, alarm.settings.threshold);
        let breaches: Vec<_> = points
            .iter()
            .map(|point| point.value.map(|value| comparison.breaches(value, threshold)))
            .collect();
        let Some(to) = super::decide::decide(alarm.settings.rule, &breaches) else { return };
        if to == alarm.state {
            return;
        }
        let why = reason::sentence(alarm, &points, to);
        let data = reason::data(alarm, &points, self.clock.now_ms());
        self.set(alarm, to, why, Some(data));
    }
}

/// The error for an alarm that does not exist.
pub(super) fn not_found(name: &str) -> ApiError {
    ApiError::with_status(404, "ResourceNotFound", format!("Unknown alarm: {name}"))
}
