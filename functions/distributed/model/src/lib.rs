//! What the functions of the distributed system share.
//!
//! `data` takes a word from the API and queues it, `process` transforms and stores it, `dead` tells of words that nobody managed to
//! process; `single` does the first two in one call. The transformation is [`transform`], alone in its file.
//! How a function starts, decodes its event and logs is the frame that all systems share.

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
