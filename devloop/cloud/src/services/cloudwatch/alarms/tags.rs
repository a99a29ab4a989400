//! Tags of alarms.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::errors::{bad, missing},
    alarm::Alarm,
    store::{Alarms, Region},
};
use crate::{context::Context, error::ApiError, wire};

/// The most tags of an alarm [TagResource, CloudWatch API reference].
const MOST: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(rename = "ResourceARN")]
    arn: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    tags: Vec<Tag>,
    #[serde(default, deserialize_with = "wire::list")]
    tag_keys: Vec<String>,
}

/// Adds the tags in an input's list `Tags`.
pub(super) fn add(to: &mut BTreeMap<String, String>, input: &Value) -> Result<(), ApiError> {
    let input: Input = wire::read(json!({ "Tags": input.get("Tags") }))?;
    to.extend(input.tags.into_iter().map(|tag| (tag.key, tag.value)));
    if to.len() > MOST { Err(bad(format!("An alarm has at most {MOST} tags."))) } else { Ok(()) }
}

/// [TagResource, CloudWatch API reference]
pub(super) fn tag(alarms: &Alarms, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    with(alarms, cx, input, |alarm, _| {
        let mut tags = alarm.tags.clone();
        add(&mut tags, input)?;
        alarm.tags = tags;
        Ok(json!({}))
    })
}

/// [UntagResource, CloudWatch API reference]
pub(super) fn untag(alarms: &Alarms, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    with(alarms, cx, input, |alarm, keys| {
        alarm.tags.retain(|key, _| !keys.contains(key));
        Ok(json!({}))
    })
}

/// [ListTagsForResource, CloudWatch API reference]
pub(super) fn list(alarms: &Alarms, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    with(alarms, cx, input, |alarm, _| {
        let tags: Vec<_> =
            alarm.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        Ok(json!({ "Tags": tags }))
    })
}

fn with(
    alarms: &Alarms,
    cx: &Context,
    input: &Value,
    act: impl FnOnce(&mut Alarm, &[String]) -> Result<Value, ApiError>,
) -> Result<Value, ApiError> {
    let read: Input = wire::read(input.clone())?;
    let arn = read.arn.ok_or_else(|| missing("ResourceARN"))?;
    let region: std::sync::Arc<Region> = alarms.regions.of(&cx.region);
    let mut all = region.0.lock();
    let alarm = all.values_mut().find(|alarm| alarm.arn == arn);
    let alarm = alarm.ok_or_else(|| {
        let error =
            ApiError::with_status(404, "ResourceNotFoundException", format!("There is no alarm {arn}."));
        error.detail("ResourceType", "AWS::CloudWatch::Alarm").detail("ResourceId", arn.clone())
    })?;
    act(alarm, &read.tag_keys)
}
