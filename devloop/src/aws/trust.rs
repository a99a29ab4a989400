//! Which certificate authorities are trusted, for `https://` and for databases: the system's, or those of the file that the user
//! names. They are read once, and only when something is encrypted: reading them takes longer than asking an endpoint in plain text.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_lambda::config::SharedHttpClient;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// What to do about a certificate that no trusted authority has signed.
const HINT: &str = "AWS_CA_BUNDLE or SSL_CERT_FILE names the PEM file of an authority to trust";

/// The trusted authorities. Clones share what was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trust {
    /// A PEM file of authorities, instead of the system's.
    bundle: Option<PathBuf>,
    read: Arc<Mutex<Option<Authorities>>>,
}

/// What was read.
#[derive(Debug, Clone)]
struct Authorities {
    config: Arc<ClientConfig>,
    is_empty: bool,
}

impl Trust {
    /// The file's authorities, or the system's, for which the variable `SSL_CERT_FILE` may name another file.
    pub(crate) fn new(bundle: Option<PathBuf>) -> Self {
        Self { bundle, read: Arc::default() }
    }

    /// The settings of TLS connections that trust these authorities. The error is a fragment.
    pub(crate) fn tls(&self) -> Result<Arc<ClientConfig>, String> {
        self.authorities().map(|read| read.config)
    }

    /// The connections of AWS's generated clients, with the same authorities. The error is a fragment.
    pub(crate) fn connector(&self) -> Result<SharedHttpClient, String> {
        let read = self.authorities()?;
        let store = match &self.bundle {
            Some(path) => TrustStore::empty()
                .with_pem_certificate(std::fs::read(path).map_err(|error| self.unreadable(&error))?),
            // The generated clients panic in debug builds where the system has no authority at all.
            None => TrustStore::empty().with_native_roots(!read.is_empty),
        };
        Ok(connector(store))
    }

    fn authorities(&self) -> Result<Authorities, String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = &*read {
            return Ok(read.clone());
        }
        let roots = self.roots()?;
        let is_empty = roots.is_empty();
        Ok(read.insert(Authorities { config: Arc::new(config(roots)), is_empty }).clone())
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        let Some(path) = &self.bundle else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(roots);
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| self.unreadable(&error))? {
            let certificate = certificate.map_err(|error| self.unreadable(&error))?;
            roots.add(certificate).map_err(|error| self.unreadable(&error))?;
        }
        if roots.is_empty() { Err(self.unreadable(&"there is none")) } else { Ok(roots) }
    }

    fn unreadable(&self, why: &dyn std::fmt::Display) -> String {
        let path = self.bundle.as_deref().unwrap_or_else(|| "the system".as_ref());
        format!("read certificates from {}: {why}", path.display())
    }
}

/// The generated clients' connections where every endpoint is plain `http://`.
pub(super) fn plain_connector() -> SharedHttpClient {
    connector(TrustStore::empty())
}

/// TLS settings that trust no authority, for endpoints in plain text.
pub(super) fn without_roots() -> ClientConfig {
    config(RootCertStore::empty())
}

/// rustls with ring, as everywhere else.
fn connector(store: TrustStore) -> SharedHttpClient {
    let context = TlsContext::builder().with_trust_store(store).build().unwrap_or_default();
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https()
}

fn config(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// The reason, with the next step where it is a certificate.
pub(crate) fn explained(reason: String) -> String {
    if reason.contains("invalid peer certificate") { format!("{reason}; {HINT}") } else { reason }
}

#[cfg(test)]
mod tests {
    use super::{Trust, explained};

    #[test]
    fn a_bundle_must_hold_certificates() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let error = Trust::new(Some(path.clone())).tls().unwrap_err();
        assert!(error.starts_with("read certificates from ") && error.contains("ca.pem"), "{error}");
        std::fs::write(&path, "no certificate").unwrap();
        let trust = Trust::new(Some(path));
        assert!(trust.tls().unwrap_err().ends_with("there is none"));
        assert!(trust.connector().unwrap_err().ends_with("there is none"));
        assert!(Trust::new(None).tls().is_ok() && Trust::new(None).connector().is_ok());
    }

    #[test]
    fn a_refused_certificate_comes_with_the_next_step() {
        assert!(explained("invalid peer certificate: UnknownIssuer".into()).contains("AWS_CA_BUNDLE"));
        assert_eq!(explained("connection refused".into()), "connection refused");
    }
}
