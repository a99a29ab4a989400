//! A template as text and as values, without any effect: reading, parameters, conditions, intrinsic functions, order.

mod document;
mod error;
mod functions;
mod order;
mod parameters;
mod references;
mod scope;
mod served;

pub(super) use document::Resource;
pub use document::Template;
pub use error::{Problem, TemplateError};
pub(super) use order::order;
pub(super) use parameters::values;
pub(super) use references::{Reference, references};
pub(super) use scope::{Lookup, Pseudo, Scope, conditions};
