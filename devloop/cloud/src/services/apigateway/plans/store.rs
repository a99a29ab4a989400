//! What the service keeps for one region: API keys, usage plans, and counts of requests.

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{
    bucket::{Bucket, Throttle},
    quota::Quota,
};

/// The most API keys and usage plans of a region [Quotas for configuring and running a REST API].
pub(super) const MOST_KEYS: usize = 10_000;
pub(super) const MOST_PLANS: usize = 300;

/// The keys and plans of one region.
#[derive(Debug, Default)]
pub(in crate::services::apigateway) struct Plans(pub(super) Mutex<Store>);

#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) keys: IndexMap<String, ApiKey>,
    pub(super) plans: IndexMap<String, UsagePlan>,
    /// Token buckets, by plan, key and method, or by API, stage and setting.
    pub(super) buckets: HashMap<(String, String, String), Bucket>,
    /// The number of requests of each day, by plan and key.
    pub(super) used: HashMap<(String, String), BTreeMap<i64, i64>>,
}

/// `ApiKey`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiKey {
    pub(super) id: String,
    pub(super) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) enabled: bool,
    /// Seconds since the epoch.
    pub(super) created_date: i64,
    /// Seconds since the epoch.
    pub(super) last_updated_date: i64,
    pub(super) stage_keys: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
}

/// `UsagePlan`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsagePlan {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) api_stages: Vec<ApiStage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) throttle: Option<Throttle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quota: Option<Quota>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) product_code: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
    /// The day since the epoch on which the plan was created.
    #[serde(skip)]
    pub(super) made_day: i64,
    /// The ids of the plan's keys.
    #[serde(skip)]
    pub(super) keys: Vec<String>,
}

/// `ApiStage`: a stage that the plan's keys may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiStage {
    pub(super) api_id: String,
    pub(super) stage: String,
    /// By path and method, such as `/pets/GET`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) throttle: BTreeMap<String, Throttle>,
}

impl Store {
    /// Removes everything about a deleted key or plan.
    pub(super) fn forget(&mut self, id: &str) {
        self.used.retain(|(plan, key), _| plan != id && key != id);
        self.buckets.retain(|(plan, key, _), _| plan != id && key != id);
        for plan in self.plans.values_mut() {
            plan.keys.retain(|key| key != id);
        }
    }
}
