//! `CreateBucket`, `DeleteBucket`, `HeadBucket`, `ListBuckets`, `GetBucketLocation`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, document};
use crate::{
    error::ApiError,
    http::{Arriving, Reply},
    services::s3::{
        bucket::Bucket,
        document::{read, text},
        error::{malformed_xml, refused},
        names::check_bucket,
        service::S3,
    },
    wire,
};

/// Creates a bucket. Creating an existing bucket is an error except in us-east-1, as on AWS.
pub(in crate::services::s3) fn create(s3: &S3, name: &str, region: &Arc<str>) -> Result<(), ApiError> {
    check_bucket(name)?;
    let mut buckets = s3.buckets.write();
    if let Some(there) = buckets.get(name) {
        if &**region == "us-east-1" && there.region == *region {
            return Ok(());
        }
        return Err(refused(
            409,
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        )
        .detail("BucketName", name));
    }
    let bucket = Bucket::new(name, Arc::clone(region), s3.clock.now_ms());
    buckets.insert(name.to_owned(), Arc::new(bucket));
    Ok(())
}

/// Deletes an empty bucket.
pub(in crate::services::s3) fn remove(s3: &S3, name: &str) -> Result<(), ApiError> {
    let mut buckets = s3.buckets.write();
    let bucket = buckets.get(name).ok_or_else(|| crate::services::s3::error::no_such_bucket(name))?;
    if bucket.objects.read().values().any(|versions| !versions.is_empty()) {
        return Err(refused(409, "BucketNotEmpty", "The bucket you tried to delete is not empty")
            .detail("BucketName", name));
    }
    buckets.remove(name);
    Ok(())
}

pub(super) async fn create_by_request(call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    let name = call.address.bucket.clone().unwrap_or_default();
    let body = call.document(body).await?;
    let mut region: Arc<str> = Arc::clone(&call.cx.region);
    if !body.is_empty() {
        let (root, configuration) = read(&body)?;
        if root != "CreateBucketConfiguration" {
            return Err(malformed_xml());
        }
        match text(&configuration, "LocationConstraint") {
            Some("EU") => region = "eu-west-1".into(),
            Some(wanted) if !wanted.is_empty() => region = wanted.into(),
            _ => {}
        }
        if configuration.get("Location").is_some() {
            return Err(ApiError::unsupported("directory buckets of S3"));
        }
    }
    let header = |name: &str| call.request.header(name);
    if header("x-amz-bucket-object-lock-enabled").is_some_and(|on| on.eq_ignore_ascii_case("true")) {
        return Err(ApiError::unsupported("object lock of S3"));
    }
    create(call.s3, &name, &region)?;
    Ok(Reply::empty(200).header("location", &format!("/{name}")))
}

pub(super) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    remove(call.s3, call.address.bucket.as_deref().unwrap_or_default())?;
    Ok(Reply::empty(204))
}

pub(super) fn head(call: &Call<'_>) -> Result<Reply, ApiError> {
    let bucket = call.bucket()?;
    Ok(Reply::empty(200)
        .header("x-amz-bucket-region", &bucket.region)
        .header("x-amz-access-point-alias", "false"))
}

pub(super) fn location(call: &Call<'_>) -> Result<Reply, ApiError> {
    let bucket = call.bucket()?;
    let region = if &*bucket.region == "us-east-1" { Value::Null } else { (*bucket.region).into() };
    Ok(document("LocationConstraint", &region))
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let prefix = call.parameter("prefix").unwrap_or_default();
    let buckets = call.s3.buckets.read();
    let shown: Vec<Value> = buckets
        .values()
        .filter(|bucket| bucket.name.starts_with(&prefix))
        .map(|bucket| {
            json!({
                "Name": bucket.name,
                "CreationDate": wire::iso(bucket.created_ms),
                "BucketRegion": &*bucket.region,
            })
        })
        .collect();
    let owner = owner(call);
    document("ListAllMyBucketsResult", &json!({ "Buckets": { "Bucket": shown }, "Owner": owner }))
}

/// The owner of all buckets and objects.
pub(super) fn owner(call: &Call<'_>) -> Value {
    json!({ "DisplayName": "devloop", "ID": format!("{:0>64}", &*call.cx.account) })
}
