//! API keys and usage plans: who may call which stage, how fast, and how often [Usage plans and API keys for REST APIs in
//! API Gateway].

mod admit;
mod bucket;
mod keys;
mod operations;
mod quota;
mod store;
#[cfg(test)]
mod tests;
mod usage;
mod usage_plans;

pub(super) use admit::{Caller, Limits, Refusal};
pub(crate) use bucket::{Bucket, Throttle};
pub(super) use operations::{OPERATIONS, call};
pub(super) use store::Plans;
