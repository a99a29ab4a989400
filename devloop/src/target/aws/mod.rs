//! The target AWS: Lambda itself. Only the command line can choose it, and nothing is changed before the account, the region and
//! the functions were shown and agreed to.

mod connect;
mod deploy;
mod kept;
mod package;
mod plan;
mod target;

pub(crate) use connect::Opening;
pub(crate) use plan::Plan;
pub(crate) use target::{Aws, Wishes};
