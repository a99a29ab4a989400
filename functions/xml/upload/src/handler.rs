//! One request: parameters, file, checks, and the object.

use std::time::Instant;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use functions_common::{Handler, Invocation, InvocationError, Row, Times};
use serde_json::json;
use xml_model::{LARGEST, check};

use crate::answer::Ending;
use crate::body;
use crate::event::Event;
use crate::places::Places;

/// The function. It never fails an invocation, because an API gateway would then hide the cause.
#[derive(Debug)]
pub struct Upload<P> {
    /// S3 and the table.
    pub places: P,
    /// The buckets that files may go to.
    pub allowed: Vec<String>,
    /// Whether the converting function stores rule 1 when it starts. Then a file may name rule 1 even before that.
    pub stores_reference: bool,
}

/// What a request asks for.
struct Wanted {
    file: String,
    bucket: String,
    rule: Option<u64>,
}

impl<P: Places> Handler for Upload<P> {
    type Event = Event;
    type Answer = ApiGatewayProxyResponse;

    async fn handle(
        &self,
        Event(request): Event,
        invocation: &mut Invocation,
    ) -> Result<ApiGatewayProxyResponse, InvocationError> {
        let started = Instant::now();
        let ending = match &request {
            None => Ending::Missing("EVENT"),
            Some(request) => self.answer(request).await.unwrap_or_else(|ending| ending),
        };
        let (outcome, level) = ending.outcome();
        let shown = match &ending {
            Ending::Done(_) => None,
            Ending::Failed(cause) => Some(cause.clone()),
            other => Some(other.message()),
        };
        let key = request.as_ref().and_then(|request| request.query_string_parameters.first("file"));
        let id = request
            .as_ref()
            .and_then(|request| request.request_context.request_id.clone())
            .unwrap_or_default();
        invocation.log(&Row {
            level,
            record_id: &id,
            key,
            outcome,
            elapsed: started.elapsed(),
            message: None,
            error: shown.as_deref(),
            times: Times::default(),
        });
        Ok(ending.response())
    }
}

impl<P: Places> Upload<P> {
    async fn answer(&self, request: &ApiGatewayProxyRequest) -> Result<Ending, Ending> {
        let Wanted { file, bucket, rule } = self.wanted(request)?;
        if let Some(rule) = rule {
            let is_reference = rule == 1 && self.stores_reference;
            let known = self.places.has_rule(rule).await.map_err(|failure| Ending::Failed(failure.0))?;
            if !known && !is_reference {
                return Err(Ending::UnknownRule(rule));
            }
        }
        let key = format!("uploads/{file}");
        let at = created_at(request.request_context.request_time_epoch);
        if request.path.as_deref().unwrap_or_default().ends_with("/upload-url") {
            let signed = self
                .places
                .presigned(&bucket, &key, rule)
                .await
                .map_err(|failure| Ending::Failed(failure.0))?;
            let message = format!("PUT {file} to this address");
            return Ok(Ending::Done(json!({
                "message": message, "url": signed.url, "headers": signed.headers, "bucket": bucket, "key": key,
                "createdAt": at,
            })));
        }
        let content = body::file(request, &file)?;
        if content.len() > LARGEST {
            return Err(Ending::TooLarge);
        }
        check(&content).map_err(|error| Ending::Invalid(format!("Invalid XML: {error}")))?;
        let size = content.len();
        let stored = self
            .places
            .put(&bucket, &key, content, rule)
            .await
            .map_err(|failure| Ending::Failed(failure.0))?;
        Ok(Ending::Done(json!({
            "message": format!("SUCCESS! File {file} was uploaded"),
            "bucket": bucket, "key": key, "createdAt": at, "size": size, "etag": stored.etag,
        })))
    }

    fn wanted(&self, request: &ApiGatewayProxyRequest) -> Result<Wanted, Ending> {
        let parameter = |name: &'static str| {
            let value = request.query_string_parameters.first(name).filter(|value| !value.is_empty());
            value.map(str::to_owned).ok_or(Ending::Missing(name))
        };
        let file = parameter("file")?;
        let bucket = parameter("bucket")?;
        if file.strip_suffix(".xml").is_none_or(str::is_empty)
            || file.starts_with('/')
            || file.split('/').any(|part| part == "..")
        {
            return Err(Ending::Invalid(format!(
                "`{file}` is not a valid name of an XML file: it must end with .xml, not begin with / and not contain `..`"
            )));
        }
        if !self.allowed.contains(&bucket) {
            return Err(Ending::Forbidden(bucket));
        }
        let rule = match request.query_string_parameters.first("rule") {
            None | Some("") => None,
            Some(text) => Some(
                text.parse().map_err(|_| Ending::Invalid(format!("`{text}` is not the number of a rule")))?,
            ),
        };
        Ok(Wanted { file, bucket, rule })
    }
}

/// The request's time, as RFC 3339 writes it.
fn created_at(epoch_ms: i64) -> String {
    let ms = if epoch_ms > 0 { epoch_ms } else { functions_common::now_ms() };
    aws_sdk_s3::primitives::DateTime::from_millis(ms)
        .fmt(aws_sdk_s3::primitives::DateTimeFormat::DateTime)
        .unwrap_or_default()
}
