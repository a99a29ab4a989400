//! Lambda: API, environments, Runtime API, hot reload, asynchronous events. Called by the gateway, by the event source
//! mappings and, for a swap, by the tool.

mod about;
mod api;
mod asynchronous;
mod cloudformation;
mod code;
mod concurrency;
mod configuration;
mod environment;
mod function;
mod invoke;
mod layers;
mod lineage;
mod meters;
mod name;
mod pool;
mod service;
mod url;
mod version;

#[cfg(test)]
pub(crate) use api::ROUTES;
pub(crate) use service::Lambda;
pub use service::{Activation, ActivationError};

use crate::error::ApiError;

use concurrency::ACCOUNT as ACCOUNT_CONCURRENCY;

/// Deletes what killed processes have left of unpacked packages in the machine's folder for temporary files; returns how many
/// folders there were.
pub fn clear_leftovers() -> usize {
    code::clear_leftovers(&std::env::temp_dir())
}

/// `ResourceNotFoundException`, status 404.
fn not_found(message: String) -> ApiError {
    ApiError::with_status(404, "ResourceNotFoundException", message)
}
