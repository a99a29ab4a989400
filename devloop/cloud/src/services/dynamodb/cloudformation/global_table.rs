//! `AWS::DynamoDB::GlobalTable`, which the CDK's `TableV2` creates: a table with one replica in the stack's own region.

use serde_json::{Map, Value, json};

use super::Table;
use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{Any, Text},
    Task,
};

/// Properties that a global table has in its replica, and a plain table has itself.
const OF_REPLICA: [&str; 5] = [
    "DeletionProtectionEnabled",
    "KinesisStreamSpecification",
    "PointInTimeRecoverySpecification",
    "TableClass",
    "Tags",
];

/// `AWS::DynamoDB::GlobalTable`.
#[derive(Debug)]
pub(in crate::services::dynamodb) struct GlobalTable;

/// The properties of a plain table that is equal to the global table.
fn plain(properties: &Map<String, Value>, region: &str) -> Result<Map<String, Value>, Cause> {
    let refused = |why: &str| Cause::Property(why.to_owned());
    let mut plain = properties.clone();
    let replicas = plain.remove("Replicas");
    let replicas = replicas.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let [replica] = replicas else {
        return Err(refused(
            "the embedded cloud has global tables with one replica only, in the stack's region",
        ));
    };
    if replica.get("Region").and_then(Value::as_str) != Some(region) {
        return Err(refused("the only replica of a global table must be in the stack's region"));
    }
    for name in OF_REPLICA {
        if let Some(value) = replica.get(name) {
            plain.insert(name.to_owned(), value.clone());
        }
    }
    if plain.get("BillingMode").and_then(Value::as_str) == Some("PROVISIONED") {
        let units = |settings: Option<&Value>, name: &str| {
            let scaling = settings.and_then(|settings| settings.get(name))?;
            scaling.pointer("/SeedCapacity").or_else(|| scaling.pointer("/MinCapacity")).cloned()
        };
        let write =
            units(plain.get("WriteProvisionedThroughputSettings"), "WriteCapacityAutoScalingSettings");
        let read_settings = replica.get("ReadProvisionedThroughputSettings");
        let read = read_settings.and_then(|settings| settings.get("ReadCapacityUnits").cloned());
        let read = read.or_else(|| units(read_settings, "ReadCapacityAutoScalingSettings"));
        let one = || Value::from(1);
        plain.insert(
            "ProvisionedThroughput".to_owned(),
            json!({
                "ReadCapacityUnits": read.unwrap_or_else(one), "WriteCapacityUnits": write.unwrap_or_else(one),
            }),
        );
    }
    for name in ["WriteOnDemandThroughputSettings", "WriteProvisionedThroughputSettings"] {
        plain.remove(name);
    }
    Ok(plain)
}

impl ResourceType for GlobalTable {
    fn properties(&self) -> Properties {
        &[
            ("AttributeDefinitions", Any),
            ("BillingMode", Text),
            ("GlobalSecondaryIndexes", Any),
            ("KeySchema", Any),
            ("LocalSecondaryIndexes", Any),
            ("Replicas", Any),
            ("SSESpecification", Any),
            ("StreamSpecification", Any),
            ("TableName", Text),
            ("TimeToLiveSpecification", Any),
            ("WriteOnDemandThroughputSettings", Any),
            ("WriteProvisionedThroughputSettings", Any),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "StreamArn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &[
            "AttributeDefinitions",
            "BillingMode",
            "GlobalSecondaryIndexes",
            "Replicas",
            "SSESpecification",
            "StreamSpecification",
            "TimeToLiveSpecification",
            "WriteOnDemandThroughputSettings",
            "WriteProvisionedThroughputSettings",
        ]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let plain = plain(task.properties, &task.cx.region)?;
            let inner = task.with(&plain);
            let outcome = Table.create(&inner).await;
            if let Some(begun) = inner.begun() {
                task.began(&begun);
            }
            outcome
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let now = plain(task.properties, &task.cx.region)?;
            let mut was = before.clone();
            was.properties = plain(&before.properties, &task.cx.region)?;
            Table.update(&task.with(&now), &was).await
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Table.delete(task, physical_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(replicas: Value, expected: Option<Value>) {
        let given = json!({ "BillingMode": "PAY_PER_REQUEST", "Replicas": replicas });
        let found = plain(given.as_object().unwrap(), "eu-west-1").ok().map(Value::Object);
        assert_eq!(found, expected, "{replicas}");
    }

    #[test]
    fn only_one_replica_in_the_stacks_region_is_supported() {
        let billing = json!({ "BillingMode": "PAY_PER_REQUEST" });
        check(json!([{ "Region": "eu-west-1" }]), Some(billing.clone()));
        let mut tagged = billing;
        tagged["Tags"] = json!([{ "Key": "k", "Value": "v" }]);
        check(json!([{ "Region": "eu-west-1", "Tags": [{ "Key": "k", "Value": "v" }] }]), Some(tagged));
        check(json!([{ "Region": "us-east-1" }]), None);
        check(json!([{ "Region": "eu-west-1" }, { "Region": "us-east-1" }]), None);
        check(json!([]), None);
    }
}
