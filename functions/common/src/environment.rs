//! The function's own variables, read once at the start of an environment.

use std::env;

/// Why a function cannot start. The text is for the person who set the variables.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A required variable is not set.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable has a value that is not supported.
    #[error("{name}={value} is not supported: {supported}")]
    Unsupported {
        /// Name of the variable.
        name: &'static str,
        /// What it was set to.
        value: String,
        /// What it may be set to.
        supported: &'static str,
    },
    /// A variable has a wrong value that must not be shown.
    #[error("environment variable {name} cannot be used: {why}")]
    Unusable {
        /// Name of the variable.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The async runtime or the loop against the Runtime API failed.
    #[error("{0}")]
    Runtime(String),
}

/// The variable's value, if it is set to anything.
pub fn optional(name: &'static str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variable's value.
pub fn required(name: &'static str) -> Result<String, StartError> {
    optional(name).ok_or(StartError::Missing(name))
}
