//! Operations on log groups.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    errors::{bad_token, constraint, invalid, missing},
    group::Group,
    service::{Scope, check_group_name, group_of_arn},
    tags::check_tags,
};
use crate::{aside::drop_aside, error::ApiError, wire};

/// The allowed retentions, in days [PutRetentionPolicy].
const RETENTIONS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922, 3_288,
    3_653,
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    log_group_name: Option<String>,
    kms_key_id: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    log_group_class: Option<String>,
    #[serde(default)]
    deletion_protection_enabled: bool,
}

/// [CreateLogGroup, CloudWatch Logs API reference]
pub(crate) fn create(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let create: Create = wire::read(input)?;
    let name = create.log_group_name.ok_or_else(|| missing("logGroupName"))?;
    check_group_name(&name)?;
    if create.kms_key_id.is_some() {
        return Err(ApiError::unsupported("encrypted log groups (kmsKeyId)"));
    }
    if let Some(class) = create.log_group_class.filter(|class| class != "STANDARD") {
        return Err(ApiError::unsupported(format_args!("the log group class {class}")));
    }
    if create.deletion_protection_enabled {
        return Err(ApiError::unsupported("deletionProtectionEnabled of log groups"));
    }
    check_tags(&create.tags)?;
    let name: Arc<str> = name.into();
    let group = Group::new(Arc::clone(&name), scope.now_ms, scope.memory);
    group.content.lock().tags = create.tags;
    let mut groups = scope.store.0.write();
    if groups.contains_key(&name) {
        return Err(ApiError::client(
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ));
    }
    groups.insert(name, group);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    log_group_name: Option<String>,
    retention_in_days: Option<i64>,
}

/// [DeleteLogGroup, CloudWatch Logs API reference]
pub(crate) fn delete(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let named: Named = wire::read(input)?;
    let group = scope.group(named.log_group_name.as_deref(), None)?;
    let removed = scope.store.0.write().remove(&group.name);
    drop_aside((removed, group));
    Ok(json!({}))
}

/// [PutRetentionPolicy, CloudWatch Logs API reference]
pub(crate) fn put_retention(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let named: Named = wire::read(input)?;
    let group = scope.group(named.log_group_name.as_deref(), None)?;
    let days = named.retention_in_days.ok_or_else(|| missing("retentionInDays"))?;
    if !RETENTIONS.contains(&days) {
        let days_known = RETENTIONS.iter().map(i64::to_string).collect::<Vec<_>>();
        return Err(constraint(
            days,
            "retentionInDays",
            &format!("satisfy enum value set: [{}]", days_known.join(", ")),
        ));
    }
    let mut content = group.content.lock();
    content.retention_days = Some(days);
    content.trim(scope.now_ms);
    Ok(json!({}))
}

/// [DeleteRetentionPolicy, CloudWatch Logs API reference]
pub(crate) fn delete_retention(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let named: Named = wire::read(input)?;
    scope.group(named.log_group_name.as_deref(), None)?.content.lock().retention_days = None;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    #[serde(default)]
    log_group_identifiers: Vec<String>,
    log_group_class: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

/// [DescribeLogGroups, CloudWatch Logs API reference]
pub(crate) fn describe(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let describe: Describe = wire::read(input)?;
    if describe.log_group_name_prefix.is_some() && describe.log_group_name_pattern.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    let limit = page_size(describe.limit)?;
    let after: Bound<&str> = match describe.next_token.as_deref() {
        Some("") => return Err(bad_token()),
        Some(token) => Bound::Excluded(token),
        None => Bound::Unbounded,
    };
    let pattern = describe.log_group_name_pattern.as_deref().map(str::to_lowercase);
    let wanted = |name: &str| {
        // Every group has this class.
        describe.log_group_class.as_deref().is_none_or(|class| class == "STANDARD")
            && describe.log_group_name_prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix))
            && pattern.as_deref().is_none_or(|pattern| name.to_lowercase().contains(pattern))
            && (describe.log_group_identifiers.is_empty()
                || describe.log_group_identifiers.iter().any(|text| group_of_arn(text) == name))
    };
    let groups = scope.store.0.read();
    let mut found = groups.range::<str, _>((after, Bound::Unbounded)).filter(|(name, _)| wanted(name));
    let page: Vec<_> = found.by_ref().take(limit).map(|(_, group)| Arc::clone(group)).collect();
    let more = found.next().is_some();
    drop(found);
    drop(groups);
    let mut output = Map::new();
    output.insert("logGroups".to_owned(), page.iter().map(|group| describe_one(scope, group)).collect());
    if let Some(last) = page.last().filter(|_| more) {
        output.insert("nextToken".to_owned(), (&*last.name).into());
    }
    Ok(output.into())
}

fn describe_one(scope: &Scope<'_>, group: &Group) -> Value {
    let content = group.content.lock();
    let arn = scope.arn(&group.name);
    let mut members = json!({
        "logGroupName": &*group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": content.metric_filters.len(),
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "storedBytes": content.bytes,
        "logGroupClass": "STANDARD",
    });
    if let Some(days) = content.retention_days {
        members["retentionInDays"] = days.into();
    }
    members
}

/// The `limit` of the describe operations: 1 to 50, and 50 by default.
pub(crate) fn page_size(limit: Option<i64>) -> Result<usize, ApiError> {
    match limit {
        None => Ok(50),
        Some(limit) if (1..=50).contains(&limit) => Ok(limit as usize),
        Some(limit) if limit > 50 => Err(constraint(limit, "limit", "have value less than or equal to 50")),
        Some(limit) => Err(constraint(limit, "limit", "have value greater than or equal to 1")),
    }
}
