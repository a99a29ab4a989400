//! The control plane: one file for each kind of thing that it manages.

mod account;
mod apis;
mod authorizers;
mod deployments;
mod errors;
mod gateway_responses;
mod import;
mod integrations;
mod members;
mod methods;
mod models;
mod operations;
mod page;
mod patch;
mod resources;
mod routes;
mod stages;
mod tags;
mod validators;

pub(super) use errors::{bad_request, conflict, not_found};
pub(super) use members::{Input, Members};
pub(crate) use operations::unknown_route;
pub(super) use operations::{OPERATIONS, call, taken};
pub(super) use page::page;
pub(super) use patch::{Patch, Verb};
pub(super) use routes::ROUTES;
