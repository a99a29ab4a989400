//! Resource types of templates: the trait that a type implements, the forms of its properties, and the work on one
//! resource. Each service keeps its types beside its operations; CloudFormation finds them in the registry.

mod names;
mod resource_type;
mod shape;
mod task;

pub(crate) use resource_type::{Cause, Created, Doing, Properties, Record, ResourceType};
pub(crate) use shape::{Shape, WrongForm, coerced};
pub(crate) use task::{Task, tag_list, text};
