//! `AWS::DynamoDB::GlobalTable`, which the CDK's `TableV2` creates: a table with one replica in the stack's own region.

use serde_json::{Map, Value, json};

use super::{ENCRYPTION, THROUGHPUT, TIME_TO_LIVE, Table};
use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Flag, Integer, Parts, Text},
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

const REPLICAS: Shape = Parts(&[
    ("DeletionProtectionEnabled", Flag),
    ("Enabled", Flag),
    ("Key", Text),
    ("MaxCapacity", Integer),
    ("MaxReadRequestUnits", Integer),
    ("MinCapacity", Integer),
    ("PointInTimeRecoveryEnabled", Flag),
    ("ReadCapacityUnits", Integer),
    ("RecoveryPeriodInDays", Integer),
    ("SeedCapacity", Integer),
    ("Value", Text),
]);

/// `AWS::DynamoDB::GlobalTable`.
#[derive(Debug)]
pub(in crate::services::dynamodb) struct GlobalTable;

/// Members of a replica that are read here.
const READ_HERE: [&str; 6] = [
    "ContributorInsightsSpecification",
    "GlobalSecondaryIndexes",
    "ReadOnDemandThroughputSettings",
    "ReadProvisionedThroughputSettings",
    "Region",
    "SSESpecification",
];

/// The properties of a plain table that is equal to the global table.
fn plain(properties: &Map<String, Value>, region: &str) -> Result<Map<String, Value>, Cause> {
    let mut plain = properties.clone();
    let replicas = plain.remove("Replicas");
    let replicas = replicas.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let [Value::Object(replica)] = replicas else {
        return Err(refused(
            "the embedded cloud has global tables with one replica only, in the stack's region",
        ));
    };
    if replica.get("Region").and_then(Value::as_str) != Some(region) {
        return Err(refused("the only replica of a global table must be in the stack's region"));
    }
    check_replica(replica)?;
    for name in OF_REPLICA {
        if let Some(value) = replica.get(name) {
            plain.insert(name.to_owned(), value.clone());
        }
    }
    // The replica only names the key; whether there is one is said for the whole table.
    if let Some(key) = replica.get("SSESpecification").and_then(|given| given.get("KMSMasterKeyId"))
        && let Some(Value::Object(encryption)) = plain.get_mut("SSESpecification")
    {
        encryption.insert("KMSMasterKeyId".to_owned(), key.clone());
    }
    let is_provisioned = plain.get("BillingMode").and_then(Value::as_str) == Some("PROVISIONED");
    set_throughput(&mut plain, replica, is_provisioned);
    let of_replica = replica.get("GlobalSecondaryIndexes").and_then(Value::as_array);
    let of_replica = of_replica.map(Vec::as_slice).unwrap_or_default();
    let indexes = plain.get_mut("GlobalSecondaryIndexes").and_then(Value::as_array_mut);
    for index in indexes.into_iter().flatten().filter_map(Value::as_object_mut) {
        let same = of_replica.iter().find(|other| other.get("IndexName") == index.get("IndexName"));
        let none = Map::new();
        set_throughput(index, same.and_then(Value::as_object).unwrap_or(&none), is_provisioned);
    }
    Ok(plain)
}

fn refused(why: impl Into<String>) -> Cause {
    Cause::Property(why.into())
}

/// Refuses members of the replica that the embedded cloud does not support.
fn check_replica(replica: &Map<String, Value>) -> Result<(), Cause> {
    let is_known = |name: &str| READ_HERE.contains(&name) || OF_REPLICA.contains(&name);
    if let Some(name) = replica.keys().find(|name| !is_known(name)) {
        return Err(refused(format!("the embedded cloud does not support {name} of a replica")));
    }
    let indexes = replica.get("GlobalSecondaryIndexes").and_then(Value::as_array);
    let indexes = indexes.into_iter().flatten().filter_map(Value::as_object);
    let wants_insights = |of: &Map<String, Value>| {
        let enabled = of.get("ContributorInsightsSpecification").and_then(|given| given.get("Enabled"));
        enabled.is_some_and(|enabled| *enabled == true)
    };
    if std::iter::once(replica).chain(indexes).any(wants_insights) {
        return Err(refused("the embedded cloud does not support contributor insights of DynamoDB tables"));
    }
    Ok(())
}

/// Gives `plain`, a table or an index, the throughput in the form of plain tables. Writes are limited for the whole table, and
/// reads in the replica.
fn set_throughput(plain: &mut Map<String, Value>, replica: &Map<String, Value>, is_provisioned: bool) {
    let limited_writes = plain.remove("WriteOnDemandThroughputSettings");
    let provisioned_writes = plain.remove("WriteProvisionedThroughputSettings");
    if is_provisioned {
        let units = |settings: Option<&Value>, name: &str| {
            let scaling = settings.and_then(|settings| settings.get(name))?;
            scaling.pointer("/SeedCapacity").or_else(|| scaling.pointer("/MinCapacity")).cloned()
        };
        let write = units(provisioned_writes.as_ref(), "WriteCapacityAutoScalingSettings");
        let settings = replica.get("ReadProvisionedThroughputSettings");
        let read = settings.and_then(|settings| settings.get("ReadCapacityUnits").cloned());
        let read = read.or_else(|| units(settings, "ReadCapacityAutoScalingSettings"));
        let one = || Value::from(1);
        let throughput = json!({
            "ReadCapacityUnits": read.unwrap_or_else(one), "WriteCapacityUnits": write.unwrap_or_else(one),
        });
        plain.insert("ProvisionedThroughput".to_owned(), throughput);
        return;
    }
    let limited_reads = replica.get("ReadOnDemandThroughputSettings");
    let limits = [(limited_reads, "MaxReadRequestUnits"), (limited_writes.as_ref(), "MaxWriteRequestUnits")];
    let limits: Map<String, Value> = limits
        .into_iter()
        .filter_map(|(settings, name)| Some((name.to_owned(), settings?.get(name)?.clone())))
        .collect();
    if !limits.is_empty() {
        plain.insert("OnDemandThroughput".to_owned(), limits.into());
    }
}

impl ResourceType for GlobalTable {
    fn properties(&self) -> Properties {
        &[
            ("AttributeDefinitions", Any),
            ("BillingMode", Text),
            ("GlobalSecondaryIndexes", THROUGHPUT),
            ("KeySchema", Any),
            ("LocalSecondaryIndexes", Any),
            ("Replicas", REPLICAS),
            ("SSESpecification", ENCRYPTION),
            ("StreamSpecification", Any),
            ("TableName", Text),
            ("TimeToLiveSpecification", TIME_TO_LIVE),
            ("WarmThroughput", THROUGHPUT),
            ("WriteOnDemandThroughputSettings", THROUGHPUT),
            ("WriteProvisionedThroughputSettings", THROUGHPUT),
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
            "WarmThroughput",
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
    #[test]
    fn limits_of_reads_and_writes_become_the_tables() {
        let index = json!({ "IndexName": "i", "KeySchema": [] });
        let with = |mut base: Value, more: Value| {
            base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            base
        };
        let given = json!({
            "BillingMode": "PAY_PER_REQUEST", "SSESpecification": { "SSEEnabled": true },
            "WriteOnDemandThroughputSettings": { "MaxWriteRequestUnits": 7 },
            "GlobalSecondaryIndexes": [
                with(index.clone(), json!({ "WriteOnDemandThroughputSettings": { "MaxWriteRequestUnits": 3 } })),
                { "IndexName": "unlimited" },
            ],
            "Replicas": [{
                "Region": "eu-west-1", "SSESpecification": { "KMSMasterKeyId": "k" },
                "ReadOnDemandThroughputSettings": { "MaxReadRequestUnits": 8 },
                "ContributorInsightsSpecification": { "Enabled": false },
                "GlobalSecondaryIndexes": [
                    { "IndexName": "i", "ReadOnDemandThroughputSettings": { "MaxReadRequestUnits": 4 } },
                ],
            }],
        });
        let limits = |read: u64, write: u64| json!({ "OnDemandThroughput": { "MaxReadRequestUnits": read, "MaxWriteRequestUnits": write } });
        let expected = json!({
            "BillingMode": "PAY_PER_REQUEST", "SSESpecification": { "SSEEnabled": true, "KMSMasterKeyId": "k" },
            "GlobalSecondaryIndexes": [with(index.clone(), limits(4, 3)), { "IndexName": "unlimited" }],
        });
        let found = plain(given.as_object().unwrap(), "eu-west-1").unwrap();
        assert_eq!(Value::Object(found), with(expected, limits(8, 7)));
        let scaled = |name: &str, least: u64| json!({ name: { "MinCapacity": least, "MaxCapacity": 9 } });
        let given = json!({
            "BillingMode": "PROVISIONED",
            "GlobalSecondaryIndexes": [with(index.clone(), json!({
                "WriteProvisionedThroughputSettings": scaled("WriteCapacityAutoScalingSettings", 2),
            }))],
            "Replicas": [{ "Region": "eu-west-1", "GlobalSecondaryIndexes": [{
                "IndexName": "i", "ReadProvisionedThroughputSettings": { "ReadCapacityUnits": 5 },
            }] }],
        });
        let found = plain(given.as_object().unwrap(), "eu-west-1").unwrap();
        let units = json!({ "ReadCapacityUnits": 5, "WriteCapacityUnits": 2 });
        assert_eq!(found["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"], units);
    }

    #[test]
    fn what_a_replica_cannot_have_is_refused_by_name() {
        let check = |member: &str, value: Value, named: &str| {
            let given = json!({ "Replicas": [{ "Region": "eu-west-1", member: value }] });
            let error = plain(given.as_object().unwrap(), "eu-west-1").unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        };
        check("ResourcePolicy", json!({}), "ResourcePolicy of a replica");
        check("ReplicaStreamSpecification", json!({}), "ReplicaStreamSpecification of a replica");
        let insights = json!({ "Enabled": true });
        check("ContributorInsightsSpecification", insights.clone(), "contributor insights");
        let indexes = json!([{ "IndexName": "i", "ContributorInsightsSpecification": insights }]);
        check("GlobalSecondaryIndexes", indexes, "contributor insights");
    }
}
