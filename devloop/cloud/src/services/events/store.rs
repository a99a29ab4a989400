//! What the service keeps for one region.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicUsize},
};

use indexmap::IndexMap;
use parking_lot::RwLock;
use serde_json::Value;

use super::{
    schedule::{Expression, Timer},
    targets::Target,
};
use crate::{context::Context, event_pattern::Pattern};

/// The most buses of a region, rules of a bus, and targets of a rule [Amazon EventBridge quotas].
pub(super) const MOST_BUSES: usize = 100;
pub(super) const MOST_RULES: usize = 300;
pub(super) const MOST_TARGETS: usize = 5;

/// The name of the bus that every region has.
pub(super) const DEFAULT: &str = "default";

/// The buses of one region.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) buses: RwLock<BTreeMap<String, Arc<Bus>>>,
}

impl Default for Region {
    fn default() -> Self {
        let bus = Arc::new(Bus { name: DEFAULT.to_owned(), ..Bus::default() });
        Self { buses: RwLock::new(BTreeMap::from([(DEFAULT.to_owned(), bus)])) }
    }
}

#[derive(Debug, Default)]
pub(super) struct Bus {
    pub(super) name: String,
    /// In ms since the epoch.
    pub(super) created_ms: i64,
    pub(super) settings: RwLock<BusSettings>,
    pub(super) rules: RwLock<BTreeMap<String, Arc<Rule>>>,
}

/// The mutable settings of a bus.
#[derive(Debug, Default)]
pub(super) struct BusSettings {
    pub(super) description: Option<String>,
    pub(super) dead_letters: Option<String>,
    /// What the bus logs; kept and shown without effect.
    pub(super) logging: Option<Value>,
    /// The statements of the policy by their ids; kept and shown without effect.
    pub(super) policy: IndexMap<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
}

impl Bus {
    /// The bus's ARN.
    pub(super) fn arn(&self, cx: &Context) -> String {
        cx.arn("events", &format!("event-bus/{}", self.name))
    }
}

/// A rule. `PutRule` replaces it by a new one.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) bus: String,
    pub(super) arn: String,
    pub(super) pattern: Option<(String, Pattern)>,
    pub(super) schedule: Option<(String, Expression)>,
    pub(super) is_enabled: bool,
    pub(super) description: Option<String>,
    pub(super) role: Option<String>,
    pub(super) targets: Arc<RwLock<IndexMap<String, Arc<Target>>>>,
    pub(super) tags: Arc<RwLock<BTreeMap<String, String>>>,
    /// The deliveries in progress, including those that wait for a retry.
    pub(super) pending: Arc<AtomicUsize>,
    /// The timer of a rule with a schedule, while the rule is enabled.
    pub(super) timer: RwLock<Option<Timer>>,
}
