//! `AWS::DynamoDB::Table` and `AWS::DynamoDB::GlobalTable`.

mod destination;
mod global_table;
mod indexes;
mod update;

use serde_json::{Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Flag, Integer, Parts, Text},
    Task, text,
};

pub(super) use global_table::GlobalTable;

/// Properties with throughput, of a table or of its indexes.
const THROUGHPUT: Shape = Parts(&[
    ("MaxCapacity", Integer),
    ("MaxReadRequestUnits", Integer),
    ("MaxWriteRequestUnits", Integer),
    ("MinCapacity", Integer),
    ("ReadCapacityUnits", Integer),
    ("ReadUnitsPerSecond", Integer),
    ("SeedCapacity", Integer),
    ("WriteCapacityUnits", Integer),
    ("WriteUnitsPerSecond", Integer),
]);

const ENCRYPTION: Shape = Parts(&[("SSEEnabled", Flag)]);
const RECOVERY: Shape = Parts(&[("PointInTimeRecoveryEnabled", Flag), ("RecoveryPeriodInDays", Integer)]);
const TIME_TO_LIVE: Shape = Parts(&[("Enabled", Flag)]);

/// Members of `CreateTable` that have the same form in the template.
const AS_GIVEN: [&str; 11] = [
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "OnDemandThroughput",
    "ProvisionedThroughput",
    "TableClass",
    "Tags",
    "WarmThroughput",
];

/// `AWS::DynamoDB::Table`.
#[derive(Debug)]
pub(super) struct Table;

impl ResourceType for Table {
    fn properties(&self) -> Properties {
        &[
            ("AttributeDefinitions", Any),
            ("BillingMode", Text),
            ("DeletionProtectionEnabled", Flag),
            ("GlobalSecondaryIndexes", THROUGHPUT),
            ("KeySchema", Any),
            ("KinesisStreamSpecification", Any),
            ("LocalSecondaryIndexes", Any),
            ("OnDemandThroughput", THROUGHPUT),
            ("PointInTimeRecoverySpecification", RECOVERY),
            ("ProvisionedThroughput", THROUGHPUT),
            ("SSESpecification", ENCRYPTION),
            ("StreamSpecification", Any),
            ("TableClass", Text),
            ("TableName", Text),
            ("Tags", Shape::TAGS),
            ("TimeToLiveSpecification", TIME_TO_LIVE),
            ("WarmThroughput", THROUGHPUT),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "StreamArn"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("TableName", 255);
            let mut input = task.pick(&AS_GIVEN);
            input.insert("TableName".to_owned(), name.as_str().into());
            if let Some(stream) = task.properties.get("StreamSpecification") {
                let mut stream = structure("StreamSpecification", stream)?;
                stream.insert("StreamEnabled".to_owned(), true.into());
                input.insert("StreamSpecification".to_owned(), Value::Object(stream));
            }
            if let Some(encryption) = encryption(task)? {
                input.insert("SSESpecification".to_owned(), encryption);
            }
            task.call("dynamodb", "CreateTable", Value::Object(input)).await?;
            task.began(&name);
            let table = active(task, &name).await?;
            if let Some(specification) = task.properties.get("TimeToLiveSpecification") {
                let input = json!({ "TableName": name, "TimeToLiveSpecification": specification });
                task.call("dynamodb", "UpdateTimeToLive", input).await?;
            }
            if let Some(specification) = task.properties.get("PointInTimeRecoverySpecification") {
                let input = json!({ "TableName": name, "PointInTimeRecoverySpecification": specification });
                task.call("dynamodb", "UpdateContinuousBackups", input).await?;
            }
            destination::enable(task, &name).await?;
            described(&name, &table)
        })
    }

    fn updatable(&self) -> &'static [&'static str] {
        &[
            "AttributeDefinitions",
            "BillingMode",
            "DeletionProtectionEnabled",
            "GlobalSecondaryIndexes",
            "KinesisStreamSpecification",
            "OnDemandThroughput",
            "PointInTimeRecoverySpecification",
            "ProvisionedThroughput",
            "SSESpecification",
            "StreamSpecification",
            "TableClass",
            "Tags",
            "TimeToLiveSpecification",
            "WarmThroughput",
        ]
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(update::update(task, before))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("dynamodb", "DeleteTable", json!({ "TableName": physical_id })).await?;
            Ok(())
        })
    }
}

/// The ids of an active table.
fn described(name: &str, table: &Value) -> Result<Created, Cause> {
    let created = Created::new(name).with("Arn", text(table, "/TableArn")?);
    Ok(match text(table, "/LatestStreamArn") {
        Ok(arn) => created.with("StreamArn", arn),
        Err(_) => created,
    })
}

/// `SSESpecification` in the API's form: the template has another name for one of its members.
fn encryption(task: &Task<'_>) -> Result<Option<Value>, Cause> {
    let Some(encryption) = task.properties.get("SSESpecification") else { return Ok(None) };
    let mut encryption = structure("SSESpecification", encryption)?;
    if let Some(enabled) = encryption.remove("SSEEnabled") {
        encryption.insert("Enabled".to_owned(), enabled);
    }
    Ok(Some(Value::Object(encryption)))
}

fn structure(name: &str, value: &Value) -> Result<serde_json::Map<String, Value>, Cause> {
    value.as_object().cloned().ok_or_else(|| Cause::Property(format!("{name} must be a structure")))
}

/// Waits until the table is active, and returns its description.
async fn active(task: &Task<'_>, name: &str) -> Result<Value, Cause> {
    task.settled(|| async move {
        let output = task.call("dynamodb", "DescribeTable", json!({ "TableName": name })).await?;
        let table = &output["Table"];
        Ok((table["TableStatus"] == "ACTIVE").then(|| table.clone()))
    })
    .await
}
