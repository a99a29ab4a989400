//! Takes a word from the API and puts it into the queue.
//!
//! [`run`] puts [`Data`] on [`SqsQueue`]; tests run it on a queue of their own.

mod handler;
mod queue;
mod run;

pub use handler::Data;
pub use queue::{Queue, SqsQueue};
pub use run::run;
