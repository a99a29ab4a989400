//! The keys that requests to AWS are signed with, as AWS's SDK looks for them: variables, profiles, roles.

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_lambda::config::SharedHttpClient;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};

use crate::http::Trust;

/// The SDK's connections, on rustls with ring as everywhere else.
pub(crate) fn connector(trust: Trust) -> SharedHttpClient {
    let roots = if trust == Trust::Machine { TrustStore::default() } else { TrustStore::empty() };
    let context = TlsContext::builder().with_trust_store(roots).build().unwrap_or_default();
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https()
}

/// The keys of this moment. The search begins anew every time, so that what a new login has written is found.
pub(crate) async fn find_keys(
    region: &str,
    connector: SharedHttpClient,
) -> Result<Credentials, CredentialsError> {
    let configuration = ProviderConfig::default()
        .with_http_client(connector)
        .with_region(Some(Region::new(region.to_owned())));
    DefaultCredentialsChain::builder().configure(configuration).build().await.provide_credentials().await
}

/// The region of the profile, where the environment names none.
pub(crate) async fn region_of_profile() -> Option<String> {
    ProfileFileRegionProvider::new().region().await.map(|region| region.to_string())
}
