//! Lambda: API, environments, Runtime API, hot reload, asynchronous events. The gateway, the event source mappings and the
//! tool (to swap code) call it.

mod about;
mod activation;
mod api;
mod asynchronous;
mod cloudformation;
mod code;
mod concurrency;
mod configuration;
pub(crate) mod destination;
mod environment;
mod function;
mod invoke;
mod kept;
mod language;
mod layers;
mod lineage;
mod local;
mod logging;
mod meters;
mod name;
mod payloads;
mod pool;
mod recent;
mod replay;
mod service;
mod url;
mod version;

pub use activation::{Activation, ActivationError};
#[cfg(test)]
pub(crate) use api::ROUTES;
pub(crate) use environment::collect_orphans;
pub use language::is_interpreted;
pub(crate) use local::LocalHandler;
pub use replay::Replayed;
pub(crate) use service::Lambda;

use crate::error::ApiError;

use concurrency::ACCOUNT as ACCOUNT_CONCURRENCY;

/// `ResourceNotFoundException`, status 404.
fn not_found(message: String) -> ApiError {
    ApiError::with_status(404, "ResourceNotFoundException", message)
}
