//! Third function of the pipeline: each change of the table is logged, measured and handed to a sink.
//!
//! [`run`] runs [`Downstream`] with the sink that `SINK` names; tests run it with a sink of their own.

mod change;
mod event;
mod handler;
mod image;
mod measurement;
mod run;
mod sink;

pub use change::{Change, Kind};
pub use event::{Batch, StreamRecord};
pub use handler::Downstream;
pub use image::Image;
pub use measurement::Measurement;
pub use run::run;
pub use sink::{Both, ChosenSink, CloudWatch, Postgres, Sink, SinkChoice};
