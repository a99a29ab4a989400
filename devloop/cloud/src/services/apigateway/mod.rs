//! API Gateway REST APIs (v1): the control plane in [`control`], what clients of a deployed API reach in [`data`].

mod cloudformation;
mod control;
mod data;
mod model;
mod plans;
mod service;

pub(crate) use service::ApiGateway;
