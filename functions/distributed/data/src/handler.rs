//! One request: validate, queue, answer.

use std::time::Instant;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use distributed_model::aws::Cause;
use distributed_model::{
    Handler, Invocation, InvocationError, Level, Requested, Row, Times, answer, clip, requested,
};

use crate::queue::Queue;

/// The function. It never fails an invocation, because an API gateway would then hide the cause.
#[derive(Debug)]
pub struct Data<Q> {
    /// Where words go.
    pub queue: Q,
}

impl<Q: Queue> Handler for Data<Q> {
    type Event = ApiGatewayProxyRequest;
    type Answer = ApiGatewayProxyResponse;

    async fn handle(
        &self,
        request: ApiGatewayProxyRequest,
        invocation: &mut Invocation,
    ) -> Result<ApiGatewayProxyResponse, InvocationError> {
        let started = Instant::now();
        let requested = requested(&request, invocation.request_id());
        let (status, message, cause) = match &requested {
            Err(reason) => (400, format!("Failed: {reason}"), None),
            Ok(requested) => self.queue(requested).await,
        };
        let (level, outcome) = match status {
            200 => (Level::Info, "queued"),
            400 => (Level::Warn, "invalid"),
            _ => (Level::Error, "failed"),
        };
        invocation.log(&Row {
            level,
            record_id: requested.as_ref().map_or("", |requested| &requested.request_id),
            key: requested.as_ref().ok().map(|requested| requested.word.as_str()),
            outcome,
            elapsed: started.elapsed(),
            message: None,
            error: cause.as_ref().map(|cause| cause.detail.as_str()).or((status != 200).then_some(&message)),
            times: Times::default(),
        });
        Ok(answer(status, &message))
    }
}

impl<Q: Queue> Data<Q> {
    async fn queue(&self, requested: &Requested) -> (i64, String, Option<Cause>) {
        match self.queue.send(requested).await {
            Ok(()) => (200, format!("Succeeded: {}", clip(&requested.word, requested.word.len())), None),
            Err(cause) => (500, format!("Failed: {}", cause.short), Some(cause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default)]
    struct Kept {
        words: RefCell<Vec<Requested>>,
        broken: bool,
    }

    impl Queue for Kept {
        async fn send(&self, requested: &Requested) -> Result<(), Cause> {
            if self.broken {
                return Err(Cause::plain("connection failed"));
            }
            self.words.borrow_mut().push(requested.clone());
            Ok(())
        }
    }

    async fn ask(data: &Data<Kept>, body: &str) -> (i64, String) {
        let mut request = ApiGatewayProxyRequest::default();
        request.body = Some(body.to_owned());
        let mut invocation = Invocation::new("data", &lambda_runtime::Context::default());
        let response = data.handle(request, &mut invocation).await.unwrap();
        let body = format!("{:?}", response.body);
        assert_eq!(response.headers["access-control-allow-origin"], "*");
        (response.status_code, body)
    }

    #[tokio::test]
    async fn words_are_queued_and_everything_else_is_answered() {
        let data = Data { queue: Kept::default() };
        let (status, body) = ask(&data, r#"{"data":"word"}"#).await;
        assert!(status == 200 && body.contains("Succeeded: word"), "{body}");
        let (status, body) = ask(&data, r#"{"data":"two words"}"#).await;
        assert!(status == 400 && body.contains("Failed: Invalid data syntax."), "{body}");
        assert_eq!(data.queue.words.borrow().len(), 1);
        let data = Data { queue: Kept { broken: true, ..Kept::default() } };
        let (status, body) = ask(&data, r#"{"data":"word"}"#).await;
        assert!(status == 500 && body.contains("Failed: connection failed"), "{body}");
    }
}
