//! What requests are signed with: given keys, or those that AWS's SDK finds in variables, profiles and roles.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_lambda::config::SharedHttpClient;

use crate::aws::cause::chain;
use crate::aws::{ApiError, Trust};
use crate::engine::Problem;

/// Where requests get their keys from. By default there are none: nothing is signed, which only AWS refuses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(Option<SharedCredentialsProvider>);

impl Keys {
    /// The access key's id, its secret, and the session token of a role's keys.
    pub(crate) fn given(id: String, secret: String, token: Option<String>) -> Self {
        Self(Some(SharedCredentialsProvider::new(Credentials::new(id, secret, token, None, "environment"))))
    }

    /// An access key whose secret nobody checks: `LocalStack` reads an account from the key.
    pub(crate) fn unchecked(access_key: &str) -> Self {
        Self::given(access_key.to_owned(), "test".to_owned(), None)
    }

    /// The SDK's own search: variables, profiles, roles.
    pub(crate) fn search(region: &str, trust: Trust) -> Self {
        let search =
            Search { region: region.to_owned(), trust, connector: OnceLock::new(), lent: Mutex::default() };
        Self(Some(SharedCredentialsProvider::new(search)))
    }

    /// The keys' provider for the SDK's clients.
    pub(super) fn provider(&self) -> Option<SharedCredentialsProvider> {
        self.0.clone()
    }

    /// The current keys, if requests are signed.
    pub(super) async fn now(&self) -> Result<Option<Credentials>, ApiError> {
        let Some(provider) = &self.0 else { return Ok(None) };
        provider.provide_credentials().await.map(Some).map_err(|error| ApiError::from(&error))
    }

    /// Finds the keys once, so that a missing login is reported before the first request.
    pub(crate) async fn check(&self) -> Result<(), Problem> {
        let Some(provider) = &self.0 else { return Ok(()) };
        provider.provide_credentials().await.map(|_| ()).map_err(|error| {
            let reason = chain(&error);
            Problem::new("keys_missing", format!("find keys for AWS: {reason}")).with_hint(
                "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
                 `aws configure export-credentials --format env` prints those of a login",
            )
        })
    }
}

/// The region of the profile, where the environment names none.
pub(crate) async fn region_of_profile() -> Option<String> {
    ProfileFileRegionProvider::new().region().await.map(|region| region.to_string())
}

/// How long before they expire temporary keys are renewed.
const EARLY: Duration = Duration::from_mins(1);

/// The SDK's search. It begins anew for every request, so that the next save finds what a new login has written. Only temporary
/// keys, such as a role's, are kept until they expire.
#[derive(Debug)]
struct Search {
    region: String,
    trust: Trust,
    /// The search may ask AWS itself, for a role's keys.
    connector: OnceLock<Result<SharedHttpClient, String>>,
    lent: Mutex<Option<Credentials>>,
}

impl Search {
    async fn find(&self) -> Result<Credentials, CredentialsError> {
        let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let good = |keys: &Credentials| keys.expiry().is_some_and(|end| end > SystemTime::now() + EARLY);
        if let Some(keys) = lent.filter(good) {
            return Ok(keys);
        }
        let connector = self.connector.get_or_init(|| self.trust.connector()).clone();
        let connector = connector.map_err(CredentialsError::invalid_configuration)?;
        let configuration = ProviderConfig::default()
            .with_http_client(connector)
            .with_region(Some(Region::new(self.region.clone())));
        let chain = DefaultCredentialsChain::builder().configure(configuration).build().await;
        let found = chain.provide_credentials().await?;
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
