//! The one operation of S3 that is needed.

use bytes::Bytes;

use crate::aws::ApiError;
use crate::target::api::Client;

/// S3 in one region.
#[derive(Clone, Copy)]
pub(in crate::target) struct S3<'a>(pub(in crate::target) &'a Client);

impl S3<'_> {
    /// Writes an object, if the bucket belongs to the account. Without this check, another account could have made a bucket of this
    /// name.
    pub(in crate::target) async fn put(
        &self,
        (bucket, account): (&str, &str),
        key: &str,
        content: Bytes,
    ) -> Result<(), ApiError> {
        let put = self.0.sdk()?.s3.put_object().bucket(bucket).key(key).expected_bucket_owner(account);
        let put = put.content_type("application/zip").body(content.into()).send().await;
        put.map(|_| ()).map_err(|error| self.0.failure("s3", &error))
    }
}
