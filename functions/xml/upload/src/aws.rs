//! S3 and the table of rules on AWS, and on clouds with the same APIs.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use functions_common::aws::{Cause, Service, sdk_config};
use functions_common::{StartError, required};

use crate::places::{Failure, Places, Presigned, Stored};

/// How long a presigned address is valid.
const PRESIGNED: Duration = Duration::from_mins(15);

/// S3 and `DynamoDB`.
#[derive(Debug)]
pub(crate) struct Aws {
    s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    table: String,
}

impl Aws {
    /// Builds the clients from the function's environment.
    pub(crate) async fn from_env() -> Result<Self, StartError> {
        let config = sdk_config(Service::S3).await;
        // A local endpoint has no host names for buckets.
        let config = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(Service::S3.has_own_endpoint())
            .build();
        Ok(Self {
            s3: aws_sdk_s3::Client::from_conf(config),
            dynamodb: aws_sdk_dynamodb::Client::new(&sdk_config(Service::DynamoDb).await),
            table: required("TABLE_NAME")?,
        })
    }
}

impl Places for Aws {
    async fn put(
        &self,
        bucket: &str,
        key: &str,
        file: Vec<u8>,
        rule: Option<u64>,
    ) -> Result<Stored, Failure> {
        let mut call = self.s3.put_object().bucket(bucket).key(key).content_type("application/xml");
        if let Some(rule) = rule {
            call = call.metadata("rule-id", rule.to_string());
        }
        let answer = call.body(ByteStream::from(file)).send().await;
        let answer = answer.map_err(|error| Failure(Cause::from(&error).detail))?;
        Ok(Stored { etag: answer.e_tag.unwrap_or_default().trim_matches('"').to_owned() })
    }

    async fn has_rule(&self, rule: u64) -> Result<bool, Failure> {
        let key = AttributeValue::N(rule.to_string());
        let answer = self.dynamodb.get_item().table_name(&self.table).key("RuleId", key).send().await;
        answer.map(|answer| answer.item.is_some()).map_err(|error| Failure(Cause::from(&error).detail))
    }

    async fn presigned(&self, bucket: &str, key: &str, rule: Option<u64>) -> Result<Presigned, Failure> {
        // Without a content type: clients would have to send the same one.
        let mut call = self.s3.put_object().bucket(bucket).key(key);
        if let Some(rule) = rule {
            call = call.metadata("rule-id", rule.to_string());
        }
        let config = PresigningConfig::expires_in(PRESIGNED).map_err(|error| Failure(error.to_string()))?;
        let signed = call.presigned(config).await.map_err(|error| Failure(Cause::from(&error).detail))?;
        // On Lambda the SDK adds a header for tracing, which it does not sign.
        let signed_headers = signed.headers().filter(|(name, _)| *name != "x-amzn-trace-id");
        let headers = signed_headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Presigned { url: signed.uri().to_owned(), headers })
    }
}
