//! IAM: roles and policies as clients and templates need them. They are stored and returned, but policies are never
//! evaluated: every call is allowed. All regions share one IAM. Users, groups, keys and identity providers are refused by
//! name. AWS managed policies exist by their ARN (`managed.rs`).

mod about;
mod cloudformation;
mod errors;
mod identifier;
mod input;
mod managed;
mod policies;
mod role_policies;
mod roles;
mod service;
mod state;

pub(crate) use errors::{constraint, missing, validation};
pub(crate) use identifier::{identifier, lasting_identifier};
pub(crate) use service::Iam;
