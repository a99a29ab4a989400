//! The table of items: `DynamoDB`, or a test's own table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put as PutAction, TransactWriteItem};
use pipeline_model::aws::{Cause, Service, sdk_config};
use pipeline_model::{StartError, Writes, required};

use crate::item::StoredItem;

/// Only a later record of the same id may replace an item: a batch that is delivered again changes nothing, and so
/// writes nothing to the table's own stream.
const NEWER: &str = "attribute_not_exists(id) OR kinesisSeq < :seq";

/// The result of a successful write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The item is in the table.
    Stored,
    /// This record, or a later one of the same id, was stored before.
    AlreadyStored,
}

/// A table of items.
pub trait Table {
    /// How many items it takes at once.
    fn at_once(&self) -> usize;

    /// Writes the item unless the table has it, or a newer one.
    fn put(&self, item: &StoredItem) -> impl Future<Output = Result<Put, Cause>>;

    /// Writes several items with different ids. `None` if it is not certain that every one of them is in the table now; some may
    /// be.
    fn put_together(&self, items: &[StoredItem]) -> impl Future<Output = Option<Vec<Put>>>;
}

/// The table named by `TABLE_NAME`.
#[derive(Debug)]
pub struct DynamoTable {
    name: String,
    client: Client,
    writes: Writes,
}

impl DynamoTable {
    /// Builds the client from the function's environment.
    pub async fn from_env() -> Result<Self, StartError> {
        let name = required("TABLE_NAME")?;
        let writes = Writes::from_env(Service::DynamoDb.has_own_endpoint())?;
        Ok(Self { name, client: Client::new(&sdk_config(Service::DynamoDb).await), writes })
    }

    /// Writes all of these items or none. The error has the indices of the items that the table had already, if nothing else was
    /// wrong.
    async fn transact(&self, items: &[&StoredItem]) -> Result<(), Option<Vec<usize>>> {
        let mut call = self.client.transact_write_items();
        for item in items {
            call =
                call.transact_items(TransactWriteItem::builder().put(self.action(item).ok_or(None)?).build());
        }
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(had_already(&error)),
        }
    }

    fn action(&self, item: &StoredItem) -> Option<PutAction> {
        let mut put = PutAction::builder()
            .table_name(&self.name)
            .condition_expression(NEWER)
            .expression_attribute_values(":seq", text(&item.sequence));
        for (name, value) in attributes(item) {
            put = put.item(name, value);
        }
        put.build().ok()
    }
}

impl Table for DynamoTable {
    fn at_once(&self) -> usize {
        self.writes.at_once()
    }

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

    async fn put_together(&self, items: &[StoredItem]) -> Option<Vec<Put>> {
        let mut puts = vec![Put::Stored; items.len()];
        let mut open: Vec<usize> = (0..items.len()).collect();
        // Every round that does not end here leaves fewer items open.
        while !open.is_empty() {
            let round: Vec<&StoredItem> = open.iter().filter_map(|&index| items.get(index)).collect();
            match self.transact(&round).await {
                Ok(()) => break,
                Err(had) => {
                    for &place in had?.iter().rev() {
                        puts[open.remove(place)] = Put::AlreadyStored;
                    }
                }
            }
        }
        Some(puts)
    }
}

/// The indices, in order, of the items whose condition did not hold; `None` when anything else went wrong too.
fn had_already<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Vec<usize>> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error.as_service_error()? else {
        return None;
    };
    let mut places = Vec::new();
    for (place, reason) in cancelled.cancellation_reasons().iter().enumerate() {
        match reason.code() {
            None | Some("None") => {}
            Some("ConditionalCheckFailed") => places.push(place),
            Some(_) => return None,
        }
    }
    (!places.is_empty()).then_some(places)
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
