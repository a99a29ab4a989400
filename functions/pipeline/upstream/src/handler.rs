//! Handles one request: decodes, validates, puts, answers.

use std::time::Instant;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use pipeline_model::{Handler, Invocation, InvocationError, Message, Origin, Row, Times};

use crate::answer::Ending;
use crate::body;
use crate::put::put;
use crate::stream::Stream;

/// The function. It never fails an invocation, because an API gateway would then hide the cause.
#[derive(Debug)]
pub struct Upstream<S> {
    /// Where accepted messages go.
    pub stream: S,
}

impl<S: Stream> Handler for Upstream<S> {
    type Event = ApiGatewayProxyRequest;
    type Answer = ApiGatewayProxyResponse;

    async fn handle(
        &self,
        request: ApiGatewayProxyRequest,
        invocation: &mut Invocation,
    ) -> Result<ApiGatewayProxyResponse, InvocationError> {
        let started = Instant::now();
        let origin = body::origin(&request, invocation.request_id());
        let message = body::message(&request);
        let (ending, detail) = match &message {
            Ok(message) => self.accept(message, &origin, invocation).await,
            Err(ending) => (ending.clone(), None),
        };
        let (outcome, level) = ending.outcome();
        let text = ending.message();
        let error = match &ending {
            Ending::Accepted => None,
            _ => Some(detail.as_deref().unwrap_or(&text)),
        };
        invocation.log(&Row {
            level,
            record_id: origin.request_id.as_deref().unwrap_or_default(),
            key: message.as_ref().ok().map(|message| message.id.as_str()),
            outcome,
            elapsed: started.elapsed(),
            message: None,
            error,
            times: Times {
                request_id: origin.request_id.as_deref(),
                run_id: origin.run_id.as_deref(),
                received_ms: origin.received_ms,
                ..Times::default()
            },
        });
        Ok(ending.response())
    }
}

impl<S: Stream> Upstream<S> {
    /// Puts the message. Besides the ending, returns the detail that only the log may contain.
    async fn accept(
        &self,
        message: &Message,
        origin: &Origin,
        invocation: &Invocation,
    ) -> (Ending, Option<String>) {
        let data = match body::record(message, origin) {
            Ok(data) => data,
            Err(ending) => return (ending, None),
        };
        let Err(cause) = put(&self.stream, &message.id, &data, invocation.budget()).await else {
            return (Ending::Accepted, None);
        };
        let stream = self.stream.name().to_owned();
        let ending = if cause.throttled {
            Ending::Throttled { stream }
        } else {
            Ending::Failed { stream, cause: cause.short }
        };
        (ending, Some(cause.detail))
    }
}
