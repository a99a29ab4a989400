//! Transforms the words of the queue and stores them in the table.
//!
//! [`run`] puts [`Process`] on `DynamoDB`; tests run it on a table of their own.

mod handler;
mod run;

pub use handler::Process;
pub use run::run;
