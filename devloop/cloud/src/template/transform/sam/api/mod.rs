//! REST APIs and HTTP APIs. Functions add their routes; once all are known, each API becomes an OpenAPI document.

mod auth;
mod cors;
mod http;
pub(super) mod implicit;
mod paths;
mod rest;

pub(super) use http::HttpApi;
pub(super) use implicit::{IMPLICIT_HTTP, IMPLICIT_REST};
pub(super) use paths::{Route, permitted_path};
pub(super) use rest::RestApi;
