//! The table of sums: `DynamoDB`, or a test's own.
//!
//! A window's sum of one unicorn consists of parts: from several shards, from a window that ended early, from names that left a
//! large state. Each part has a key of its own, so that writing it again changes nothing, and the item's distance is the rounded
//! sum of all parts.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use functions_common::aws::{Cause, Service, sdk_config};
use functions_common::{StartError, required};
use wildrydes_model::Bounds;

/// How often a sum is added up again because another shard wrote a part meanwhile.
const TRIES: usize = 8;

/// One part of a sum.
#[derive(Debug)]
pub struct Part<'a> {
    /// The unicorn.
    pub name: &'a str,
    /// The window.
    pub window: &'a Bounds,
    /// The shard that the readings came from.
    pub shard: &'a str,
    /// The sequence number of the first of them.
    pub first: &'a str,
    /// Metres.
    pub distance: f64,
}

impl Part<'_> {
    /// The key of the part within the item.
    pub fn key(&self) -> String {
        format!("{}#{}", self.shard, self.first)
    }
}

/// The table of sums.
pub trait Sums {
    /// Writes a part and updates the item's distance. Writing it twice has the effect of writing it once.
    fn write(&self, part: &Part<'_>) -> impl Future<Output = Result<(), Cause>>;
}

/// The table named by `TABLE_NAME`.
#[derive(Debug)]
pub struct DynamoSums {
    name: String,
    client: Client,
}

impl DynamoSums {
    /// Builds the client from the function's environment.
    pub async fn from_env() -> Result<Self, StartError> {
        let name = required("TABLE_NAME")?;
        Ok(Self { name, client: Client::new(&sdk_config(Service::DynamoDb).await) })
    }

    fn update(&self, part: &Part<'_>, expression: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .key("name", text(part.name))
            .key("windowStart", text(&part.window.start))
            .update_expression(expression)
    }
}

impl Sums for DynamoSums {
    async fn write(&self, part: &Part<'_>) -> Result<(), Cause> {
        self.update(part, "SET parts = if_not_exists(parts, :none), windowEnd = :end, shardId = :shard")
            .expression_attribute_values(":none", AttributeValue::M(HashMap::new()))
            .expression_attribute_values(":end", text(&part.window.end))
            .expression_attribute_values(":shard", text(part.shard))
            .send()
            .await
            .map_err(|error| Cause::from(&error))?;
        for _ in 0..TRIES {
            let answer = self
                .update(part, "SET parts.#part = :distance")
                .expression_attribute_names("#part", part.key())
                .expression_attribute_values(":distance", AttributeValue::N(part.distance.to_string()))
                .return_values(ReturnValue::AllNew)
                .send()
                .await
                .map_err(|error| Cause::from(&error))?;
            let parts = answer.attributes.and_then(|mut item| item.remove("parts"));
            let Some(AttributeValue::M(parts)) = parts else {
                return Err(Cause::plain("the item has no parts"));
            };
            // Another shard may have written a part since; the last writer adds all parts up.
            let summed = self
                .update(part, "SET distance = :distance")
                .condition_expression("parts = :parts")
                .expression_attribute_values(":distance", AttributeValue::N(rounded(&parts).to_string()))
                .expression_attribute_values(":parts", AttributeValue::M(parts))
                .send()
                .await;
            match summed {
                Ok(_) => return Ok(()),
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(UpdateItemError::is_conditional_check_failed_exception) => {}
                Err(error) => return Err(Cause::from(&error)),
            }
        }
        Err(Cause::plain("other shards kept writing parts of the same sum"))
    }
}

/// The sum in whole metres; half a metre is rounded up.
fn rounded(parts: &HashMap<String, AttributeValue>) -> i64 {
    let metres: f64 = parts.values().filter_map(|part| part.as_n().ok()?.parse::<f64>().ok()).sum();
    (metres + 0.5).floor() as i64
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_metre_is_rounded_up() {
        let check = |parts: &[&str], expected| {
            let parts = parts.iter().map(|part| ((*part).to_owned(), AttributeValue::N((*part).to_owned())));
            assert_eq!(rounded(&parts.collect()), expected);
        };
        check(&["89.75"], 90);
        check(&["29.5", "30.25"], 60);
        check(&["30.5"], 31);
        check(&["30.49"], 30);
        check(&[], 0);
    }
}
