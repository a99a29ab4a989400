//! `CreateBucket`, `DeleteBucket`, `HeadBucket`, `ListBuckets`, `GetBucketLocation`.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    Call, document,
    list::{place_of, token_of},
    settings::check_tagging,
};
use crate::{
    error::ApiError,
    http::{Arriving, Reply},
    services::s3::{
        bucket::Bucket,
        document::{read, text},
        error::{invalid_argument, malformed_xml, refused},
        names::check_bucket,
        ownership,
        service::S3,
    },
    wire,
};

/// Creates a bucket with settings, by the query parameter with which they are set. Creating an existing bucket is an error except in us-east-1, as on AWS.
pub(in crate::services::s3) fn create(
    s3: &S3,
    name: &str,
    region: &Arc<str>,
    settings: BTreeMap<&'static str, Value>,
) -> Result<(), ApiError> {
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
    *bucket.settings.write() = settings;
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
    let mut settings = BTreeMap::new();
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
        if let Some(tags) = configuration.get("Tags").filter(|tags| tags.is_object()) {
            let tagging = json!({ "TagSet": tags });
            check_tagging(&tagging)?;
            settings.insert("tagging", tagging);
        }
    }
    let header = |name: &str| call.request.header(name);
    if header("x-amz-bucket-object-lock-enabled").is_some_and(|on| on.eq_ignore_ascii_case("true")) {
        return Err(ApiError::unsupported("object lock of S3"));
    }
    if header("x-amz-bucket-namespace").is_some_and(|namespace| namespace != "global") {
        return Err(ApiError::unsupported("buckets of S3 in a namespace of the account"));
    }
    let ownership = ownership::of_header(&call.request.headers)?;
    ownership::refuse_lists_of_new(ownership, &call.request.headers)?;
    if let Some(ownership) = ownership {
        settings.insert("ownershipControls", ownership::document(ownership));
    }
    create(call.s3, &name, &region, settings)?;
    Ok(Reply::empty(200).header("location", &format!("/{name}")))
}

pub(super) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    remove(call.s3, &call.bucket()?.name)?;
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

/// The most buckets on a page [ListBuckets].
const MOST: usize = 10_000;

pub(super) fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    let prefix = call.parameter("prefix").unwrap_or_default();
    let region = call.parameter("bucket-region");
    let most = match call.parameter("max-buckets") {
        None => MOST,
        Some(text) => text.parse().ok().filter(|most| (1..=MOST).contains(most)).ok_or_else(|| {
            invalid_argument("max-buckets", &text, format!("max-buckets must be between 1 and {MOST}"))
        })?,
    };
    let after = match call.parameter("continuation-token") {
        None => String::new(),
        Some(token) => place_of(&token).ok_or_else(|| {
            invalid_argument("continuation-token", &token, "The continuation token provided is incorrect")
        })?,
    };
    let buckets = call.s3.buckets.read();
    let mut wanted = buckets.values().filter(|bucket| {
        bucket.name > after
            && bucket.name.starts_with(&prefix)
            && region.as_ref().is_none_or(|region| **region == *bucket.region)
    });
    let page: Vec<_> = wanted.by_ref().take(most).collect();
    let show = |bucket: &&Arc<Bucket>| {
        json!({
            "Name": bucket.name,
            "CreationDate": wire::iso(bucket.created_ms),
            "BucketRegion": &*bucket.region,
        })
    };
    let shown: Vec<Value> = page.iter().map(show).collect();
    let mut result = json!({ "Buckets": { "Bucket": shown }, "Owner": owner(call) });
    if !prefix.is_empty() {
        result["Prefix"] = prefix.as_str().into();
    }
    if let (Some(_), Some(last)) = (wanted.next(), page.last()) {
        result["ContinuationToken"] = token_of(&last.name).into();
    }
    Ok(document("ListAllMyBucketsResult", &result))
}

/// The owner of all buckets and objects.
pub(super) fn owner(call: &Call<'_>) -> Value {
    json!({ "DisplayName": "devloop", "ID": format!("{:0>64}", &*call.cx.account) })
}
