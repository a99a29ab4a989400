//! The entry point of a chain: where the requests of a load go, and in which form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::json;

use crate::aws::{Call, Trust, encoded};
use crate::bench::http::{Client, Connection};

/// The domain whose names mean the endpoint.
const LOCAL: &str = "localhost.localstack.cloud";

/// The destination of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntryPoint {
    /// The URL, or the ARN of the resource that takes the requests.
    pub(crate) url: String,
    /// The form of the requests.
    pub(crate) form: Form,
}

/// What a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// An HTTP request to the URL.
    Http {
        method: String,
        /// The URL of the server to connect to, if the URL's own host cannot be resolved here: names below
        /// `localhost.localstack.cloud` mean the endpoint, but only public DNS servers know them.
        via: Option<String>,
    },
    /// A record of a Kinesis stream, with the request's id as partition key.
    Record { stream: String },
    /// A message of an SQS queue.
    Message { queue: String },
    /// A message of an SNS topic.
    Publication { topic: String },
    /// An object of an S3 bucket, with the request's id as key.
    Object { bucket: String },
    /// A call of a function, whose answer is waited for.
    Invocation { function: String },
}

impl EntryPoint {
    /// Posts to a URL.
    pub(crate) fn post(url: &str) -> Self {
        Self::new(url, "POST", None)
    }

    /// Asks a URL with this method; `endpoint` is the URL of the services, where there is one.
    pub(crate) fn new(url: &str, method: &str, endpoint: Option<&str>) -> Self {
        let host =
            url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', ':']).next().unwrap_or_default();
        let is_local = host.strip_suffix(LOCAL).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let via = endpoint.filter(|_| is_local).map(str::to_owned);
        Self { url: url.to_owned(), form: Form::Http { method: method.to_owned(), via } }
    }

    /// Asks a service.
    pub(crate) fn of_service(form: Form, arn: &str) -> Self {
        Self { url: arn.to_owned(), form }
    }

    /// The URL to connect to; `None` if a service is called.
    pub(crate) fn server(&self) -> Option<&str> {
        match &self.form {
            Form::Http { via, .. } => Some(via.as_deref().unwrap_or(&self.url)),
            _ => None,
        }
    }

    /// The sender of one user. The error is a fragment.
    pub(crate) fn sender(&self, client: &Client, region: &str, trust: &Trust) -> Result<Sender, String> {
        Ok(match self.server() {
            Some(server) => Sender::Http(Box::new(Connection::new(server, trust)?)),
            None => Sender::Service(client.clone(), region.to_owned()),
        })
    }

    /// An HTTP request with this body. `run` goes into a header, where the pipeline's first function reads it.
    fn request(&self, method: &str, body: String, run: &str) -> Result<Request<Bytes>, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("{} is no URL: {error}", self.url);
        let uri: hyper::Uri = self.url.parse().map_err(|error| wrong(&error))?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        Request::builder()
            .method(method)
            .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
            .header("host", host)
            .header("content-type", "application/json")
            .header("x-run-id", run)
            .body(Bytes::from(body))
            .map_err(|error| error.to_string())
    }
}

/// Sends the requests of one user of the load.
pub(crate) enum Sender {
    /// A connection of its own.
    Http(Box<Connection>),
    /// The services' client, in this region.
    Service(Client, String),
}

impl Sender {
    /// Sends a request with this body. Returns the status, and the answer's text if the status is not a success. The error says why
    /// there was no answer.
    pub(crate) async fn send(
        &mut self,
        entry: &EntryPoint,
        body: String,
        id: &str,
        run: &str,
    ) -> Result<(u16, Option<String>), String> {
        match (self, &entry.form) {
            (Self::Http(connection), Form::Http { method, .. }) => {
                connection.ask(entry.request(method, body, run)?).await
            }
            (Self::Service(client, region), form) => {
                let path = path(form, id);
                client.load(region, &call(form, &path, body, id)).await
            }
            (Self::Http(_), _) => Err("a connection cannot call a service".to_owned()),
        }
    }
}

/// The path of a service's call.
fn path(form: &Form, id: &str) -> String {
    match form {
        Form::Object { bucket } => format!("/{bucket}/{}", encoded(id)),
        Form::Invocation { function } => {
            format!("/2015-03-31/functions/{}/invocations", encoded(function))
        }
        _ => "/".to_owned(),
    }
}

/// The call of a service that carries one request.
fn call<'a>(form: &'a Form, path: &'a str, body: String, id: &str) -> Call<'a> {
    match form {
        Form::Record { stream } => {
            let input = json!({ "StreamName": stream, "PartitionKey": id, "Data": BASE64.encode(body) });
            Call::json("kinesis", "Kinesis_20131202.PutRecord", &input)
        }
        Form::Message { queue } => {
            let mut input = json!({ "QueueUrl": queue, "MessageBody": body });
            if queue.strip_suffix(".fifo").is_some() {
                input["MessageGroupId"] = json!(id);
                input["MessageDeduplicationId"] = json!(id);
            }
            Call::json("sqs", "AmazonSQS.SendMessage", &input)
        }
        Form::Publication { topic } => {
            let mut parameters = vec![("TopicArn", &**topic), ("Message", &*body)];
            if topic.strip_suffix(".fifo").is_some() {
                parameters.extend([("MessageGroupId", id), ("MessageDeduplicationId", id)]);
            }
            Call::query("sns", "2010-03-31", "Publish", &parameters)
        }
        Form::Object { .. } => Call::body("s3", Method::PUT, path, body),
        Form::Invocation { .. } => Call::body("lambda", Method::POST, path, body),
        Form::Http { .. } => Call::post(path, body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_localstack_is_reached_at_the_endpoint_and_others_at_their_own() {
        let endpoint = "http://127.0.0.1:4566";
        let check = |url: &str, server: &str| {
            assert_eq!(EntryPoint::new(url, "POST", Some(endpoint)).server(), Some(server));
        };
        let function = "http://u1.lambda-url.us-east-1.localhost.localstack.cloud:4566/";
        check(function, endpoint);
        check("http://127.0.0.1:4566/x", "http://127.0.0.1:4566/x");
        check("https://u1.lambda-url.us-east-1.on.aws/", "https://u1.lambda-url.us-east-1.on.aws/");
        check("http://notlocalhost.localstack.cloud/", "http://notlocalhost.localstack.cloud/");
        let request =
            EntryPoint::new(function, "PUT", Some(endpoint)).request("PUT", "{}".to_owned(), "r").unwrap();
        assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("PUT", "/"));
        assert_eq!(request.headers()["host"], "u1.lambda-url.us-east-1.localhost.localstack.cloud:4566");
        assert_eq!(request.headers()["x-run-id"], "r");
    }

    #[test]
    fn each_service_gets_its_own_form() {
        let check = |form: Form, expected: &[&str]| {
            let path = path(&form, "r-1-0");
            let shown = format!("{:?}", call(&form, &path, "{\"a\":1}".to_owned(), "r-1-0"));
            for part in expected {
                assert!(shown.contains(part), "{part} in {shown}");
            }
        };
        check(Form::Record { stream: "s".into() }, &["PutRecord", "eyJhIjoxfQ==", "r-1-0"]);
        check(Form::Message { queue: "http://x/0/q".into() }, &["SendMessage", "http://x/0/q"]);
        check(
            Form::Message { queue: "http://x/0/q.fifo".into() },
            &["MessageGroupId", "MessageDeduplicationId"],
        );
        check(
            Form::Publication { topic: "arn:aws:sns:r:0:t".into() },
            &["Action=Publish", "TopicArn=arn%3Aaws"],
        );
        check(
            Form::Publication { topic: "arn:aws:sns:r:0:t.fifo".into() },
            &["MessageGroupId=r-1-0", "MessageDeduplicationId=r-1-0"],
        );
        check(Form::Object { bucket: "b".into() }, &["PUT", "/b/r-1-0"]);
        check(Form::Invocation { function: "f".into() }, &["POST", "/2015-03-31/functions/f/invocations"]);
    }
}
