//! The control: takes, transforms and stores a word in one call.
//!
//! [`run`] puts [`Single`] on `DynamoDB`; tests run it on a table of their own.

mod handler;
mod run;

pub use handler::Single;
pub use run::run;
