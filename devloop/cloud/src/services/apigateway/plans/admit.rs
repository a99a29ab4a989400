//! Admits requests by API key, throttle and quota.

use super::{
    bucket::{Bucket, Throttle},
    quota::day,
    store::{Plans, Store, UsagePlan},
};

/// For how many days the counts of requests are kept.
const KEPT_DAYS: i64 = 90;

/// The API key of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::services::apigateway) struct Caller {
    pub(in crate::services::apigateway) key_id: String,
    pub(in crate::services::apigateway) key: String,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::services::apigateway) enum Refusal {
    /// The key is missing, unknown, disabled, or in no usage plan of this stage.
    Key,
    Throttled,
    Quota,
}

/// The limits that apply to a request.
#[derive(Debug)]
pub(in crate::services::apigateway) struct Limits<'a> {
    pub(in crate::services::apigateway) api: &'a str,
    pub(in crate::services::apigateway) stage: &'a str,
    /// Path and method of the resource, such as `/pets/GET`.
    pub(in crate::services::apigateway) method: &'a str,
    /// The stage's throttle for the method, and the key of its setting.
    pub(in crate::services::apigateway) setting: Option<(&'a str, Throttle)>,
    pub(in crate::services::apigateway) needs_key: bool,
}

impl Plans {
    /// Admits a request and counts it, or refuses it and counts nothing.
    pub(in crate::services::apigateway) fn admit(
        &self,
        limits: &Limits<'_>,
        key: Option<&str>,
        now_ms: i64,
    ) -> Result<Option<Caller>, Refusal> {
        if !limits.needs_key && limits.setting.is_none() {
            return Ok(None);
        }
        let mut store = self.0.lock();
        let found =
            if limits.needs_key { Some(find(&store, limits, key).ok_or(Refusal::Key)?) } else { None };
        let mut bounds = Vec::new();
        if let Some((caller, plan)) = &found {
            let stage = plan
                .api_stages
                .iter()
                .find(|stage| stage.api_id == limits.api && stage.stage == limits.stage);
            let own = stage.and_then(|stage| stage.throttle.get(limits.method)).copied();
            let method = own.map_or("", |_| limits.method);
            if let Some(throttle) = own.or(plan.throttle) {
                bounds.push(((plan.id.clone(), caller.key_id.clone(), method.to_owned()), throttle));
            }
        }
        if let Some((setting, throttle)) = limits.setting {
            bounds.push(((limits.api.to_owned(), limits.stage.to_owned(), setting.to_owned()), throttle));
        }
        for (name, throttle) in &bounds {
            let bucket = store.buckets.entry(name.clone()).or_insert_with(|| Bucket::new(throttle, now_ms));
            if !bucket.fill(throttle, now_ms) {
                return Err(Refusal::Throttled);
            }
        }
        if let Some((caller, plan)) = &found {
            let place = (plan.id.clone(), caller.key_id.clone());
            if remaining(&store, plan, &place, now_ms).is_some_and(|left| left <= 0) {
                return Err(Refusal::Quota);
            }
            let days = store.used.entry(place).or_default();
            *days.entry(day(now_ms)).or_default() += 1;
            days.retain(|at, _| *at > day(now_ms) - KEPT_DAYS);
        }
        for (name, _) in &bounds {
            if let Some(bucket) = store.buckets.get_mut(name) {
                bucket.take();
            }
        }
        Ok(found.map(|(caller, _)| caller))
    }
}

fn find(store: &Store, limits: &Limits<'_>, key: Option<&str>) -> Option<(Caller, UsagePlan)> {
    let key = store.keys.values().find(|other| Some(other.value.as_str()) == key && other.enabled)?;
    let plan = store.plans.values().find(|plan| {
        plan.keys.contains(&key.id)
            && plan.api_stages.iter().any(|stage| stage.api_id == limits.api && stage.stage == limits.stage)
    })?;
    Some((Caller { key_id: key.id.clone(), key: key.value.clone() }, plan.clone()))
}

/// How many requests a key has left in the usage plan's period; `None` without a quota.
pub(super) fn remaining(
    store: &Store,
    plan: &UsagePlan,
    place: &(String, String),
    now_ms: i64,
) -> Option<i64> {
    let quota = plan.quota.as_ref()?;
    let first = quota.period.first(day(now_ms));
    let used: i64 =
        store.used.get(place).map_or(0, |days| days.range(first..).map(|(_, count)| *count).sum());
    let offset = if quota.period.first(plan.made_day) == first { quota.offset } else { 0 };
    Some(quota.limit - offset - used)
}
