//! The API's answers: every one is `application/json` with a single `message`.

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::HeaderValue;
use aws_lambda_events::http::header::{CONTENT_TYPE, RETRY_AFTER};
use pipeline_model::Level;
use serde_json::json;

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The record is in the stream.
    Accepted,
    /// The body is not a message; the text says why.
    Invalid(String),
    /// The message is too large for a stream record.
    TooLarge,
    /// The stream throttled until the deadline.
    Throttled {
        /// Name of the stream.
        stream: String,
    },
    /// The stream did not take the record.
    Failed {
        /// Name of the stream.
        stream: String,
        /// The cause, in a few words.
        cause: String,
    },
}

impl Ending {
    /// The word for it in the log line.
    pub(crate) fn outcome(&self) -> (&'static str, Level) {
        match self {
            Self::Accepted => ("accepted", Level::Info),
            Self::Invalid(_) => ("invalid", Level::Warn),
            Self::TooLarge => ("too_large", Level::Warn),
            Self::Throttled { .. } => ("throttled", Level::Error),
            Self::Failed { .. } => ("failed", Level::Error),
        }
    }

    fn status(&self) -> i64 {
        match self {
            Self::Accepted => 200,
            Self::Invalid(_) => 400,
            Self::TooLarge => 413,
            Self::Failed { .. } => 500,
            Self::Throttled { .. } => 503,
        }
    }

    /// The text that the caller reads.
    pub(crate) fn message(&self) -> String {
        let not_put = |stream, cause| format!("failed to put record to {stream} Kinesis Stream: {cause}");
        match self {
            Self::Accepted => "success".to_owned(),
            Self::Invalid(why) => format!("failed to unmarshal request body: {why}"),
            Self::TooLarge => "payload too large".to_owned(),
            Self::Throttled { stream } => not_put(stream, "throughput exceeded"),
            Self::Failed { stream, cause } => not_put(stream, cause),
        }
    }

    /// The proxy response.
    pub(crate) fn response(&self) -> ApiGatewayProxyResponse {
        let mut response = ApiGatewayProxyResponse::default();
        response.status_code = self.status();
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if matches!(self, Self::Throttled { .. }) {
            response.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.body = Some(Body::Text(json!({"message": self.message()}).to_string()));
        response
    }
}
