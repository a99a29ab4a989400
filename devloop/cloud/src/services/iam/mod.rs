//! IAM: roles and policies as clients and templates need them. They are stored and returned; policies are never
//! evaluated, and every call is allowed. IAM is one for all regions. Users, groups, keys and identity providers are
//! refused by name. Policies that AWS manages can be attached by any ARN below `arn:aws:iam::aws:policy/`, since their
//! list is not known here, and cannot be read.

mod about;
mod cloudformation;
mod errors;
mod identifier;
mod input;
mod policies;
mod role_policies;
mod roles;
mod service;
mod state;

pub(crate) use errors::{constraint, missing, validation};
pub(crate) use identifier::identifier;
pub(crate) use service::Iam;
