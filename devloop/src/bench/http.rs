//! HTTP: a kept connection for each user of the load, and a client for the AWS APIs that say what became of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::aws::{self, Answer, Bounds, Call, Endpoints, Keys, Trust, aws_url, explained};

/// The limits of an AWS API's answer: a page of a log group under load is large.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(20), bytes: 64 << 20 };

/// How much of a refusal's text is kept, in bytes.
const SHOWN: usize = 300;

/// The server of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The name or address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether the URL is `https://`.
    pub(crate) encrypted: bool,
}

/// The address of an `http://` or `https://` URL. The error is a fragment.
pub(crate) fn address(url: &str) -> Result<Address, String> {
    let uri: Uri = url.parse().map_err(|error| format!("{url} is no URL: {error}"))?;
    let encrypted = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err(format!("{url}: only http:// and https:// are spoken")),
    };
    let host = uri.host().ok_or_else(|| format!("{url} names no host"))?;
    let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
    Ok(Address { host: host.trim_matches(['[', ']']).to_owned(), port, encrypted })
}

/// A kept connection to the API, which is made again when it was lost.
pub(crate) struct Connection {
    place: Address,
    tls: Option<TlsConnector>,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// A connection that will be made with the first request to the server of this URL.
    pub(crate) fn new(url: &str, trust: &Trust) -> Result<Self, String> {
        let place = address(url)?;
        let tls = if place.encrypted { Some(TlsConnector::from(trust.tls()?)) } else { None };
        Ok(Self { place, tls, sender: None })
    }

    /// Makes the connection now, so that a TLS error is reported once and not by every request.
    pub(crate) async fn open(&mut self) -> Result<(), String> {
        self.sender = Some(self.connect().await?);
        Ok(())
    }

    /// Sends a request. Returns the status, and the answer's text if the status is not a success. The error says why there was no
    /// answer.
    pub(crate) async fn ask(&mut self, request: Request<Bytes>) -> Result<(u16, Option<String>), String> {
        let answer = self.send(request).await;
        if answer.is_err() {
            self.sender = None;
        }
        answer
    }

    async fn send(&mut self, request: Request<Bytes>) -> Result<(u16, Option<String>), String> {
        let mut sender = match self.sender.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        sender.ready().await.map_err(|error| error.to_string())?;
        let response =
            sender.send_request(request.map(Full::new)).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        self.sender = Some(sender);
        let said = (!status.is_success()).then(|| {
            let text = String::from_utf8_lossy(&body);
            text.chars().take(SHOWN).collect()
        });
        Ok((status.as_u16(), said))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let Address { host, port, .. } = &self.place;
        let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let Some(tls) = &self.tls else { return speak(stream).await };
        let name = ServerName::try_from(host.clone()).map_err(|error| format!("{host}: {error}"))?;
        speak(tls.connect(name, stream).await.map_err(|error| explained(error.to_string()))?).await
    }
}

/// Begins HTTP on a stream.
async fn speak<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    Ok(sender)
}

/// A client of the AWS APIs, whose clones share its connections.
#[derive(Clone)]
pub(crate) struct Client(Arc<aws::Client>);

/// The services that are asked, with the names that signatures and targets have for them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Service {
    Logs,
    /// CloudWatch.
    Metrics,
    Queues,
}

impl Service {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Logs => ("logs", "Logs_20140328"),
            Self::Metrics => ("monitoring", "GraniteServiceVersion20100801"),
            Self::Queues => ("sqs", "AmazonSQS"),
        }
    }
}

impl Client {
    /// A client of these APIs. With keys every request is signed; without, only its scope says which region is meant.
    pub(crate) fn new(apis: Endpoints, keys: Keys, trust: Trust) -> Result<Self, String> {
        if let Some(url) = &apis.all {
            address(url)?;
        }
        Ok(Self(Arc::new(aws::Client::new(apis, keys, trust, BOUNDS))))
    }

    /// A client of the same APIs with connections of its own, for another thread's runtime.
    pub(crate) fn apart(&self) -> Self {
        let (endpoints, keys, trust) = (self.0.endpoints(), self.0.keys(), self.0.trust());
        Self(Arc::new(aws::Client::new(endpoints.clone(), keys.clone(), trust.clone(), BOUNDS)))
    }

    /// Sends a request of a load. Returns the status, and the answer's text if the status is not a success. A function that failed
    /// gets the status that an API in front of it would return.
    pub(crate) async fn load(&self, region: &str, call: &Call<'_>) -> Result<(u16, Option<String>), String> {
        let answer = self.0.send(region, call).await?;
        let failed = answer.headers.contains_key("x-amz-function-error");
        let status = if failed { 502 } else { answer.status };
        let said = (!(200..300).contains(&status)).then(|| {
            let text = String::from_utf8_lossy(&answer.body);
            text.chars().take(SHOWN).collect()
        });
        Ok((status, said))
    }

    /// The authorities whose certificates it trusts.
    pub(crate) fn trust(&self) -> &Trust {
        self.0.trust()
    }

    /// The endpoint without a slash at its end, or AWS's name.
    pub(crate) fn endpoint(&self) -> &str {
        self.0.shown()
    }

    /// Whether it is AWS itself, where requests cost money and have limits.
    pub(crate) fn is_aws(&self) -> bool {
        self.0.is_aws()
    }

    /// The URL of a REST API's stage, with a slash before what follows.
    pub(crate) fn api(&self, region: &str, id: &str, stage: &str) -> String {
        if self.is_aws() {
            format!("{}/{stage}", aws_url(&format!("{id}.execute-api"), region))
        } else {
            format!("{}/_aws/execute-api/{id}/{stage}", self.endpoint())
        }
    }

    /// Gets a page of the endpoint; `None` if the endpoint does not have it.
    pub(crate) async fn page(&self, path: &str) -> Result<Option<Value>, String> {
        if self.is_aws() {
            return Ok(None);
        }
        let answer = self.send("", &Call::page(path)).await?;
        Ok(answer.json().ok().filter(|_| answer.status == 200))
    }

    /// Asks a service that speaks REST.
    pub(crate) async fn get(&self, service: &str, region: &str, path: &str) -> Result<Value, String> {
        self.ask(path, region, &Call::rest(service, path)).await
    }

    /// Puts a document to a service that speaks REST.
    pub(crate) async fn put(
        &self,
        service: &str,
        region: &str,
        path: &str,
        input: &Value,
    ) -> Result<Value, String> {
        self.ask(path, region, &Call::put(service, path, input)).await
    }

    /// Calls an operation of a service that speaks JSON.
    pub(crate) async fn call(
        &self,
        service: Service,
        region: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, String> {
        let (service, target) = service.names();
        let target = format!("{target}.{operation}");
        self.ask(operation, region, &Call::json(service, &target, input)).await
    }

    async fn ask(&self, what: &str, region: &str, call: &Call<'_>) -> Result<Value, String> {
        self.send(region, call).await?.document(&format!("{what} at {}", self.endpoint()))
    }

    async fn send(&self, region: &str, call: &Call<'_>) -> Result<Answer, String> {
        let answer = self.0.send(region, call).await;
        answer.map_err(|reason| format!("ask {}: {reason}", self.endpoint()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, address};

    #[test]
    fn a_url_names_a_host_and_a_port() {
        let check = |url: &str, host: &str, port: u16, encrypted: bool| {
            assert_eq!(address(url), Ok(Address { host: host.to_owned(), port, encrypted }), "{url}");
        };
        check("http://127.0.0.1:4566/x", "127.0.0.1", 4566, false);
        check("http://[::1]:1/", "::1", 1, false);
        check("http://localhost", "localhost", 80, false);
        check("https://x/", "x", 443, true);
        check("https://[::1]:8443/", "::1", 8443, true);
        assert_eq!(address("ftp://x/"), Err("ftp://x/: only http:// and https:// are spoken".to_owned()));
        assert!(address("upstream").is_err() && address("").is_err());
    }
}
