//! A function's life: build its clients, then answer events one at a time until the platform ends the environment.

use std::io::{self, Write};
use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tokio::runtime;

use crate::environment::StartError;
use crate::handler::{Handler, InvocationError};
use crate::init_error;
use crate::invocation::Invocation;
use crate::log::{Level, Line, Times};

/// Runs a function; called by each function's `run`. `init` builds the handler, and with it the SDK clients, once per environment.
///
/// If the start fails, the cause is logged and reported to the platform, so that the caller's answer contains it.
pub fn start<H: Handler>(
    function: &'static str,
    init: impl Future<Output = Result<H, StartError>>,
) -> ExitCode {
    let ended = async {
        let handler = match Box::pin(init).await {
            Ok(handler) => handler,
            Err(error) => {
                init_error::report(&error);
                return Err(error);
            }
        };
        serve(function, &handler).await
    };
    // One thread: an environment handles one event at a time, and waking a second thread costs more than it brings.
    let result = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Runtime(format!("failed to start the async runtime: {error}")))
        .and_then(|runtime| runtime.block_on(ended));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log_end(function, &error);
            ExitCode::FAILURE
        }
    }
}

/// Answers events until the Runtime API is gone.
async fn serve<H: Handler>(function: &'static str, handler: &H) -> Result<(), StartError> {
    // The payload is decoded here and not by the runtime, because the runtime's decoding errors reach no log without a tracing
    // subscriber.
    let service =
        service_fn(|event: LambdaEvent<Box<RawValue>>| async move { invoke(function, handler, event).await });
    lambda_runtime::run(service)
        .await
        .map_err(|error| StartError::Runtime(format!("the Runtime API failed: {error}")))
}

async fn invoke<H: Handler>(
    function: &'static str,
    handler: &H,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<H::Answer, InvocationError> {
    let mut logged = Logged(Invocation::new(function, &event.context));
    let result = match serde_json::from_str(event.payload.get()) {
        // Boxed, like the start: the SDK's futures are nested so deeply that the compiler gives up on one more layer.
        Ok(payload) => Box::pin(handler.handle(payload, &mut logged.0)).await,
        Err(error) => Err(InvocationError {
            kind: "InvalidEvent",
            message: format!("failed to decode the event: {error}"),
        }),
    };
    logged.0.finish(result.as_ref().err());
    result
}

/// Writes the invocation's lines when it ends, even if the handler panics.
struct Logged(Invocation);

impl Drop for Logged {
    fn drop(&mut self) {
        write_out(self.0.lines());
    }
}

/// A full or closed log must not fail an invocation, so errors have nowhere to go.
fn write_out(lines: &[u8]) {
    let _ = io::stdout().lock().write_all(lines);
}

fn log_end(function: &str, error: &StartError) {
    let mut lines = Vec::new();
    Line {
        level: Level::Error,
        ts: crate::now_ms(),
        function,
        request_id: "",
        trace_id: None,
        record_id: None,
        key: None,
        outcome: "error",
        ms: 0.0,
        message: None,
        error: Some(error.to_string().into()),
        times: Times::default(),
        records: None,
        failed_from: None,
    }
    .write(&mut lines);
    write_out(&lines);
}
