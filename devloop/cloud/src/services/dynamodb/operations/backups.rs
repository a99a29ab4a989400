//! Point-in-time recovery: the setting is kept and shown, and nothing is backed up. Restoring a table is refused by name.

use serde_json::{Value, json};

use super::{
    super::{settings::Recovery, table::Table},
    Request,
    input::{Input, missing},
};
use crate::{error::ApiError, wire::epoch_seconds};

/// The most days that a table can be restored to, and the default [`PointInTimeRecoverySpecification`, DynamoDB API
/// reference].
const MOST_DAYS: i64 = 35;

/// How far the latest time that a table can be restored to is behind the present, in ms
/// [`PointInTimeRecoveryDescription`, DynamoDB API reference: typically 5 minutes].
const BEHIND_MS: i64 = 5 * 60 * 1000;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// `DescribeContinuousBackups`.
pub(in super::super) fn describe(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let table = table(request, &mut Input::new(input)?)?;
    Ok(described(&table, request.now_ms))
}

/// `UpdateContinuousBackups`.
pub(in super::super) fn update(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let table = table(request, &mut input)?;
    let Some(specification) = input.take("PointInTimeRecoverySpecification") else {
        return Err(missing("pointInTimeRecoverySpecification"));
    };
    let mut specification = Input::new(specification)?;
    let is_enabled = specification.flag("PointInTimeRecoveryEnabled")?;
    let days = specification.count("RecoveryPeriodInDays", 1, MOST_DAYS, true)?;
    specification.checked()?;
    {
        let mut settings = table.settings.write();
        let before = settings.recovery.take();
        settings.recovery = is_enabled.then(|| Recovery {
            since_ms: before.as_ref().map_or(request.now_ms, |before| before.since_ms),
            days: days.map_or_else(|| before.map_or(MOST_DAYS, |before| before.days), |days| days as i64),
        });
    }
    Ok(described(&table, request.now_ms))
}

fn table(request: &Request<'_>, input: &mut Input) -> Result<std::sync::Arc<Table>, ApiError> {
    let name = input.described_table()?;
    request
        .store
        .table(&name)
        .map_err(|_| ApiError::client("TableNotFoundException", format!("Table not found: {name}")))
}

/// The API's `ContinuousBackupsDescription`. Continuous backups are enabled for every table, whether or not it can be restored
/// to a point in time [`DescribeContinuousBackups`, DynamoDB API reference].
fn described(table: &Table, now_ms: i64) -> Value {
    let recovery = match &table.settings.read().recovery {
        None => json!({ "PointInTimeRecoveryStatus": "DISABLED" }),
        Some(Recovery { since_ms, days }) => {
            let earliest_ms = (now_ms - days * DAY_MS).max(*since_ms);
            json!({
                "PointInTimeRecoveryStatus": "ENABLED",
                "RecoveryPeriodInDays": days,
                "EarliestRestorableDateTime": epoch_seconds(earliest_ms),
                "LatestRestorableDateTime": epoch_seconds((now_ms - BEHIND_MS).max(earliest_ms)),
            })
        }
    };
    json!({ "ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery,
    }})
}
