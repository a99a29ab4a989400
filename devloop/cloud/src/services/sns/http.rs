//! Delivers to HTTP and HTTPS endpoints on this machine [Fanout of Amazon SNS notifications to HTTP/S endpoints].

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::{input::invalid, store::Subscription};
use crate::{error::ApiError, http::is_this_machine};

/// The most bytes of an endpoint's answer that are read; its content is ignored.
const MOST_READ: usize = 64 << 10;

/// Posts to endpoints, with connections that are kept open. The HTTPS client is created for the first HTTPS endpoint,
/// because reading the trusted certificate authorities takes time.
#[derive(Debug, Clone)]
pub(super) struct Poster {
    http: Client<HttpConnector, Full<Bytes>>,
    https: Arc<OnceLock<Result<Encrypted, String>>>,
}

type Encrypted = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Why a delivery failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// A retry may succeed.
    Temporary(String),
    /// The endpoint refuses the message.
    Permanent(String),
}

impl Poster {
    pub(super) fn new() -> Self {
        Self { http: Client::builder(TokioExecutor::new()).build_http(), https: Arc::default() }
    }

    /// A poster that trusts these authorities instead of the machine's.
    #[cfg(test)]
    fn trusting(config: rustls::ClientConfig) -> Self {
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1().build();
        let https = Client::builder(TokioExecutor::new()).build(connector);
        Self { https: Arc::new(OnceLock::from(Ok(https))), ..Self::new() }
    }

    /// The HTTPS client. It trusts the machine's authorities, or those in the file that `SSL_CERT_FILE` names.
    fn encrypted(&self) -> Result<&Encrypted, Failure> {
        let made = self.https.get_or_init(|| {
            let builder = HttpsConnectorBuilder::new().with_native_roots().map_err(|error| {
                format!(
                    "no certificate authority could be read ({error}); set SSL_CERT_FILE to a file with one"
                )
            })?;
            Ok(Client::builder(TokioExecutor::new()).build(builder.https_only().enable_http1().build()))
        });
        made.as_ref().map_err(|why| Failure::Permanent(why.clone()))
    }

    /// Posts a document of this type (`Notification`, `SubscriptionConfirmation`).
    pub(super) async fn post(
        &self,
        subscription: &Subscription,
        kind: &str,
        (message_id, raw): (&str, bool),
        body: String,
    ) -> Result<(), Failure> {
        let request = Request::post(&subscription.endpoint)
            .header("content-type", "text/plain; charset=UTF-8")
            .header("user-agent", "Amazon Simple Notification Service Agent")
            .header("x-amz-sns-message-type", kind)
            .header("x-amz-sns-message-id", message_id)
            .header("x-amz-sns-topic-arn", &subscription.topic_arn)
            .header("x-amz-sns-subscription-arn", &subscription.arn);
        let request = if raw { request.header("x-amz-sns-rawdelivery", "true") } else { request };
        let request =
            request.body(Full::from(body)).map_err(|error| Failure::Permanent(error.to_string()))?;
        self.ask(request).await
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> Result<(), Failure> {
        let answering = if request.uri().scheme_str() == Some("https") {
            self.encrypted()?.request(request)
        } else {
            self.http.request(request)
        };
        // Details of a certificate error are in the error's source.
        let answer = answering.await.map_err(|error| {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
            Failure::Temporary(format!("{error}{}", source.unwrap_or_default()))
        })?;
        let status = answer.status();
        // The answer is read to its end, so that the connection can be reused; an answer that is too long or broken closes
        // it.
        let _ = Limited::new(answer.into_body(), MOST_READ).collect().await;
        match status.as_u16() {
            200..=299 => Ok(()),
            429 | 500.. => Err(Failure::Temporary(format!("the endpoint answered {status}"))),
            _ => Err(Failure::Permanent(format!("the endpoint answered {status}"))),
        }
    }
}

/// Refuses an endpoint that is not on this machine.
pub(super) fn check(endpoint: &str, protocol: &str) -> Result<(), ApiError> {
    let uri: Uri = endpoint.parse().map_err(|_| invalid("Endpoint"))?;
    if uri.scheme_str() != Some(protocol) {
        return Err(invalid("Endpoint must match the specified protocol"));
    }
    if is_this_machine(uri.host().unwrap_or_default()) {
        Ok(())
    } else {
        Err(ApiError::unsupported(format_args!(
            "HTTP subscriptions outside this machine (sns:Endpoint {endpoint})"
        )))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::generate_simple_self_signed;
    use rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
    };
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;

    #[tokio::test]
    async fn an_https_endpoint_gets_messages_if_its_certificate_is_trusted() {
        let made = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = made.cert.into();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("https://localhost:{}/hook", listener.local_addr().unwrap().port());
        let acceptor = TlsAcceptor::from(Arc::new(server));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A client that does not trust the certificate closes the connection.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut text = Vec::new();
                while !text.ends_with(b"hello") {
                    assert!(stream.read_buf(&mut text).await.unwrap() > 0);
                }
                assert!(text.starts_with(b"POST /hook "));
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            }
        });
        let trusting = |roots: &[CertificateDer<'static>]| {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(roots.iter().cloned());
            let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(store)
                .with_no_client_auth();
            Poster::trusting(config)
        };
        let request = || Request::post(&endpoint).body(Full::from("hello")).unwrap();
        assert_eq!(trusting(&[certificate]).ask(request()).await, Ok(()));
        let Err(Failure::Temporary(why)) = trusting(&[]).ask(request()).await else {
            panic!("it was trusted")
        };
        assert!(why.contains("certificate"), "{why}");
    }
}
