//! First function of the pipeline: a `POST` becomes one record of the stream.
//!
//! `main.rs` runs [`Upstream`] on [`KinesisStream`]; tests run it on a stream of their own.

mod answer;
mod body;
mod handler;
mod put;
mod stream;

pub use handler::Upstream;
pub use stream::{KinesisStream, Stream};
