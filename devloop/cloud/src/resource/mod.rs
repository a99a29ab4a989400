//! What templates can make: the trait of a resource type, the forms of properties, and the work on one resource. Each service
//! has its types beside its operations; CloudFormation's engine finds them in the registry.

mod names;
mod resource_type;
mod shape;
mod task;

pub(crate) use resource_type::{Cause, Created, Doing, Properties, Record, ResourceType};
pub(crate) use shape::{Shape, WrongForm, coerced};
pub(crate) use task::{Task, tag_list, text};
