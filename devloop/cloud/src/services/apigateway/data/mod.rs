//! The data plane: a client's request, matched to a method, carried to a function as an event, and its answer carried
//! back [Lambda proxy integrations in API Gateway].

mod answer;
mod authorize;
mod checks;
mod event;
mod execute;
mod integration;
mod media;
mod mock;
mod refusal;
mod routes;
mod snapshot;
#[cfg(test)]
mod tests;

pub(super) use checks::schema;
pub(super) use execute::execute;
pub(crate) use integration::function_of;
pub(super) use mock::{check_mock, has_expressions};
pub(super) use refusal::{check_response, too_long, unknown_api, unknown_stage};
pub(crate) use routes::Routes;
pub(super) use snapshot::{Live, Snapshot};
