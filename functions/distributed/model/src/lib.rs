//! The common code of the distributed system's functions.
//!
//! `data` takes a word from the API and queues it, `process` transforms and stores it, `dead` reports words that could not be
//! processed; `single` does the work of the first two in one call. The transformation is [`transform`], alone in its file. How a
//! function starts, decodes its event and logs is in the framework that all systems share.

mod answer;
mod delay;
mod item;
mod message;
mod request;
mod table;
mod transform;
mod word;

pub use answer::{BAD_SYNTAX, answer};
pub use delay::Delay;
pub use functions_common::{
    Handler, Invocation, InvocationError, Level, PartialBatch, Row, StartError, Times, aws, clip, now_ms,
    optional, required, start,
};
pub use item::Item;
pub use message::{Batch, Failures, Queued, Record};
pub use request::{Requested, requested};
pub use table::{DynamoTable, Put, Table};
pub use transform::transform;
pub use word::{InvalidWord, check};
