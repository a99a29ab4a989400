//! Updates a table in place.

use serde_json::{Map, Value, json};

use super::{active, described, encryption, structure};
use crate::resource::{Cause, Created, Record, Task, tag_list};

/// Members of `UpdateTable` that have the same form in the template and can change in one call.
const AT_ONCE: [&str; 6] = [
    "BillingMode",
    "DeletionProtectionEnabled",
    "OnDemandThroughput",
    "ProvisionedThroughput",
    "TableClass",
    "WarmThroughput",
];

/// Updates the table to the wanted properties.
pub(super) async fn update(task: &Task<'_>, before: &Record) -> Result<Created, Cause> {
    let name = before.made.physical_id.as_str();
    let call = async |operation: &str, mut input: Map<String, Value>| {
        input.insert("TableName".to_owned(), name.into());
        task.call("dynamodb", operation, Value::Object(input)).await?;
        active(task, name).await
    };
    let one = |member: &str, value: Value| Map::from_iter([(member.to_owned(), value)]);
    let changed: Vec<&str> = AT_ONCE.into_iter().filter(|property| task.differs(before, property)).collect();
    if !changed.is_empty() {
        let mut input = task.pick(&changed);
        if task.differs(before, "BillingMode") {
            input.entry("BillingMode").or_insert_with(|| "PROVISIONED".into());
            input.extend(task.pick(&["ProvisionedThroughput"]));
        }
        if changed.contains(&"DeletionProtectionEnabled") {
            input.entry("DeletionProtectionEnabled").or_insert_with(|| false.into());
        }
        if changed.contains(&"OnDemandThroughput") && task.text("BillingMode") == Some("PAY_PER_REQUEST") {
            // A limit that the template no longer has ends.
            let mut limits = json!({ "MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1 });
            for (name, units) in
                input.get("OnDemandThroughput").and_then(Value::as_object).into_iter().flatten()
            {
                limits[name] = units.clone();
            }
            input.insert("OnDemandThroughput".to_owned(), limits);
        }
        // What has no other state than the one that was given stays when the template no longer has it.
        if !input.is_empty() {
            call("UpdateTable", input).await?;
        }
    }
    if task.differs(before, "SSESpecification") {
        let encryption = encryption(task)?.unwrap_or_else(|| json!({ "Enabled": false }));
        call("UpdateTable", one("SSESpecification", encryption)).await?;
    }
    if task.differs(before, "StreamSpecification") {
        // The view type of a stream cannot change; a new stream replaces the old one.
        if before.properties.contains_key("StreamSpecification") {
            call("UpdateTable", one("StreamSpecification", json!({ "StreamEnabled": false }))).await?;
        }
        if let Some(stream) = task.properties.get("StreamSpecification") {
            let mut stream = structure("StreamSpecification", stream)?;
            stream.insert("StreamEnabled".to_owned(), true.into());
            call("UpdateTable", one("StreamSpecification", Value::Object(stream))).await?;
        }
    }
    if task.differs(before, "GlobalSecondaryIndexes") {
        let (was, is) = (indexes(&before.properties), indexes(task.properties));
        for index in was.iter().filter(|index| !is.contains(index)) {
            let update = json!([{ "Delete": { "IndexName": index["IndexName"] } }]);
            call("UpdateTable", one("GlobalSecondaryIndexUpdates", update)).await?;
        }
        for index in is.iter().filter(|index| !was.contains(index)) {
            let mut input = one("GlobalSecondaryIndexUpdates", json!([{ "Create": index }]));
            input.extend(task.pick(&["AttributeDefinitions"]));
            call("UpdateTable", input).await?;
        }
    }
    if task.differs(before, "TimeToLiveSpecification") {
        let specification = match task.properties.get("TimeToLiveSpecification") {
            Some(specification) => specification.clone(),
            None => {
                let was = before.properties.get("TimeToLiveSpecification");
                let attribute = was.and_then(|was| was.get("AttributeName"));
                json!({ "Enabled": false, "AttributeName": attribute })
            }
        };
        call("UpdateTimeToLive", one("TimeToLiveSpecification", specification)).await?;
    }
    if task.differs(before, "PointInTimeRecoverySpecification") {
        let specification = task.properties.get("PointInTimeRecoverySpecification").cloned();
        let specification = specification.unwrap_or_else(|| json!({ "PointInTimeRecoveryEnabled": false }));
        call("UpdateContinuousBackups", one("PointInTimeRecoverySpecification", specification)).await?;
    }
    let arn = task.cx.arn("dynamodb", &format!("table/{name}"));
    let (gone, tags) = task.tag_changes(before)?;
    if !gone.is_empty() {
        task.call("dynamodb", "UntagResource", json!({ "ResourceArn": arn, "TagKeys": gone })).await?;
    }
    if !tags.is_empty() {
        let input = json!({ "ResourceArn": arn, "Tags": tag_list(&tags) });
        task.call("dynamodb", "TagResource", input).await?;
    }
    described(name, &active(task, name).await?)
}

fn indexes(properties: &Map<String, Value>) -> Vec<Value> {
    properties.get("GlobalSecondaryIndexes").and_then(Value::as_array).cloned().unwrap_or_default()
}
