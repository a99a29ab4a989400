//! First function of the pipeline: a `POST` becomes one record of the stream.
//!
//! [`run`] runs [`Upstream`] with [`KinesisStream`]; tests run it with a stream of their own.

mod answer;
mod body;
mod handler;
mod put;
mod run;
mod stream;

pub use handler::Upstream;
pub use run::run;
pub use stream::{KinesisStream, Stream};
