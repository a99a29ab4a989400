//! Features of tables that AWS has and this cloud lacks. Describing them is answered; enabling them is refused by name.

use serde_json::{Value, json};

use super::{Request, input::Input};
use crate::error::ApiError;

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
