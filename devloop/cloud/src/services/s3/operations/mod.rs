//! The operations, one file for each kind of thing, and the choice of the operation for a request.

mod buckets;
mod copy;
mod delete;
mod form;
mod list;
mod multipart;
mod read;
mod settings;
mod tagging;
mod uploads;
mod which;
mod write;

pub(super) use buckets::{create, remove};
pub(super) use form::is_form;
pub(super) use settings::{SETTINGS, put_setting};
pub(super) use which::{NAMES, which};

use super::{address::Address, bucket::Bucket, service::S3};
use crate::{
    context::Context,
    error::ApiError,
    http::{Arriving, Reply, Request},
};

/// The largest document that an operation accepts, in bytes.
const DOCUMENT: usize = 2 << 20;

/// A request, and the bucket and key that it names.
pub(super) struct Call<'r> {
    pub(super) s3: &'r S3,
    pub(super) cx: &'r Context,
    pub(super) request: &'r Request,
    pub(super) address: Address,
}

impl Call<'_> {
    /// The bucket that the request names, if it has the owner that the request expects.
    pub(super) fn bucket(&self) -> Result<std::sync::Arc<Bucket>, ApiError> {
        let bucket = self.s3.bucket(self.address.bucket.as_deref().unwrap_or_default())?;
        self.check_owner("x-amz-expected-bucket-owner")?;
        Ok(bucket)
    }

    /// Checks the account in a header that names a bucket's expected owner. All buckets belong to the caller's account, so a
    /// missing header or that account passes and every other one is `AccessDenied` [Verifying bucket ownership with bucket owner
    /// condition].
    fn check_owner(&self, header: &str) -> Result<(), ApiError> {
        match self.request.header(header) {
            Some(owner) if owner != &*self.cx.account => Err(super::error::access_denied()),
            _ => Ok(()),
        }
    }

    /// The key that the request names.
    pub(super) fn key(&self) -> &str {
        self.address.key.as_deref().unwrap_or_default()
    }

    /// A parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.request.parameter(name)
    }

    /// Reads the body as a document.
    async fn document(&self, body: Arriving) -> Result<bytes::Bytes, ApiError> {
        let body = super::upload::store(&self.s3.folder, &self.request.headers, body, None).await?.content;
        match body.in_memory() {
            Some(bytes) if bytes.len() <= DOCUMENT => Ok(bytes),
            _ => Err(super::error::malformed_xml()),
        }
    }
}

/// A response with a document.
pub(super) fn document(root: &str, value: &serde_json::Value) -> Reply {
    Reply::new(200, "application/xml", super::document::write(root, value))
}

/// Runs the operation called `name`.
pub(super) async fn run(name: &str, call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    match name {
        "ListBuckets" => buckets::list(call),
        "CreateBucket" => buckets::create_by_request(call, body).await,
        "DeleteBucket" => buckets::delete(call),
        "HeadBucket" => buckets::head(call),
        "GetBucketLocation" => buckets::location(call),
        "PutObject" => write::put(call, body).await,
        "PostObject" => form::post(call, body).await,
        "GetObject" => read::get(call),
        "HeadObject" => read::head(call),
        "GetObjectAttributes" => read::attributes(call),
        "CopyObject" => copy::object(call).await,
        "DeleteObject" => delete::one(call).await,
        "DeleteObjects" => delete::many(call, body).await,
        "ListObjects" => list::v1(call),
        "ListObjectsV2" => list::v2(call),
        "ListObjectVersions" => list::versions(call),
        "CreateMultipartUpload" => multipart::create(call),
        "UploadPart" => multipart::upload(call, body).await,
        "UploadPartCopy" => copy::part(call).await,
        "CompleteMultipartUpload" => multipart::complete(call, body).await,
        "AbortMultipartUpload" => multipart::abort(call),
        "ListMultipartUploads" => uploads::uploads(call),
        "ListParts" => uploads::parts(call),
        "GetObjectTagging" => tagging::get(call),
        "PutObjectTagging" => tagging::put(call, body).await,
        "DeleteObjectTagging" => tagging::delete(call),
        "GetObjectAcl" => {
            read::exists(call)?;
            Ok(settings::acl(call))
        }
        "GetBucketAcl" => {
            call.bucket()?;
            Ok(settings::acl(call))
        }
        "GetBucketVersioning" => settings::versioning(call),
        "PutBucketVersioning" => settings::put_versioning(call, body).await,
        _ => settings::run(name, call, body).await,
    }
}
