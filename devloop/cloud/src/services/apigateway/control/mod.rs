//! The control plane: one file per kind of thing it manages.

mod account;
mod apis;
mod deployments;
mod errors;
mod integrations;
mod members;
mod methods;
mod operations;
mod page;
mod patch;
mod resources;
mod routes;
mod stages;
mod tags;

pub(super) use operations::{OPERATIONS, call, unknown_route};
pub(super) use routes::ROUTES;
