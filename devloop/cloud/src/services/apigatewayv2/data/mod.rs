//! The data plane: matches a client's request to a route, authorizes it, passes it to a function as an event, and returns
//! the function's answer [Create AWS Lambda proxy integrations for HTTP APIs in API Gateway].

mod access_log;
mod authorize;
mod execute;
mod issuers;
mod jwt;
mod refusal;
mod snapshot;
#[cfg(test)]
mod tests;

pub(super) use authorize::Cache;
pub(super) use execute::{BODY_LIMIT, Dependencies, execute};
pub(super) use issuers::Issuers;
pub(super) use refusal::Refusal;
pub(super) use snapshot::{Live, Snapshot};
