//! A word in a request to the API.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::word::check;

/// The longest idempotency key, in bytes.
const LONGEST_KEY: usize = 128;

/// What a caller wants processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    /// The word.
    pub word: String,
    /// The API's id of the request.
    pub request_id: String,
    /// When the gateway took it, in milliseconds since the epoch.
    pub received_ms: i64,
    /// The caller's idempotency key: a second request with the same key stores nothing new.
    pub idempotency_key: Option<String>,
}

/// Reads and checks a request; the error is a message for the sender.
pub fn requested(request: &ApiGatewayProxyRequest, lambda_request_id: &str) -> Result<Requested, String> {
    let text = request.body.as_deref().unwrap_or_default();
    let bytes = if request.is_base64_encoded {
        STANDARD.decode(text).map_err(|error| format!("The body is no base64: {error}."))?
    } else {
        text.as_bytes().to_vec()
    };
    let body: Value =
        serde_json::from_slice(&bytes).map_err(|error| format!("The body is no JSON: {error}."))?;
    let word = body.get("data").and_then(Value::as_str);
    let word = word.ok_or_else(|| "The body has no text named data.".to_owned())?;
    check(word).map_err(|invalid| invalid.text().to_owned())?;
    let key = request.headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    if key.is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY) {
        return Err(format!("An Idempotency-Key has 1 to {LONGEST_KEY} characters."));
    }
    let context = &request.request_context;
    Ok(Requested {
        word: word.to_owned(),
        request_id: context.request_id.clone().unwrap_or_else(|| lambda_request_id.to_owned()),
        received_ms: Some(context.request_time_epoch).filter(|&ms| ms > 0).unwrap_or_else(crate::now_ms),
        idempotency_key: key.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str) -> ApiGatewayProxyRequest {
        let mut request = ApiGatewayProxyRequest::default();
        request.body = Some(body.to_owned());
        request
    }

    #[test]
    fn requests_hold_one_word() {
        let expect = |body: &str, expected: Result<&str, &str>| {
            let found = requested(&request(body), "r").map(|requested| requested.word);
            match expected {
                Ok(word) => assert_eq!(found.as_deref(), Ok(word)),
                Err(reason) => assert!(found.unwrap_err().starts_with(reason), "{body}"),
            }
        };
        expect(r#"{"data": "word", "more": 1}"#, Ok("word"));
        expect(r#"{"data": "two words"}"#, Err(crate::BAD_SYNTAX));
        expect(r#"{"data": 7}"#, Err("The body has no text named data."));
        expect("{}", Err("The body has no text named data."));
        expect("{", Err("The body is no JSON"));
        expect("", Err("The body is no JSON"));
    }
}
