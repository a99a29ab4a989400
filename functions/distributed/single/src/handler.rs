//! One request: validate, transform, store, answer.

use std::time::Instant;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use distributed_model::{
    Delay, Handler, Invocation, InvocationError, Item, Level, Requested, Row, Table, Times, answer, requested,
};

/// The function. It never fails an invocation, because an API gateway would then hide the cause.
#[derive(Debug)]
pub struct Single<T> {
    /// Where items go.
    pub table: T,
    /// How long each word takes besides its transformation.
    pub delay: Delay,
}

impl<T: Table> Handler for Single<T> {
    type Event = ApiGatewayProxyRequest;
    type Answer = ApiGatewayProxyResponse;

    async fn handle(
        &self,
        request: ApiGatewayProxyRequest,
        invocation: &mut Invocation,
    ) -> Result<ApiGatewayProxyResponse, InvocationError> {
        let started = Instant::now();
        let requested = requested(&request, invocation.request_id());
        let (status, message, detail) = match &requested {
            Err(reason) => (400, format!("Failed: {reason}"), None),
            Ok(requested) => self.process(requested).await,
        };
        let (level, outcome) = match status {
            200 => (Level::Info, "stored"),
            400 => (Level::Warn, "invalid"),
            _ => (Level::Error, "failed"),
        };
        invocation.log(&Row {
            level,
            record_id: requested.as_ref().map_or("", |requested| &requested.request_id),
            key: None,
            outcome,
            elapsed: started.elapsed(),
            message: None,
            error: detail.as_deref().or((status != 200).then_some(&message)),
            times: Times::default(),
        });
        Ok(answer(status, &message))
    }
}

impl<T: Table> Single<T> {
    async fn process(&self, requested: &Requested) -> (i64, String, Option<String>) {
        self.delay.take().await;
        let id = requested.idempotency_key.clone().unwrap_or_else(|| requested.request_id.clone());
        let item = Item::of(id, &requested.word, 1);
        match self.table.put(&item).await {
            Ok(_) => (200, format!("Succeeded: {}", item.id), None),
            Err(cause) => (500, format!("Failed: {}", cause.short), Some(cause.detail)),
        }
    }
}
