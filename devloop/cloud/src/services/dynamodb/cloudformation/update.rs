//! Updates a table in place.

use serde_json::{Map, Value, json};

use super::{active, described, destination, encryption, indexes, structure};
use crate::resource::{Cause, Created, Record, Task, tag_list};

/// The table that is updated.
pub(super) struct Updated<'t> {
    pub(super) task: &'t Task<'t>,
    pub(super) name: &'t str,
}

impl Updated<'_> {
    /// Runs an operation on the table, and waits until the table is active again.
    pub(super) async fn call(&self, operation: &str, mut input: Map<String, Value>) -> Result<(), Cause> {
        input.insert("TableName".to_owned(), self.name.into());
        self.task.call("dynamodb", operation, Value::Object(input)).await?;
        active(self.task, self.name).await.map(drop)
    }

    /// Changes one member alone: the service refuses most changes beside others.
    pub(super) async fn set(&self, member: &str, value: Value) -> Result<(), Cause> {
        self.call("UpdateTable", one(member, value)).await
    }
}

fn one(member: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(member.to_owned(), value)])
}

/// Updates the table to the wanted properties.
pub(super) async fn update(task: &Task<'_>, before: &Record) -> Result<Created, Cause> {
    let name = before.made.physical_id.as_str();
    let table = Updated { task, name };
    if task.differs(before, "DeletionProtectionEnabled") {
        let wanted = task.properties.get("DeletionProtectionEnabled").cloned();
        table.set("DeletionProtectionEnabled", wanted.unwrap_or_else(|| false.into())).await?;
    }
    // What has no other state than the one that was given stays when the template no longer has it.
    if task.differs(before, "TableClass")
        && let Some(class) = task.properties.get("TableClass")
    {
        table.set("TableClass", class.clone()).await?;
    }
    // Indexes that go have no throughput in the new billing mode, so they go first.
    indexes::remove(&table, before).await?;
    throughput(&table, before).await?;
    if task.differs(before, "WarmThroughput")
        && let Some(warm) = task.properties.get("WarmThroughput")
    {
        table.set("WarmThroughput", warm.clone()).await?;
    }
    let is_encrypted = |properties: &Map<String, Value>| {
        properties.get("SSESpecification").is_some_and(|given| given["SSEEnabled"] != false)
    };
    if task.differs(before, "SSESpecification")
        && (is_encrypted(&before.properties) || is_encrypted(task.properties))
    {
        let encryption = encryption(task)?.unwrap_or_else(|| json!({ "Enabled": false }));
        table.set("SSESpecification", encryption).await?;
    }
    if task.differs(before, "StreamSpecification") {
        // The view type of a stream cannot change; a new stream replaces the old one.
        if before.properties.contains_key("StreamSpecification") {
            table.set("StreamSpecification", json!({ "StreamEnabled": false })).await?;
        }
        if let Some(stream) = task.properties.get("StreamSpecification") {
            let mut stream = structure("StreamSpecification", stream)?;
            stream.insert("StreamEnabled".to_owned(), true.into());
            table.set("StreamSpecification", Value::Object(stream)).await?;
        }
    }
    destination::update(&table, before).await?;
    indexes::add_and_change(&table, before).await?;
    if task.differs(before, "TimeToLiveSpecification") {
        let specification = match task.properties.get("TimeToLiveSpecification") {
            Some(specification) => specification.clone(),
            None => {
                let was = before.properties.get("TimeToLiveSpecification");
                let attribute = was.and_then(|was| was.get("AttributeName"));
                json!({ "Enabled": false, "AttributeName": attribute })
            }
        };
        table.call("UpdateTimeToLive", one("TimeToLiveSpecification", specification)).await?;
    }
    if task.differs(before, "PointInTimeRecoverySpecification") {
        let specification = task.properties.get("PointInTimeRecoverySpecification").cloned();
        let specification = specification.unwrap_or_else(|| json!({ "PointInTimeRecoveryEnabled": false }));
        table.call("UpdateContinuousBackups", one("PointInTimeRecoverySpecification", specification)).await?;
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

/// Whether a table with these properties has the billing mode `PAY_PER_REQUEST`.
pub(super) fn is_on_demand(properties: &Map<String, Value>) -> bool {
    properties.get("BillingMode").is_some_and(|mode| mode == "PAY_PER_REQUEST")
}

/// Changes the billing mode and the throughput that it needs.
async fn throughput(table: &Updated<'_>, before: &Record) -> Result<(), Cause> {
    let task = table.task;
    let (was, is) = (is_on_demand(&before.properties), is_on_demand(task.properties));
    let given = |member: &str| task.properties.get(member).cloned();
    let mut input = Map::new();
    if was != is {
        input.insert("BillingMode".to_owned(), if is { "PAY_PER_REQUEST" } else { "PROVISIONED" }.into());
        if !is {
            input.extend(task.pick(&["ProvisionedThroughput"]));
            let updates = indexes::provisioned(before, task);
            if !updates.is_empty() {
                input.insert("GlobalSecondaryIndexUpdates".to_owned(), updates.into());
            }
        }
    } else if !is && task.differs(before, "ProvisionedThroughput") {
        input.extend(task.pick(&["ProvisionedThroughput"]));
    }
    if is && task.differs(before, "OnDemandThroughput") {
        input.insert("OnDemandThroughput".to_owned(), limits(given("OnDemandThroughput").as_ref()));
    }
    if input.is_empty() { Ok(()) } else { table.call("UpdateTable", input).await }
}

/// `OnDemandThroughput` for an update: a limit that the template no longer has ends.
pub(super) fn limits(given: Option<&Value>) -> Value {
    let mut limits = json!({ "MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1 });
    for (name, units) in given.and_then(Value::as_object).into_iter().flatten() {
        limits[name] = units.clone();
    }
    limits
}
