//! The API's answers.

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::HeaderValue;
use aws_lambda_events::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use functions_common::Level;
use serde_json::{Value, json};

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The file is stored, or an address for it was made; the document has the details.
    Done(Value),
    /// A parameter is missing.
    Missing(&'static str),
    /// The request is wrong; the text says why.
    Invalid(String),
    /// Files may not go to this bucket.
    Forbidden(String),
    /// There is no such rule.
    UnknownRule(u64),
    /// The file is too large for the API.
    TooLarge,
    /// A form without the part `file`.
    NoFile,
    /// S3 or the table failed.
    Failed(String),
}

impl Ending {
    /// The word for it in the log line.
    pub(crate) fn outcome(&self) -> (&'static str, Level) {
        match self {
            Self::Done(_) => ("stored", Level::Info),
            Self::Failed(_) => ("failed", Level::Error),
            Self::TooLarge => ("too_large", Level::Warn),
            _ => ("invalid", Level::Warn),
        }
    }

    fn status(&self) -> i64 {
        match self {
            Self::Done(_) => 201,
            Self::Missing(_) | Self::Invalid(_) => 400,
            Self::Forbidden(_) => 403,
            Self::UnknownRule(_) => 404,
            Self::TooLarge => 413,
            Self::NoFile => 415,
            Self::Failed(_) => 500,
        }
    }

    /// The text that the caller reads.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Done(document) => document["message"].as_str().unwrap_or_default().to_owned(),
            Self::Missing(name) => format!("Missing mandatory parameter: {name}"),
            Self::Invalid(why) => why.clone(),
            Self::Forbidden(bucket) => format!("files may not be put into the bucket {bucket}"),
            Self::UnknownRule(id) => format!("there is no rule {id}"),
            Self::TooLarge => {
                "the file is too large: ask POST /upload-url for an address that takes up to 5 MB".to_owned()
            }
            Self::NoFile => "the form has no part named file".to_owned(),
            Self::Failed(_) => "S3 file upload error".to_owned(),
        }
    }

    /// The proxy response.
    pub(crate) fn response(&self) -> ApiGatewayProxyResponse {
        let document = match self {
            Self::Done(document) => document.clone(),
            other => json!({ "message": other.message() }),
        };
        let mut response = ApiGatewayProxyResponse::default();
        response.status_code = self.status();
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response.body = Some(Body::Text(document.to_string()));
        response
    }
}
