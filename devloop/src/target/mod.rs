//! Where functions run, behind one trait. `session` activates every swapped binary through it.

mod embedded;
mod function_code;
mod interface;

pub(crate) use embedded::Embedded;
pub(crate) use function_code::{FunctionCode, function_codes, serve_from};
pub(crate) use interface::{Pending, Target};
