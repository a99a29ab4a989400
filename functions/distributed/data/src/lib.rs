//! Takes a word from the API and puts it into the queue.
//!
//! [`run`] runs [`Data`] with [`SqsQueue`]; tests run it with a queue of their own.

mod handler;
mod queue;
mod run;

pub use handler::Data;
pub use queue::{Queue, SqsQueue};
pub use run::run;
