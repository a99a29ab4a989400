//! The operations of both APIs, by topic; [`super::service`] calls them.

pub(super) mod backups;
pub(super) mod batch;
mod capacity;
pub(super) mod create_table;
pub(super) mod describe;
pub(super) mod destinations;
mod draft;
mod encryption;
pub(super) mod expiry;
mod index_input;
mod input;
mod legacy;
pub(super) mod partiql;
pub(super) mod query;
pub(super) mod read;
mod reading;
mod reading_draft;
pub(super) mod refused;
mod request;
mod statement_plan;
pub(super) mod streams;
mod table_constraints;
pub(super) mod tags;
pub(super) mod transact;
mod update_checks;
pub(super) mod update_table;
pub(super) mod write;

pub(super) use request::Request;
