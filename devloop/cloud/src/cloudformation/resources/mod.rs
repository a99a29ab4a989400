//! The resource types: how each is made, changed and deleted through its service's own operations.

mod apigateway;
mod call;
mod cdk;
mod dynamodb;
mod event_source;
mod function_access;
mod iam;
mod kinesis;
mod lambda;
mod logs;
mod method;
mod provider;
mod shape;
mod sqs;
mod ssm;
mod table;
mod task;

pub(super) use provider::{Cause, Created, Provider, Record};
#[cfg(test)]
pub(super) use provider::{Doing, Properties};
#[cfg(test)]
pub(super) use shape::Shape;
pub(super) use shape::coerced;
pub(super) use table::Table;
pub(super) use task::Task;
