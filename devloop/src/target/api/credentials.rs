//! Who asks, and in which region.

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::target::api::ApiError;

/// Where requests get their keys from.
pub(in crate::target) struct Credentials(SharedCredentialsProvider);

impl Credentials {
    /// These keys for ever: `LocalStack` verifies none, and reads an account from the first.
    pub(in crate::target) fn fixed(access_key: &str) -> Self {
        Self(SharedCredentialsProvider::new(Keys::new(access_key, "test", None, None, "devloop")))
    }

    /// The SDK's own search: variables, profiles, roles. It renews what expires.
    pub(in crate::target) async fn search(region: &str) -> Self {
        let client = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let configuration = ProviderConfig::default()
            .with_http_client(client)
            .with_region(Some(aws_config::Region::new(region.to_owned())));
        let chain = DefaultCredentialsChain::builder().configure(configuration).build().await;
        Self(SharedCredentialsProvider::new(chain))
    }

    /// The keys of this moment.
    pub(super) async fn keys(&self) -> Result<Keys, ApiError> {
        self.0.provide_credentials().await.map_err(|error| {
            let reason = chain(&error);
            match error {
                CredentialsError::CredentialsNotLoaded(_) => ApiError::NoCredentials,
                _ => ApiError::Credentials(reason),
            }
        })
    }
}

/// The region of the profile, where the environment names none.
pub(in crate::target) async fn region_of_profile() -> Option<String> {
    ProfileFileRegionProvider::new().region().await.map(|region| region.to_string())
}

/// The error and its causes, from the outside in.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
