//! Transforms the words of the queue and stores them in the table.
//!
//! [`run`] runs [`Process`] with `DynamoDB`; tests run it with a table of their own.

mod handler;
mod run;

pub use handler::Process;
pub use run::run;
