//! What REST and HTTP APIs share of Lambda authorizers: policies, and verdicts that are kept for a while.

mod cache;
mod policy;

pub(crate) use cache::Kept;
pub(crate) use policy::Policy;
