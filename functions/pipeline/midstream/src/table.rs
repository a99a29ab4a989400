//! Where items go: `DynamoDB`, or a test's own table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use pipeline_model::aws::{Cause, Service, sdk_config};
use pipeline_model::{StartError, required};

use crate::item::StoredItem;

/// Only a later record of the same id may replace an item: a batch that is delivered again changes nothing, and so
/// writes nothing to the table's own stream.
const NEWER: &str = "attribute_not_exists(id) OR kinesisSeq < :seq";

/// How a write ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The item is in the table.
    Stored,
    /// This record, or a later one of the same id, was there before.
    AlreadyStored,
}

/// A table of items.
pub trait Table {
    /// Writes the item unless the table has it, or a newer one.
    fn put(&self, item: &StoredItem) -> impl Future<Output = Result<Put, Cause>>;
}

/// The table named by `TABLE_NAME`.
#[derive(Debug)]
pub struct DynamoTable {
    name: String,
    client: Client,
}

impl DynamoTable {
    /// Builds the client from the function's environment.
    pub async fn from_env() -> Result<Self, StartError> {
        let name = required("TABLE_NAME")?;
        Ok(Self { name, client: Client::new(&sdk_config(Service::DynamoDb).await) })
    }
}

impl Table for DynamoTable {
    async fn put(&self, item: &StoredItem) -> Result<Put, Cause> {
        let mut put = self
            .client
            .put_item()
            .table_name(&self.name)
            .condition_expression(NEWER)
            .expression_attribute_values(":seq", text(&item.sequence));
        for (name, value) in attributes(item) {
            put = put.item(name, value);
        }
        match put.send().await {
            Ok(_) => Ok(Put::Stored),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(Put::AlreadyStored)
            }
            Err(error) => Err(Cause::from(&error)),
        }
    }
}

fn attributes(item: &StoredItem) -> impl Iterator<Item = (&'static str, AttributeValue)> {
    let always = [
        ("id", text(&item.message.id)),
        ("message", text(&item.message.message)),
        ("timestamp", number(item.message.timestamp)),
        ("runId", text(item.origin.run())),
        ("arrivedMs", number(item.arrived_ms)),
        ("storedMs", number(item.stored_ms)),
        ("kinesisSeq", text(&item.sequence)),
    ];
    let request_id = item.origin.request_id.as_deref().map(|id| ("requestId", text(id)));
    let received_ms = item.origin.received_ms.map(|ms| ("receivedMs", number(ms)));
    always.into_iter().chain(request_id).chain(received_ms)
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
