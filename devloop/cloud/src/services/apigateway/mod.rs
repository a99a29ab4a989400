//! API Gateway REST APIs (v1): the control plane in [`control`], and the deployed APIs that clients call in [`data`].

mod authorizers;
mod cloudformation;
mod control;
mod data;
mod model;
mod plans;
mod service;

pub(crate) use authorizers::{Kept, Policy};
pub(crate) use control::unknown_route;
pub(crate) use data::{Routes, function_of};
pub(crate) use model::new_id;
pub(crate) use plans::{Bucket, Throttle};
pub(crate) use service::ApiGateway;
