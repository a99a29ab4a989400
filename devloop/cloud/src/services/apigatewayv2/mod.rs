//! API Gateway HTTP APIs (v2): the control plane in [`control`], and the deployed APIs that clients call in [`data`].
//! WebSocket APIs are refused by name.

mod about;
mod cloudformation;
mod control;
mod data;
mod model;
mod settings;

pub(crate) use about::HttpApis;
