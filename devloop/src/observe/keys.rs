//! The keys that requests to AWS are signed with, as the SDK looks for them: variables, profiles, roles.

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::engine::Problem;
use crate::observe::Keys;

/// The keys of this moment.
pub(crate) async fn find(region: &str) -> Result<Keys, Problem> {
    let client =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let configuration = ProviderConfig::default()
        .with_http_client(client)
        .with_region(Some(aws_config::Region::new(region.to_owned())));
    let chain = DefaultCredentialsChain::builder().configure(configuration).build().await;
    let found = chain.provide_credentials().await.map_err(|error| {
        let mut reason = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            reason = format!("{reason}: {cause}");
            source = cause.source();
        }
        Problem::new("keys_missing", format!("find keys for AWS: {reason}")).with_hint(
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
             `aws configure export-credentials --format env` prints those of a login",
        )
    })?;
    Ok(Keys {
        id: found.access_key_id().to_owned(),
        secret: found.secret_access_key().to_owned(),
        token: found.session_token().map(str::to_owned),
    })
}

/// The region of the profile.
pub(crate) async fn region_of_profile() -> Option<String> {
    ProfileFileRegionProvider::new().region().await.map(|region| region.to_string())
}
