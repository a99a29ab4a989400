//! Which changes one `UpdateTable` may have: mostly one. The rules and words were measured on AWS: ack-api-quirks,
//! DDB-TABLE-174, 382, 433, 437, 442 and 456.

use super::{
    super::value::invalid,
    index_input::{LimitsInput, WarmInput},
    update_table::UpdateTable,
};
use crate::error::ApiError;

/// Refuses a request that changes nothing, that changes one index twice, or whose changes must be made one after another.
pub(super) fn check_changes(input: &UpdateTable) -> Result<(), ApiError> {
    let changes = input.global_secondary_index_updates.as_deref();
    if changes.is_some_and(<[_]>::is_empty) {
        return Err(invalid("List of GlobalSecondaryIndexUpdates is empty"));
    }
    let changes = changes.unwrap_or_default();
    let limits = !LimitsInput::wanted(input.on_demand_throughput.as_ref()).is_empty();
    let warm = !WarmInput::wanted(input.warm_throughput.as_ref()).is_empty();
    let (provisioned, stream) =
        (input.provisioned_throughput.is_some(), input.stream_specification.is_some());
    // The order is that in which AWS names them.
    let alone = [
        (input.sse_specification.is_some(), "Server-Side Encryption modification"),
        (input.table_class.is_some(), "TableClass modification"),
        (input.deletion_protection_enabled.is_some(), "DeletionProtection modification"),
        (warm, "WarmThroughput"),
    ];
    let others = [input.billing_mode.is_some(), provisioned, stream, limits, !changes.is_empty()];
    let count = alone.iter().map(|(given, _)| given).chain(&others).filter(|given| **given).count();
    if count == 0 {
        return Err(ApiError::validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required",
        ));
    }
    check_indexes(input)?;
    let creates = changes.iter().any(|change| change.create.is_some());
    if let Some((_, what)) = alone.iter().find(|(given, _)| *given)
        && count > 1
    {
        return Err(invalid(if *what == "WarmThroughput" && creates {
            "Create global secondary index cannot be specified when updating WarmThroughput".to_owned()
        } else {
            format!("{what} must be the only operation in the request")
        }));
    }
    let is_provisioned = provisioned || input.billing_mode.as_deref() == Some("PROVISIONED");
    let online = changes.iter().any(|change| change.update.is_none());
    let refused = [
        (
            limits && stream,
            "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request",
        ),
        (stream && is_provisioned, "You cannot modify stream status while updating table IOPS"),
        (online && is_provisioned, "You cannot create or delete index while updating table IOPS"),
        (online && stream, "You cannot create or delete index while changing stream status"),
    ];
    match refused.iter().find(|(is_refused, _)| *is_refused) {
        Some((_, why)) => Err(invalid(*why)),
        None => Ok(()),
    }
}

/// Refuses changes of indexes that are not one action each, or that concern one index twice.
fn check_indexes(input: &UpdateTable) -> Result<(), ApiError> {
    let mut names: Vec<&str> = Vec::new();
    for change in input.global_secondary_index_updates.iter().flatten() {
        let name = match (&change.create, &change.update, &change.delete) {
            (Some(create), None, None) => &create.index_name,
            (None, Some(update), None) => {
                let name = &update.index_name;
                if WarmInput::wanted(update.warm_throughput.as_ref()).is_empty()
                    && update.warm_throughput.is_some()
                {
                    return Err(invalid(format!(
                        "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: {name}"
                    )));
                }
                name
            }
            (None, None, Some(delete)) => &delete.index_name,
            (None, None, None) => {
                return Err(invalid(
                    "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null",
                ));
            }
            _ => {
                return Err(invalid(
                    "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object",
                ));
            }
        };
        if names.contains(&name.as_str()) {
            return Err(invalid(format!(
                "Only one global secondary index update per index is allowed simultaneously. Index: {name}"
            )));
        }
        names.push(name);
    }
    Ok(())
}
