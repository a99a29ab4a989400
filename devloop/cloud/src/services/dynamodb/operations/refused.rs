//! Features of tables that AWS has and this cloud lacks. Describing them is answered; enabling them is refused by name.

use serde_json::{Value, json};

use super::{Request, input::Input};
use crate::error::ApiError;

/// `DescribeContinuousBackups`: they are disabled.
pub(in super::super) fn describe_continuous_backups(
    request: &Request<'_>,
    input: Value,
) -> Result<Value, ApiError> {
    backed_up(request, &mut Input::new(input)?)?;
    Ok(no_backups())
}

/// `UpdateContinuousBackups`: disabling them is accepted, enabling them is refused.
pub(in super::super) fn update_continuous_backups(
    request: &Request<'_>,
    input: Value,
) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    backed_up(request, &mut input)?;
    let Some(specification) = input.take("PointInTimeRecoverySpecification") else {
        return Err(super::input::missing("pointInTimeRecoverySpecification"));
    };
    if Input::new(specification)?.flag("PointInTimeRecoveryEnabled")? {
        return Err(ApiError::unsupported("point-in-time recovery (continuous backups) of DynamoDB tables"));
    }
    Ok(no_backups())
}

fn backed_up(request: &Request<'_>, input: &mut Input) -> Result<(), ApiError> {
    let name = input.described_table()?;
    match request.store.table(&name) {
        Ok(_) => Ok(()),
        Err(_) => Err(ApiError::client("TableNotFoundException", format!("Table not found: {name}"))),
    }
}

fn no_backups() -> Value {
    json!({ "ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "DISABLED",
        "PointInTimeRecoveryDescription": { "PointInTimeRecoveryStatus": "DISABLED" },
    }})
}

/// `DescribeContributorInsights`: disabled.
pub(in super::super) fn describe_contributor_insights(
    request: &Request<'_>,
    input: Value,
) -> Result<Value, ApiError> {
    let table = request.store.named_table(&Input::new(input)?.described_table()?)?;
    Ok(json!({ "TableName": table.name, "ContributorInsightsStatus": "DISABLED" }))
}

/// `UpdateContributorInsights`: disabling them is accepted, enabling them is refused.
pub(in super::super) fn update_contributor_insights(
    request: &Request<'_>,
    input: Value,
) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let table = request.store.named_table(&input.described_table()?)?;
    let action = input.choice("ContributorInsightsAction", &["ENABLE", "DISABLE"])?;
    input.checked()?;
    match action {
        None => Err(super::input::missing("contributorInsightsAction")),
        Some("ENABLE") => Err(ApiError::unsupported("contributor insights of DynamoDB tables")),
        Some(_) => Ok(json!({ "TableName": table.name, "ContributorInsightsStatus": "DISABLED" })),
    }
}

/// Members for features of tables that are not supported.
const MEMBERS: [&str; 8] = [
    "ResourcePolicy",
    "ReplicaUpdates",
    "MultiRegionConsistency",
    "GlobalTableWitnessUpdates",
    "GlobalTableSettingsReplicationMode",
    "GlobalTableSourceArn",
    "VectorIndexes",
    "VectorIndexUpdates",
];

/// Refuses an input that asks for a feature which is not supported.
pub(super) fn refuse_members(input: &Value) -> Result<(), ApiError> {
    match MEMBERS.iter().find(|member| !input[**member].is_null()) {
        Some(member) => Err(ApiError::unsupported(format_args!("{member} of DynamoDB tables"))),
        None => Ok(()),
    }
}
