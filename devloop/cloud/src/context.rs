//! The facts of a request that its operation needs.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use parking_lot::RwLock;

use crate::error::ApiError;

/// The most regions that are used. Each service keeps things for each region; AWS has about forty.
const REGIONS: usize = 100;

/// The longest name of a region.
const LONGEST: usize = 40;

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
    /// The regions that clients have used.
    regions: RwLock<BTreeSet<Arc<str>>>,
}

impl Home {
    /// The home of a cloud that does not listen yet; until it does, its address is LocalStack's usual one.
    pub(crate) fn new(account: &str, region: &str) -> Self {
        let endpoint = RwLock::new("http://127.0.0.1:4566".into());
        let regions = RwLock::new(BTreeSet::from([region.into()]));
        Self { account: account.into(), region: region.into(), endpoint, regions }
    }

    /// Sets the address where the cloud listens.
    pub(crate) fn listens_on(&self, address: SocketAddr) {
        *self.endpoint.write() = format!("http://127.0.0.1:{}", address.port()).into();
    }

    /// Where the cloud listens, such as `http://127.0.0.1:4566`.
    pub(crate) fn endpoint(&self) -> Arc<str> {
        Arc::clone(&self.endpoint.read())
    }

    /// Refuses a region that is one too many, and a name that no region has.
    pub(crate) fn admit(&self, region: &str) -> Result<(), ApiError> {
        if self.regions.read().contains(region) {
            return Ok(());
        }
        let mut regions = self.regions.write();
        if regions.len() >= REGIONS || region.is_empty() || region.len() > LONGEST {
            return Err(ApiError::with_status(
                403,
                "InvalidSignatureException",
                format!(
                    "Credential should be scoped to a valid region: its name has 1 to {LONGEST} characters, and the embedded cloud \
                     keeps {REGIONS} regions at most. Use one of those that are used already."
                ),
            ));
        }
        regions.insert(region.into());
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_make_up_any_number_of_regions() {
        let home = Home::new("000000000000", "eu-west-1");
        for number in 1..REGIONS {
            home.admit(&format!("us-east-{number}")).unwrap();
        }
        home.admit("us-east-7").unwrap();
        home.admit("eu-west-1").unwrap();
        for name in ["us-east-100", "", &"x".repeat(LONGEST + 1)] {
            assert_eq!(home.admit(name).unwrap_err().code, "InvalidSignatureException", "{name}");
        }
    }
}
