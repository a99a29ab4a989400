//! Events without a waiting caller: accepted at once, tried up to three times
//! [How Lambda handles errors and retries with asynchronous invocation].

use std::{sync::Arc, time::Duration};

use crate::functions::Invocation;

use super::{
    function::{Function, Version},
    invoke::Invoker,
};

/// The waits before the second and the third try after a function error.
const AFTER_ERROR: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];

/// How long a throttled event is kept, and the bounds of the waits meanwhile.
const KEPT: Duration = Duration::from_hours(6);
const THROTTLED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));

/// Delivers one event, retrying; what fails for good is logged by the invocations themselves.
pub(super) async fn deliver(
    invoker: Invoker,
    function: Arc<Function>,
    version: Arc<Version>,
    mut invocation: Invocation,
) {
    invocation.request_id.get_or_insert_with(|| uuid::Uuid::new_v4().to_string());
    let accepted_ms = invoker.clock.now_ms();
    let mut throttle_wait = THROTTLED.0;
    let mut errors = 0;
    loop {
        let outcome = invoker.run(Arc::clone(&function), Arc::clone(&version), invocation.clone()).await;
        let wait = match outcome {
            Ok(outcome) if outcome.function_error.is_none() => return,
            Ok(_) => {
                let Some(wait) = AFTER_ERROR.get(errors) else { break };
                errors += 1;
                *wait
            }
            Err(_) => {
                if invoker.clock.now_ms() - accepted_ms > KEPT.as_millis() as i64 {
                    break;
                }
                let wait = throttle_wait;
                throttle_wait = (throttle_wait * 2).min(THROTTLED.1);
                wait
            }
        };
        invoker.clock.sleep(wait).await;
    }
    tracing::warn!(function = %function.name, request = ?invocation.request_id, "an asynchronous event was dropped after its last try");
}
