//! What REST and HTTP APIs share for Lambda authorizers: policies, and the cache of results.

mod cache;
mod policy;

pub(crate) use cache::Kept;
pub(crate) use policy::Policy;
