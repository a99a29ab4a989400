//! The one operation of S3 that is needed.

use bytes::Bytes;
use hyper::Method;

use crate::target::api::{ApiError, Call, Client, segment};

/// S3 in one region.
#[derive(Clone, Copy)]
pub(in crate::target) struct S3<'a>(pub(in crate::target) &'a Client);

impl S3<'_> {
    /// Writes an object, if the bucket belongs to the account: a bucket's name is anybody's until somebody has it. The segments of
    /// the key are encoded one by one, so that none leads out of its prefix.
    pub(in crate::target) async fn put(
        &self,
        (bucket, account): (&str, &str),
        key: &[&str],
        content: Bytes,
    ) -> Result<(), ApiError> {
        let key: Vec<String> = key.iter().map(|part| segment(part)).collect();
        // Path style: it needs no name below the endpoint's, and a bucket's name may hold dots.
        let mut call = Call::new("s3", Method::PUT, format!("/{}/{}", segment(bucket), key.join("/")));
        call.headers = vec![
            ("content-type", "application/zip".to_owned()),
            ("x-amz-expected-bucket-owner", account.to_owned()),
        ];
        call.body = content;
        self.0.send(&call).await.map(|_| ())
    }
}
