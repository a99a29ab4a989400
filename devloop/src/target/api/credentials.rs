//! Who asks.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_lambda::config::SharedHttpClient;

use crate::http::{Trust, chain, connector, find_keys};
use crate::target::api::ApiError;

/// Where requests get their keys from.
pub(in crate::target) struct Credentials(SharedCredentialsProvider);

impl Credentials {
    /// These keys for ever: `LocalStack` verifies none, and reads an account from the first.
    pub(in crate::target) fn fixed(access_key: &str) -> Self {
        Self(SharedCredentialsProvider::new(Keys::new(access_key, "test", None, None, "devloop")))
    }

    /// The SDK's own search: variables, profiles, roles.
    pub(in crate::target) fn search(region: &str) -> Self {
        Self(SharedCredentialsProvider::new(Search {
            region: region.to_owned(),
            connector: connector(Trust::Machine),
            lent: Mutex::default(),
        }))
    }

    /// The same for the SDK's clients.
    pub(super) fn provider(&self) -> SharedCredentialsProvider {
        self.0.clone()
    }

    /// The keys of this moment.
    pub(super) async fn keys(&self) -> Result<Keys, ApiError> {
        self.0.provide_credentials().await.map_err(|error| ApiError::from(&error))
    }
}

/// How long before their end lent keys are renewed.
const EARLY: Duration = Duration::from_mins(1);

/// The SDK's search, begun anew for every request, so that what a new login has written is found by the next save. Only keys that
/// are lent for a time, such as a role's, are kept as long.
#[derive(Debug)]
struct Search {
    region: String,
    connector: SharedHttpClient,
    lent: Mutex<Option<Keys>>,
}

impl Search {
    async fn find(&self) -> Result<Keys, CredentialsError> {
        let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let good = |keys: &Keys| keys.expiry().is_some_and(|end| end > SystemTime::now() + EARLY);
        if let Some(keys) = lent.filter(good) {
            return Ok(keys);
        }
        let found = find_keys(&self.region, self.connector.clone()).await?;
        let lent = found.expiry().is_some().then(|| found.clone());
        *self.lent.lock().unwrap_or_else(PoisonError::into_inner) = lent;
        Ok(found)
    }
}

impl ProvideCredentials for Search {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.find())
    }
}

impl From<&CredentialsError> for ApiError {
    fn from(error: &CredentialsError) -> Self {
        match error {
            CredentialsError::CredentialsNotLoaded(_) => Self::NoCredentials,
            _ => Self::Credentials(chain(error)),
        }
    }
}
