//! Updates a table's global indexes: what defines an index cannot change, so another index takes its place; its throughput can.

use serde_json::{Map, Value, json};

use super::update::{Updated, is_on_demand, limits};
use crate::resource::{Cause, Record, Task};

/// The members of an index that can change.
const THROUGHPUT: [&str; 3] = ["OnDemandThroughput", "ProvisionedThroughput", "WarmThroughput"];

fn indexes(properties: &Map<String, Value>) -> Vec<Value> {
    properties.get("GlobalSecondaryIndexes").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Whether both are one index, perhaps with other throughput.
fn is_same(one: &Value, other: &Value) -> bool {
    let definition = |index: &Value| {
        let mut index = index.clone();
        if let Value::Object(members) = &mut index {
            members.retain(|name, _| !THROUGHPUT.contains(&name.as_str()));
        }
        index
    };
    definition(one) == definition(other)
}

/// Deletes the indexes that the template no longer has, or has with another definition.
pub(super) async fn remove(table: &Updated<'_>, before: &Record) -> Result<(), Cause> {
    let wanted = indexes(table.task.properties);
    for index in indexes(&before.properties) {
        if !wanted.iter().any(|other| is_same(other, &index)) {
            let change = json!([{ "Delete": { "IndexName": index["IndexName"] } }]);
            table.set("GlobalSecondaryIndexUpdates", change).await?;
        }
    }
    Ok(())
}

/// The provisioned throughput of the indexes that stay, for a table whose billing mode becomes `PROVISIONED`.
pub(super) fn provisioned(before: &Record, task: &Task<'_>) -> Vec<Value> {
    let had = indexes(&before.properties);
    let stays = |index: &Value| had.iter().any(|other| is_same(other, index));
    indexes(task.properties)
        .iter()
        .filter(|index| stays(index))
        .filter_map(|index| {
            let throughput = index.get("ProvisionedThroughput")?;
            Some(
                json!({ "Update": { "IndexName": index["IndexName"], "ProvisionedThroughput": throughput } }),
            )
        })
        .collect()
}

/// Creates the indexes that are new, and changes the throughput of those that stay.
pub(super) async fn add_and_change(table: &Updated<'_>, before: &Record) -> Result<(), Cause> {
    let had = indexes(&before.properties);
    let (was_on_demand, on_demand) = (is_on_demand(&before.properties), is_on_demand(table.task.properties));
    for index in indexes(table.task.properties) {
        let Some(was) = had.iter().find(|other| is_same(other, &index)) else {
            let mut input = table.task.pick(&["AttributeDefinitions"]);
            input.insert("GlobalSecondaryIndexUpdates".to_owned(), json!([{ "Create": index }]));
            table.call("UpdateTable", input).await?;
            continue;
        };
        for member in THROUGHPUT {
            let (given, before) = (index.get(member), was.get(member));
            let wanted = match member {
                _ if given == before => None,
                "OnDemandThroughput" if on_demand => Some(limits(given)),
                // A new billing mode has brought it.
                "ProvisionedThroughput" if !on_demand && !was_on_demand => given.cloned(),
                "WarmThroughput" => given.cloned(),
                _ => None,
            };
            if let Some(wanted) = wanted {
                let change = json!([{ "Update": { "IndexName": index["IndexName"], member: wanted } }]);
                table.set("GlobalSecondaryIndexUpdates", change).await?;
            }
        }
    }
    Ok(())
}
