//! The events of running invocations. A request's body counts among the bodies that arrive until it is read; from then on it belongs to
//! its invocation and counts here, until the answer.

use std::sync::Arc;

use crate::{
    error::ApiError,
    functions::Invocation,
    kept::{Budget, Kept},
};

/// The most bytes of the events of all running invocations, and of those that wait for their turn: 170 of the largest.
pub(super) const MOST: usize = 1 << 30;

/// Counts the event of an invocation; the error is a throttle.
pub(super) fn claim(payloads: &Arc<Budget>, invocation: &Invocation) -> Result<Kept, ApiError> {
    Kept::claim(payloads, invocation.payload.len()).ok_or_else(|| {
        ApiError::with_status(
            429,
            "TooManyRequestsException",
            format!(
                "The events of running invocations have {} MB together, and the embedded cloud keeps {} MB. Try again when some \
                 have ended.",
                payloads.bytes() >> 20,
                payloads.most() >> 20
            ),
        )
        .detail("Reason", "ConcurrentInvocationLimitExceeded")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::{
        clock::Clock,
        context::Home,
        lambda::{Lambda, LocalHandler},
        services::{cloudwatch::CloudWatch, logs::Logs},
    };

    #[tokio::test]
    async fn an_event_counts_until_its_answer_and_one_too_many_is_throttled() {
        let (clock, cx) = (Clock::real(), Home::new("000000000000", "us-east-1").context("us-east-1"));
        let cloudwatch = Arc::new(CloudWatch::new(clock.clone()));
        let logs = Arc::new(Logs::new(clock.clone(), Arc::clone(&cloudwatch)));
        let mut lambda = Lambda::new(clock, logs, cloudwatch);
        let payloads = Arc::new(Budget::new(100));
        lambda.invoker.payloads = Arc::clone(&payloads);
        lambda.serve_folder(&cx, "f", std::path::Path::new("/nowhere")).unwrap();
        let (begun, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let waits = [Arc::clone(&begun), Arc::clone(&go_on)];
        lambda.run_here(
            "f",
            LocalHandler::new(move |_: Value| {
                let [begun, go_on] = waits.clone();
                async move {
                    begun.add_permits(1);
                    drop(go_on.acquire().await);
                    Ok::<_, String>(Value::Null)
                }
            }),
        );
        let event = |length: usize| {
            let payload = format!("{:length$}", 1).into();
            Invocation { payload, ..Invocation::default() }
        };
        let first = lambda.invoke(&cx, "f", event(60));
        let second = async {
            drop(begun.acquire().await);
            assert_eq!((payloads.owners(), payloads.bytes()), (1, 60));
            let refused = lambda.invoke(&cx, "f", event(50)).await.unwrap_err();
            assert_eq!(
                (refused.status, refused.code.as_ref()),
                (429, "TooManyRequestsException"),
                "{refused}"
            );
            go_on.add_permits(9);
            lambda.invoke(&cx, "f", event(40)).await.unwrap();
        };
        let (first, ()) = tokio::join!(first, second);
        first.unwrap();
        assert_eq!((payloads.owners(), payloads.bytes()), (0, 0));
    }
}
