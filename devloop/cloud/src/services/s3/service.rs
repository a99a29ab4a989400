//! The service: its buckets, and the handling of a request.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, Weak},
};

use parking_lot::RwLock;

use super::{
    access::{self, Caller},
    address::{Address, Host, address, host},
    bucket::Bucket,
    content::Folder,
    error::{self, access_denied, no_such_bucket},
    operations::{self, Call, is_form, which},
};
use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    functions::Functions,
    http::{Arriving, Reply, Request},
    service::Catalogue,
};

/// S3. Bucket names are unique across regions, so all buckets are kept together.
#[derive(Debug)]
pub(crate) struct S3 {
    pub(super) clock: Clock,
    pub(super) buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
    pub(super) folder: Arc<Folder>,
    pub(super) functions: Arc<dyn Functions>,
    pub(super) all: OnceLock<Weak<dyn Catalogue>>,
}

impl S3 {
    /// A service without buckets, whose notifications invoke `functions`.
    pub(crate) fn new(clock: Clock, functions: Arc<dyn Functions>) -> Self {
        Self { clock, buckets: RwLock::default(), folder: Arc::default(), functions, all: OnceLock::new() }
    }

    /// The bucket called `name`.
    pub(super) fn bucket(&self, name: &str) -> Result<Arc<Bucket>, ApiError> {
        self.buckets.read().get(name).cloned().ok_or_else(|| no_such_bucket(name))
    }

    /// All services. Fails while the cloud is stopping.
    pub(super) fn others(&self) -> Result<Arc<dyn Catalogue>, ApiError> {
        let all = self.all.get().and_then(Weak::upgrade);
        all.ok_or_else(|| ApiError::internal("the cloud is stopping"))
    }

    /// Whether a request is for S3: by its signature, its host or, for unsigned requests, an existing bucket in its path.
    pub(super) fn is_mine(&self, request: &Request) -> bool {
        if host(request) != Host::Other {
            return true;
        }
        let signed = request.header("authorization");
        if let Some(authorization) = signed {
            return authorization.contains("/s3/aws4_request") || authorization.starts_with("AWS ");
        }
        if let Some(credential) = request.parameter("X-Amz-Credential") {
            return credential.contains("/s3/");
        }
        if request.parameter("AWSAccessKeyId").is_some() && request.parameter("Signature").is_some() {
            return true;
        }
        // Browsers send forms and read public objects without a signature.
        let other = request.headers.contains_key("x-amz-target") || request.parameter("Action").is_some();
        !other
            && address(request).bucket.is_some_and(|bucket| self.buckets.read().contains_key(&bucket))
            && (is_form(request) || request.method != hyper::Method::POST)
    }

    /// Handles a request for S3.
    pub(super) async fn respond(&self, cx: &Context, request: Request, body: Arriving) -> Reply {
        let address = address(&request);
        let resource = request.path.clone();
        let call = Call { s3: self, cx, request: &request, address: address.clone() };
        let outcome = async {
            if let Some(reply) = self.preflight(&request, &address) {
                return Ok(reply);
            }
            let operation = which(&request, &address)?;
            self.admit(&request, operation, &address)?;
            if let Some(error) = self.others()?.armed_fault("s3", operation) {
                return Err(error);
            }
            operations::run(operation, &call, body).await
        }
        .await;
        let reply = outcome.unwrap_or_else(|error| error::reply(cx, &resource, &error));
        let reply = self.with_cors(reply, &request, &address);
        reply.header("x-amz-request-id", &cx.request_id).header("server", "AmazonS3")
    }

    /// Refuses a caller who may not run the operation.
    fn admit(&self, request: &Request, operation: &str, address: &Address) -> Result<(), ApiError> {
        match access::caller(request) {
            Caller::Signed => Ok(()),
            Caller::Presigned(until) => access::check_expiry(until, self.clock.now_ms()),
            // A form has its policy in its body.
            Caller::Anonymous if operation == "PostObject" => Ok(()),
            Caller::Anonymous => {
                let bucket = self.bucket(address.bucket.as_deref().unwrap_or_default());
                let bucket = bucket.map_err(|_| access_denied())?;
                if access::invites(&bucket, operation, address.key.as_deref())
                    && !access::blocks(&bucket, "RestrictPublicBuckets")
                {
                    return Ok(());
                }
                Err(access_denied())
            }
        }
    }
}
