//! The API's answers: JSON with a single `message`, readable by pages of any origin.

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::HeaderValue;
use aws_lambda_events::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use serde_json::json;

/// Why a word with other characters is refused.
pub const BAD_SYNTAX: &str = "Invalid data syntax. Only alphanumeric characters and underscores are allowed.";

/// An answer with this status and text.
pub fn answer(status: i64, message: &str) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status;
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.body = Some(Body::Text(json!({ "message": message }).to_string()));
    response
}
