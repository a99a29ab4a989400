//! The table of items: `DynamoDB`, or a test's own table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use functions_common::aws::{Cause, Service, sdk_config};
use functions_common::{StartError, required};

use crate::item::Item;

/// The result of a successful write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The item is in the table.
    Stored,
    /// The same piece of work was stored before.
    AlreadyStored,
}

/// A table of items.
pub trait Table {
    /// Writes the item unless one with its id exists.
    fn put(&self, item: &Item) -> impl Future<Output = Result<Put, Cause>>;
}

/// The table named by `DBTABLE`.
#[derive(Debug)]
pub struct DynamoTable {
    name: String,
    client: Client,
}

impl DynamoTable {
    /// Builds the client from the function's environment.
    pub async fn from_env() -> Result<Self, StartError> {
        let name = required("DBTABLE")?;
        Ok(Self { name, client: Client::new(&sdk_config(Service::DynamoDb).await) })
    }
}

impl Table for DynamoTable {
    async fn put(&self, item: &Item) -> Result<Put, Cause> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |number: i64| AttributeValue::N(number.to_string());
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .condition_expression("attribute_not_exists(id)")
            .item("id", text(&item.id))
            .item("data", text(&item.data))
            .item("processed", text(&item.processed))
            .item("timestamp", text(&item.timestamp()))
            .item("timestampMs", number(item.timestamp_ms))
            .item("attempt", number(item.attempt));
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
