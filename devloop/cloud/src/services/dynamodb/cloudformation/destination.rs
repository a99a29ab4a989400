//! The Kinesis stream that gets a table's changes.

use serde_json::{Map, Value, json};

use super::{structure, update::Updated};
use crate::resource::{Cause, Record, Task};

const PROPERTY: &str = "KinesisStreamSpecification";
const PRECISION: &str = "ApproximateCreationDateTimePrecision";

/// Sends the changes of the table to the stream of the template, if it names one.
pub(super) async fn enable(task: &Task<'_>, name: &str) -> Result<(), Cause> {
    let Some(specification) = task.properties.get(PROPERTY) else { return Ok(()) };
    let mut input = structure(PROPERTY, specification)?;
    let precision = input.remove(PRECISION);
    input.insert("TableName".to_owned(), name.into());
    if let Some(precision) = precision {
        input.insert("EnableKinesisStreamingConfiguration".to_owned(), json!({ PRECISION: precision }));
    }
    task.call("dynamodb", "EnableKinesisStreamingDestination", Value::Object(input)).await.map(drop)
}

/// Changes the stream or its precision without a new table [AWS::DynamoDB::Table].
pub(super) async fn update(table: &Updated<'_>, before: &Record) -> Result<(), Cause> {
    let (was, is) = (arn(&before.properties), arn(table.task.properties));
    if was != is {
        if let Some(arn) = was {
            let input = Map::from_iter([("StreamArn".to_owned(), arn.clone())]);
            table.call("DisableKinesisStreamingDestination", input).await?;
        }
        return enable(table.task, table.name).await;
    }
    let (old, new) = (precision(&before.properties), precision(table.task.properties));
    let Some(arn) = is.filter(|_| old != new) else { return Ok(()) };
    let input = Map::from_iter([
        ("StreamArn".to_owned(), arn.clone()),
        ("UpdateKinesisStreamingConfiguration".to_owned(), json!({ PRECISION: new })),
    ]);
    table.call("UpdateKinesisStreamingDestination", input).await
}

fn arn(properties: &Map<String, Value>) -> Option<&Value> {
    properties.get(PROPERTY)?.get("StreamArn")
}

fn precision(properties: &Map<String, Value>) -> &str {
    let given = properties.get(PROPERTY).and_then(|given| given.get(PRECISION)?.as_str());
    given.unwrap_or("MILLISECOND")
}
