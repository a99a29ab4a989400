//! The change of functions to new code in a hot-reload folder.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{Lambda, code::Code, function::Function, version::Version};

/// A function that was switched to new code, which has asked for its first event.
#[derive(Debug, Clone)]
pub struct Activation {
    /// The function's name.
    pub function: String,
    /// The time from the start of the process to its first request for an event.
    pub init: Duration,
    /// The time of the whole change, from the call on.
    pub took: Duration,
}

/// New code that did not start; older code keeps serving if there was any.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{function}: {message}")]
pub struct ActivationError {
    /// The function's name.
    pub function: String,
    /// Lambda's error type, such as `Runtime.ExitError`.
    pub error_type: String,
    /// The error message.
    pub message: String,
    /// What the process printed before it ended.
    pub output: Vec<String>,
    /// Whether older code still answers.
    pub still_serving: bool,
}

impl Lambda {
    /// Switches every function that runs from the hot-reload folder `folder` to the code that is in it now.
    pub(crate) async fn activate(&self, folder: &Path) -> Vec<Result<Activation, ActivationError>> {
        let mut outcomes = Vec::new();
        for function in self.all() {
            for version in function.versions() {
                let is_hot =
                    matches!(&version.deployed().code, Code::Hot { folder: own, .. } if own == folder);
                if is_hot {
                    outcomes.push(self.activate_version(&function, &version).await);
                }
            }
        }
        outcomes
    }

    async fn activate_version(
        &self,
        function: &Function,
        version: &Version,
    ) -> Result<Activation, ActivationError> {
        let began = Instant::now();
        let outcome = version.activate().await;
        let took = began.elapsed();
        match outcome {
            Ok(init) => Ok(Activation { function: function.name.to_string(), init, took }),
            Err(error) => {
                let output: Vec<String> = error.output.iter().map(|(_, line)| line.clone()).collect();
                if !error.log_stream.is_empty() {
                    let group = function.log_group(&version.deployed().configuration);
                    self.invoker.logs.append(&function.region, &group, &error.log_stream, error.output);
                }
                Err(ActivationError {
                    function: function.name.to_string(),
                    error_type: error.error_type,
                    message: error.message,
                    output,
                    still_serving: version.pool.current().is_some(),
                })
            }
        }
    }
}
