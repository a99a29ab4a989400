//! The data plane: matches a client's request to a method, passes it to a function as an event, and returns the function's
//! answer [Lambda proxy integrations in API Gateway].

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
pub(super) use refusal::{check_response, default_responses, too_long, unknown_api, unknown_stage};
pub(crate) use routes::Routes;
pub(super) use snapshot::{Live, Snapshot};
