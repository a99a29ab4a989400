//! The only reader of templates: text in JSON or YAML, transforms, parameters, conditions, intrinsic functions, order. It
//! has no side effects. CloudFormation applies the templates, and the tool inspects them.

mod budget;
mod cidr;
mod conditions;
mod document;
mod dynamic;
mod error;
mod functions;
mod order;
mod parameters;
mod pseudo;
mod read;
mod references;
mod rules;
mod scope;
mod served;
mod transform;

pub(crate) use budget::Budget;
pub(crate) use conditions::conditions;
pub use document::{Resource, Template};
pub(crate) use dynamic::{DynamicValues, resolved};
pub use error::{Problem, TemplateError};
pub(crate) use order::order;
pub(crate) use parameters::{stored_parameters, values};
pub(crate) use pseudo::Pseudo;
pub use read::Position;
pub(crate) use references::{Reference, references};
pub(crate) use rules::check_rules;
pub(crate) use scope::{Lookup, Scope};
pub use served::served_here;
pub use transform::Given;

#[cfg(test)]
mod tests;
