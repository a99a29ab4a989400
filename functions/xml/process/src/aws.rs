//! The buckets and the table on AWS, and on clouds with the same APIs.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use functions_common::aws::{Cause, Service, sdk_config};
use serde_json::Value;

use crate::objects::{Fault, Head, Object, Objects, Put, Written};
use crate::rules::Source;

/// S3.
#[derive(Debug)]
pub(crate) struct S3(aws_sdk_s3::Client);

impl S3 {
    /// Builds the client from the function's environment.
    pub(crate) async fn from_env() -> Self {
        let config = sdk_config(Service::S3).await;
        // A local endpoint has no host names for buckets.
        let config = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(Service::S3.has_own_endpoint())
            .build();
        Self(aws_sdk_s3::Client::from_conf(config))
    }
}

impl Objects for S3 {
    async fn get(&self, bucket: &str, key: &str, limit: usize) -> Result<Object, Fault> {
        let answer = self.0.get_object().bucket(bucket).key(key).send().await.map_err(|error| {
            let missing = error
                .as_service_error()
                .is_some_and(aws_sdk_s3::operation::get_object::GetObjectError::is_no_such_key);
            if missing { Fault::Missing(key.to_owned()) } else { Fault::Objects(Cause::from(&error).short) }
        })?;
        let etag = answer.e_tag.unwrap_or_default().trim_matches('"').to_owned();
        let metadata = answer.metadata.unwrap_or_default();
        let mut body = answer.body;
        let mut bytes = Vec::new();
        while let Some(piece) = body.next().await {
            bytes.extend_from_slice(&piece.map_err(|error| Fault::Objects(error.to_string()))?);
            if bytes.len() >= limit {
                bytes.truncate(limit);
                break;
            }
        }
        Ok(Object { bytes, etag, metadata })
    }

    async fn head(&self, bucket: &str, key: &str) -> Result<Option<Head>, Fault> {
        match self.0.head_object().bucket(bucket).key(key).send().await {
            Ok(answer) => Ok(Some(Head {
                etag: answer.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
                metadata: answer.metadata.unwrap_or_default(),
            })),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_s3::operation::head_object::HeadObjectError::is_not_found) =>
            {
                Ok(None)
            }
            Err(error) => Err(Fault::Objects(Cause::from(&error).short)),
        }
    }

    async fn put(&self, object: Put) -> Result<Written, Fault> {
        let Put { bucket, key, body, metadata, replaces } = object;
        let call = self.0.put_object().bucket(bucket).key(key).content_type("application/json");
        let call = match replaces {
            Some(etag) => call.if_match(format!("\"{etag}\"")),
            None => call.if_none_match("*"),
        };
        let call = call.set_metadata(Some(metadata)).body(ByteStream::from(body.into_bytes()));
        match call.send().await {
            Ok(_) => Ok(Written::Stored),
            // 409 is a write of the same key at the same moment; 404 is a deletion [Conditional writes, Amazon S3 user guide].
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|response| matches!(response.status().as_u16(), 404 | 409 | 412))
                    && error.code() != Some("NoSuchBucket") =>
            {
                Ok(Written::Outrun)
            }
            Err(error) => Err(Fault::Objects(Cause::from(&error).short)),
        }
    }
}

/// `DynamoDB`.
#[derive(Debug)]
pub(crate) struct Table(aws_sdk_dynamodb::Client);

impl Table {
    /// Builds the client from the function's environment.
    pub(crate) async fn from_env() -> Self {
        Self(aws_sdk_dynamodb::Client::new(&sdk_config(Service::DynamoDb).await))
    }
}

impl Source for Table {
    async fn rule(&self, table: &str, id: u64) -> Result<Option<Value>, Fault> {
        let call = self.0.get_item().table_name(table).key("RuleId", AttributeValue::N(id.to_string()));
        let answer = call.send().await.map_err(|error| Fault::Rules(Cause::from(&error).short))?;
        let members = |item: HashMap<String, AttributeValue>| {
            item.into_iter().map(|(name, value)| (name, plain(value))).collect()
        };
        Ok(answer.item.map(|item| Value::Object(members(item))))
    }

    async fn store(&self, table: &str, id: u64, rule: &Value) -> Result<(), Fault> {
        let mut item: HashMap<String, AttributeValue> = rule
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), attribute(value)))
            .collect();
        item.insert("RuleId".to_owned(), AttributeValue::N(id.to_string()));
        let call = self.0.put_item().table_name(table).set_item(Some(item));
        let outcome = call.condition_expression("attribute_not_exists(RuleId)").send().await;
        match outcome {
            Ok(_) => Ok(()),
            // Another environment has stored the rule first.
            Err(error) if error.as_service_error().is_some_and(aws_sdk_dynamodb::operation::put_item::PutItemError::is_conditional_check_failed_exception) => Ok(()),
            Err(error) => Err(Fault::Rules(Cause::from(&error).short)),
        }
    }
}

/// An attribute as JSON.
fn plain(value: AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => text.into(),
        AttributeValue::N(number) => number.parse::<u64>().map_or(Value::String(number), Value::from),
        AttributeValue::Bool(value) => value.into(),
        AttributeValue::L(items) => items.into_iter().map(plain).collect(),
        AttributeValue::M(members) => members.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        AttributeValue::Ss(texts) => texts.into(),
        _ => Value::Null,
    }
}

/// JSON as an attribute.
fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(items) => AttributeValue::L(items.iter().map(attribute).collect()),
        Value::Object(members) => {
            AttributeValue::M(members.iter().map(|(name, value)| (name.clone(), attribute(value))).collect())
        }
    }
}
