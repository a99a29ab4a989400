//! The table of items: `DynamoDB`, or a test's own table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Put as PutAction, TransactWriteItem};
use functions_common::aws::{Cause, Service, sdk_config};
use functions_common::{StartError, Writes, required};

use crate::item::Item;

/// The same id is stored once.
const ABSENT: &str = "attribute_not_exists(id)";

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

    /// How many items it takes at once.
    fn at_once(&self) -> usize {
        1
    }

    /// Writes several items with different ids, all or none. Returns whether it has; if not, one of them may be in the table already, or
    /// they may be too large together.
    fn put_together(&self, items: &[&Item]) -> impl Future<Output = bool> {
        let _ = items;
        async { false }
    }
}

/// The table named by `DBTABLE`.
#[derive(Debug)]
pub struct DynamoTable {
    name: String,
    client: Client,
    writes: Writes,
}

impl DynamoTable {
    /// Builds the client from the function's environment.
    pub async fn from_env() -> Result<Self, StartError> {
        let name = required("DBTABLE")?;
        let writes = Writes::from_env(Service::DynamoDb.has_own_endpoint())?;
        Ok(Self { name, client: Client::new(&sdk_config(Service::DynamoDb).await), writes })
    }

    fn action(&self, item: &Item) -> Option<TransactWriteItem> {
        let put = PutAction::builder().table_name(&self.name).condition_expression(ABSENT);
        let put = attributes(item).into_iter().fold(put, |put, (name, value)| put.item(name, value));
        Some(TransactWriteItem::builder().put(put.build().ok()?).build())
    }
}

impl Table for DynamoTable {
    async fn put(&self, item: &Item) -> Result<Put, Cause> {
        let put = self.client.put_item().table_name(&self.name).condition_expression(ABSENT);
        let put = attributes(item).into_iter().fold(put, |put, (name, value)| put.item(name, value));
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

    fn at_once(&self) -> usize {
        self.writes.at_once()
    }

    async fn put_together(&self, items: &[&Item]) -> bool {
        let Some(actions) = items.iter().map(|item| self.action(item)).collect() else { return false };
        self.client.transact_write_items().set_transact_items(Some(actions)).send().await.is_ok()
    }
}

fn attributes(item: &Item) -> [(&'static str, AttributeValue); 6] {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: i64| AttributeValue::N(number.to_string());
    [
        ("id", text(&item.id)),
        ("data", text(&item.data)),
        ("processed", text(&item.processed)),
        ("timestamp", text(&item.timestamp())),
        ("timestampMs", number(item.timestamp_ms)),
        ("attempt", number(item.attempt)),
    ]
}
