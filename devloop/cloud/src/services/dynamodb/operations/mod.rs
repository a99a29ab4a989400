//! The operations of both APIs, by theme; [`super::service`] calls them.

pub(super) mod batch;
mod capacity;
pub(super) mod create_table;
pub(super) mod describe;
pub(super) mod expiry;
mod index_input;
mod input;
pub(super) mod query;
pub(super) mod read;
mod request;
pub(super) mod streams;
pub(super) mod tags;
pub(super) mod transact;
pub(super) mod update_table;
pub(super) mod write;

pub(super) use request::Request;
