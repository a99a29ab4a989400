//! The control plane.

mod import;
mod operations;
mod parts;
mod routes;
mod stages;

pub(super) use operations::{OPERATIONS, call};
pub(super) use routes::ROUTES;
