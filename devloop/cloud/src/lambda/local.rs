//! Handlers of tests, which run in this process instead of a function's code.

use std::{collections::HashMap, fmt, future::Future, sync::Arc};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::RwLock;
use serde::{Serialize, de::DeserializeOwned};

/// A handler in this process.
#[derive(Clone)]
pub(crate) struct LocalHandler(Arc<dyn Fn(Bytes) -> BoxFuture<'static, Result<Bytes, String>> + Send + Sync>);

impl LocalHandler {
    /// A handler of any event and answer. What cannot be read or written as JSON is an error of the handler's.
    pub(crate) fn new<In, Out, Failure, Answer>(
        handler: impl Fn(In) -> Answer + Send + Sync + 'static,
    ) -> Self
    where
        In: DeserializeOwned + 'static,
        Out: Serialize,
        Failure: fmt::Display,
        Answer: Future<Output = Result<Out, Failure>> + Send + 'static,
    {
        Self(Arc::new(move |payload| match serde_json::from_slice(&payload) {
            Ok(event) => {
                let answer = handler(event);
                Box::pin(async move {
                    let answer = answer.await.map_err(|error| error.to_string())?;
                    serde_json::to_vec(&answer)
                        .map(Bytes::from)
                        .map_err(|error| format!("the answer: {error}"))
                })
            }
            Err(error) => Box::pin(async move { Err(format!("the event: {error}")) }),
        }))
    }

    /// Works on an event in a task of its own, so that a panic ends nothing else. An error is its type and its message.
    pub(super) async fn run(&self, payload: Bytes) -> Result<Bytes, (&'static str, String)> {
        let handler = Arc::clone(&self.0);
        match tokio::spawn(async move { handler(payload).await }).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(message)) => Err(("HandlerError", message)),
            Err(error) => Err(("Panic", panic_text(error))),
        }
    }
}

fn panic_text(error: tokio::task::JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "the handler's task was ended".to_owned() };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "the handler panicked".to_owned())
}

impl fmt::Debug for LocalHandler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LocalHandler")
    }
}

/// The handlers of this process, by the functions' names.
#[derive(Debug, Default)]
pub(super) struct LocalHandlers(RwLock<HashMap<String, LocalHandler>>);

impl LocalHandlers {
    pub(super) fn set(&self, function: &str, handler: LocalHandler) {
        self.0.write().insert(function.to_owned(), handler);
    }

    pub(super) fn of(&self, function: &str) -> Option<LocalHandler> {
        self.0.read().get(function).cloned()
    }
}
