//! The table of readings: `DynamoDB`, or a test's own table.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use functions_common::aws::{Cause, Service, sdk_config};
use functions_common::{StartError, required};

/// An item's attributes.
pub type Item = HashMap<String, AttributeValue>;

/// A table of readings.
pub trait Table {
    /// Writes up to 25 items with different keys in one call; returns those that the table had no capacity for.
    fn write(&self, items: Vec<Item>) -> impl Future<Output = Result<Vec<Item>, Cause>>;
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
    async fn write(&self, items: Vec<Item>) -> Result<Vec<Item>, Cause> {
        let mut requests = Vec::with_capacity(items.len());
        for item in items {
            let put = PutRequest::builder().set_item(Some(item)).build();
            let put = put.map_err(|error| Cause::plain(&error.to_string()))?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        let call = self.client.batch_write_item().request_items(&self.name, requests);
        let answer = call.send().await.map_err(|error| Cause::from(&error))?;
        let left = answer.unprocessed_items.unwrap_or_default().remove(&self.name).unwrap_or_default();
        Ok(left.into_iter().filter_map(|request| Some(request.put_request?.item)).collect())
    }
}
