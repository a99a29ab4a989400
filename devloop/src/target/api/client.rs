//! A client of one region's services, and AWS's generated clients of Lambda and S3, which are made when they are first needed.

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::config::RequestChecksumCalculation;
use bytes::Bytes;

use crate::aws::{self, Answer, ApiError, Bounds, Call, Endpoints, Keys, Patience, Trust};

/// How large an answer may be, in bytes: Lambda's largest zip, and room for the JSON around it.
const MAX_ANSWER: usize = 300 << 20;

/// A client of the services in one region.
pub(in crate::target) struct Client {
    aws: aws::Client,
    region: String,
    sdk: OnceLock<Result<Sdk, ApiError>>,
}

/// The generated clients, which share their connections.
pub(super) struct Sdk {
    /// Lambda's client.
    pub(super) lambda: aws_sdk_lambda::Client,
    /// S3's client.
    pub(super) s3: aws_sdk_s3::Client,
}

impl Client {
    /// A client that waits this long for an answer.
    pub(in crate::target) fn new(
        endpoints: Endpoints,
        region: &str,
        (keys, trust): (Keys, Trust),
        limit: Duration,
    ) -> Self {
        let aws = aws::Client::new(endpoints, keys, trust, Bounds { time: limit, bytes: MAX_ANSWER });
        Self { aws, region: region.to_owned(), sdk: OnceLock::new() }
    }

    /// The client of all regions.
    pub(in crate::target) fn aws(&self) -> &aws::Client {
        &self.aws
    }

    /// The region that is asked.
    pub(in crate::target) fn region(&self) -> &str {
        &self.region
    }

    /// The URL of a service.
    pub(in crate::target) fn endpoint(&self, service: &str) -> String {
        self.aws.base(service, &self.region)
    }

    /// Sends the request, and sends it again while the service throttles or a gateway fails.
    pub(in crate::target) async fn send(&self, call: &Call<'_>) -> Result<Answer, ApiError> {
        self.aws.ask(&self.region, call).await
    }

    /// The generated clients; an error where the certificates cannot be read.
    pub(super) fn sdk(&self) -> Result<&Sdk, ApiError> {
        self.sdk.get_or_init(|| Sdk::new(&self.aws, &self.region)).as_ref().map_err(Clone::clone)
    }

    /// A generated client's error as an [`ApiError`].
    pub(super) fn failure<E>(&self, service: &str, error: &SdkError<E>) -> ApiError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.aws.failure(service, &self.region, error)
    }

    /// Gets a URL that carries its own signature.
    pub(in crate::target) async fn download(&self, url: &str) -> Result<Bytes, ApiError> {
        self.aws.download(url).await
    }
}

impl Sdk {
    fn new(client: &aws::Client, region: &str) -> Result<Self, ApiError> {
        let (shared, endpoints) = (client.sdk_config(region)?, client.endpoints());
        let mut lambda = aws_sdk_lambda::config::Builder::from(&shared).retry_classifier(Patience);
        lambda.set_endpoint_url(endpoints.own("lambda").map(str::to_owned));
        let own = endpoints.own("s3");
        let mut s3 = aws_sdk_s3::config::Builder::from(&shared)
            .retry_classifier(Patience)
            // An endpoint on this machine has no host name for each bucket.
            .force_path_style(own.is_some())
            // The signature covers the content already, and not every server supports the checksums.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        s3.set_endpoint_url(own.map(str::to_owned));
        Ok(Self {
            lambda: aws_sdk_lambda::Client::from_conf(lambda.build()),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use crate::aws::{ApiError, Endpoints, Keys, Trust};
    use crate::target::api::{Client, Lambda};

    fn client(url: &str) -> Client {
        let access = (Keys::unchecked("test"), Trust::default());
        Client::new(Endpoints::one(url), "us-east-1", access, Duration::from_secs(10))
    }

    /// Asks a server with these answers, one for each connection, for a function. Returns the result, and how many answers the
    /// server gave.
    async fn ask(answers: &[(u16, &str, &str)]) -> (Result<bool, ApiError>, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers: Vec<String> = answers
            .iter()
            .map(|(status, code, body)| {
                format!(
                    "HTTP/1.1 {status} X\r\nx-amzn-errortype: {code}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                )
            })
            .collect();
        let serving = tokio::spawn(async move {
            let mut given = 0;
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept().await else { break };
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { break };
                    request.push(byte);
                }
                let _ = stream.write_all(answer.as_bytes()).await;
                given += 1;
            }
            given
        });
        let client = client(&url);
        let result = Lambda(&client).get("up").await.map(|found| found.is_some());
        // A further request gets no answer, so it would be noticed.
        let given = tokio::time::timeout(Duration::from_secs(10), serving).await.unwrap().unwrap();
        (result, given)
    }

    const FOUND: (u16, &str, &str) = (200, "", r#"{"Configuration":{"FunctionName":"up"}}"#);

    #[tokio::test]
    async fn a_service_that_throttles_is_asked_again() {
        let throttle = (429, "TooManyRequestsException", r#"{"message":"slower"}"#);
        assert_eq!(ask(&[throttle, (503, "", "down"), FOUND]).await, (Ok(true), 3));
        let refused = ask(&[throttle; 5]).await.0.unwrap_err();
        assert_eq!(refused.to_string(), "TooManyRequestsException: slower");
        assert_eq!(refused.problem("look").code, "throttled");
    }

    #[tokio::test]
    async fn a_refusal_is_returned_at_once() {
        let broken = (500, "InternalError", r#"{"message":"cannot be updated"}"#);
        let (result, given) = ask(&[broken]).await;
        assert_eq!(
            (result.unwrap_err().to_string().as_str(), given),
            ("InternalError: cannot be updated", 1)
        );
        assert_eq!(ask(&[(404, "ResourceNotFoundException", "{}")]).await, (Ok(false), 1));
        let odd = ask(&[(403, "", "<html>no</html>")]).await.0.unwrap_err();
        assert_eq!(odd.to_string(), "status 403: <html>no</html>");
    }

    #[tokio::test]
    async fn an_endpoint_without_a_server_is_named() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let client = client(&format!("http://{free}/"));
        let error = Lambda(&client).get("up").await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("http://{free} does not answer: Connection refused")), "{error}");
    }
}
