//! The facts of a request that its operation needs.

use std::{net::SocketAddr, sync::Arc};

use parking_lot::RwLock;

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
    /// The access key of the request's signature. Signatures are not verified; the key distinguishes a role's credentials
    /// from others.
    pub access_key: Option<Arc<str>>,
}

impl Context {
    /// An ARN in this request's region and account: `arn:aws:<service>:<region>:<account>:<resource>`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }
}

/// What all requests to one cloud have in common.
#[derive(Debug)]
pub(crate) struct Home {
    /// The twelve digits of the only account.
    pub(crate) account: Arc<str>,
    /// The region of requests without a signature.
    pub(crate) region: Arc<str>,
    endpoint: RwLock<Arc<str>>,
}

impl Home {
    /// The home of a cloud that does not listen yet; until it does, its address is LocalStack's usual one.
    pub(crate) fn new(account: &str, region: &str) -> Self {
        let endpoint = RwLock::new("http://127.0.0.1:4566".into());
        Self { account: account.into(), region: region.into(), endpoint }
    }

    /// Sets the address where the cloud listens.
    pub(crate) fn listens_on(&self, address: SocketAddr) {
        *self.endpoint.write() = format!("http://127.0.0.1:{}", address.port()).into();
    }

    /// Where the cloud listens, such as `http://127.0.0.1:4566`.
    pub(crate) fn endpoint(&self) -> Arc<str> {
        Arc::clone(&self.endpoint.read())
    }

    /// The context of a new request in `region`.
    pub(crate) fn context(&self, region: &str) -> Context {
        Context {
            region: region.into(),
            account: Arc::clone(&self.account),
            endpoint: self.endpoint(),
            request_id: crate::wire::unique_id().to_string().into(),
            access_key: None,
        }
    }
}
