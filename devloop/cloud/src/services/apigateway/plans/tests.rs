//! Tests of API keys and usage plans, and of the requests that they admit.

use serde_json::{Value, json};

use super::{Limits, Plans, Refusal, Throttle, call};
use crate::error::ApiError;

const NOW: i64 = 1_795_514_400_000;

fn run(plans: &Plans, operation: &str, input: Value) -> Result<Value, ApiError> {
    let Value::Object(input) = input else { panic!("an input is an object") };
    call(plans, NOW, operation, input)
}

/// Creates a plan for the stage `prod` of `api` with one key; returns the ids of both.
fn planned(plans: &Plans, more: Value) -> (String, String) {
    let mut input = json!({ "name": "p", "apiStages": [{ "apiId": "api", "stage": "prod" }] });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let id = |value: Value| value["id"].as_str().unwrap().to_owned();
    let plan = id(run(plans, "CreateUsagePlan", input).unwrap());
    let value = "v".repeat(20);
    let key =
        id(run(plans, "CreateApiKey", json!({ "name": "k", "value": value, "enabled": true })).unwrap());
    run(plans, "CreateUsagePlanKey", json!({ "usagePlanId": plan, "keyId": key, "keyType": "API_KEY" }))
        .unwrap();
    (plan, key)
}

fn limits<'a>(stage: &'a str, method: &'a str) -> Limits<'a> {
    Limits { api: "api", stage, method, setting: None, needs_key: true }
}

#[test]
fn a_key_may_call_the_stages_of_its_plans() {
    let plans = Plans::default();
    let (_, key) = planned(&plans, json!({}));
    let value = "v".repeat(20);
    let caller = plans.admit(&limits("prod", "/GET"), Some(&value), NOW).unwrap().unwrap();
    assert_eq!((caller.key_id.as_str(), caller.key.as_str()), (key.as_str(), value.as_str()));
    let refused = |stage: &str, key: Option<&str>| plans.admit(&limits(stage, "/GET"), key, NOW).unwrap_err();
    assert_eq!(refused("prod", None), Refusal::Key);
    assert_eq!(refused("prod", Some("x")), Refusal::Key);
    assert_eq!(refused("test", Some(&value)), Refusal::Key);
    let off = json!({ "apiKey": key, "patchOperations": [{ "op": "replace", "path": "/enabled", "value": "false" }] });
    run(&plans, "UpdateApiKey", off).unwrap();
    assert_eq!(refused("prod", Some(&value)), Refusal::Key);
    let free = Limits { needs_key: false, ..limits("prod", "/GET") };
    assert_eq!(plans.admit(&free, None, NOW), Ok(None));
}

#[test]
fn the_lowest_of_all_throttles_applies() {
    let plans = Plans::default();
    let throttle = json!({ "rateLimit": 1.0, "burstLimit": 5 });
    let own = json!({ "/slow/GET": { "rateLimit": 1.0, "burstLimit": 1 } });
    let stages = json!([{ "apiId": "api", "stage": "prod", "throttle": own }]);
    planned(&plans, json!({ "throttle": throttle, "apiStages": stages }));
    let value = "v".repeat(20);
    let count = |limits: &Limits<'_>, at: i64| {
        (0..10).filter(|_| plans.admit(limits, Some(&value), at).is_ok()).count()
    };
    assert_eq!(count(&limits("prod", "/slow/GET"), NOW), 1);
    assert_eq!(count(&limits("prod", "/fast/GET"), NOW), 5);
    assert_eq!(count(&limits("prod", "/fast/GET"), NOW + 2_000), 2);
    let setting = Some(("*/*", Throttle { burst_limit: 2, rate_limit: 0.0 }));
    assert_eq!(count(&Limits { setting, ..limits("prod", "/fast/GET") }, NOW + 60_000), 2);
}

#[test]
fn a_quota_counts_admitted_requests_and_starts_again_each_period() {
    let plans = Plans::default();
    let quota = json!({ "limit": 5, "period": "DAY" });
    let (plan, key) =
        planned(&plans, json!({ "quota": quota, "throttle": { "rateLimit": 1.0, "burstLimit": 3 } }));
    let value = "v".repeat(20);
    let admit = |at: i64| plans.admit(&limits("prod", "/GET"), Some(&value), at);
    let outcomes: Vec<_> = (0..4).map(|_| admit(NOW).err()).collect();
    assert_eq!(outcomes, [None, None, None, Some(Refusal::Throttled)], "a throttled request is not counted");
    let later = NOW + 10_000;
    assert_eq!(
        [admit(later).err(), admit(later).err(), admit(later).err()],
        [None, None, Some(Refusal::Quota)]
    );
    let today = json!({ "usagePlanId": plan, "startDate": "2026-11-24", "endDate": "2026-11-24" });
    let usage = run(&plans, "GetUsage", today).unwrap();
    assert_eq!(usage["values"][&key], json!([[5, 0]]));
    let more = json!({
        "usagePlanId": plan, "keyId": key,
        "patchOperations": [{ "op": "replace", "path": "/remaining", "value": "1" }],
    });
    run(&plans, "UpdateUsage", more).unwrap();
    assert_eq!([admit(later).err(), admit(later + 5_000).err()], [None, Some(Refusal::Quota)]);
    assert_eq!(admit(NOW + 86_400_000).err(), None, "another day");
}

#[test]
fn keys_and_plans_are_shown_changed_and_removed() {
    let plans = Plans::default();
    let (plan, key) = planned(&plans, json!({}));
    assert_eq!(run(&plans, "GetApiKey", json!({ "apiKey": key })).unwrap().get("value"), None);
    let with = run(&plans, "GetApiKey", json!({ "apiKey": key, "includeValue": "true" })).unwrap();
    assert_eq!(with["value"], "v".repeat(20));
    let listed = run(&plans, "GetUsagePlanKeys", json!({ "usagePlanId": plan })).unwrap();
    assert_eq!(listed["item"][0]["id"], key);
    let error = run(&plans, "DeleteUsagePlan", json!({ "usagePlanId": plan })).unwrap_err();
    assert!(error.message.contains("api:prod"), "{error}");
    let patch = json!([
        { "op": "remove", "path": "/apiStages", "value": "api:prod" },
        { "op": "replace", "path": "/quota/limit", "value": "7" },
        { "op": "replace", "path": "/quota/period", "value": "WEEK" },
    ]);
    let changed =
        run(&plans, "UpdateUsagePlan", json!({ "usagePlanId": plan, "patchOperations": patch })).unwrap();
    assert_eq!(changed["quota"], json!({ "limit": 7, "offset": 0, "period": "WEEK" }));
    run(&plans, "DeleteUsagePlan", json!({ "usagePlanId": plan })).unwrap();
    run(&plans, "DeleteApiKey", json!({ "apiKey": key })).unwrap();
    assert_eq!(run(&plans, "GetApiKeys", json!({})).unwrap(), json!({ "item": [] }));
    let short = run(&plans, "CreateApiKey", json!({ "value": "short" })).unwrap_err();
    assert_eq!(short.code, "BadRequestException");
}
