//! Whose certificates are believed, for `https://` and for databases: the system's authorities, or those of the file that the
//! user names. Read once, and only when something is encrypted: reading them takes longer than asking an endpoint in plain text.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// What to do about a certificate that nobody vouches for.
pub(crate) const HINT: &str =
    "AWS_CA_BUNDLE or SSL_CERT_FILE names the file of an authority to believe, in PEM form";

/// Whose certificates are believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trust {
    /// A file of authorities, instead of the system's.
    bundle: Option<PathBuf>,
    read: Arc<Mutex<Option<Arc<ClientConfig>>>>,
}

impl Trust {
    /// The file's authorities, or the system's, which SSL_CERT_FILE may stand for.
    pub(crate) fn new(bundle: Option<PathBuf>) -> Self {
        Self { bundle, read: Arc::default() }
    }

    /// What TLS connections are made with. The error is a fragment.
    pub(crate) fn tls(&self) -> Result<Arc<ClientConfig>, String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*read {
            return Ok(Arc::clone(config));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("set up TLS: {error}"))?
            .with_root_certificates(self.roots()?)
            .with_no_client_auth();
        Ok(Arc::clone(read.insert(Arc::new(config))))
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        let Some(path) = &self.bundle else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(roots);
        };
        let unreadable =
            |why: &dyn std::fmt::Display| format!("read certificates from {}: {why}", path.display());
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))? {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            roots.add(certificate).map_err(|error| unreadable(&error))?;
        }
        if roots.is_empty() { Err(unreadable(&"there is none")) } else { Ok(roots) }
    }
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
        assert!(Trust::new(Some(path)).tls().unwrap_err().ends_with("there is none"));
        assert!(Trust::new(None).tls().is_ok());
    }

    #[test]
    fn a_refused_certificate_comes_with_the_next_step() {
        assert!(explained("invalid peer certificate: UnknownIssuer".into()).contains("AWS_CA_BUNDLE"));
        assert_eq!(explained("connection refused".into()), "connection refused");
    }
}
