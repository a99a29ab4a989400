//! The control: takes, transforms and stores a word in one call.
//!
//! [`run`] runs [`Single`] with `DynamoDB`; tests run it with a table of their own.

mod handler;
mod run;

pub use handler::Single;
pub use run::run;
