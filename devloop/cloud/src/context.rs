//! What every operation knows of the request that asked for it.

use std::sync::Arc;

/// Account, region and addresses of one request. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    /// The region of the request's signature, `us-east-1` without one.
    pub region: Arc<str>,
    /// The twelve digits of the only account there is.
    pub account: Arc<str>,
    /// Where this cloud listens, such as `http://127.0.0.1:4566`.
    pub endpoint: Arc<str>,
    /// Identifies the request in the answer's headers and in logs.
    pub request_id: Arc<str>,
}

impl Context {
    /// An ARN in this request's region and account: `arn:aws:<service>:<region>:<account>:<resource>`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }
}
