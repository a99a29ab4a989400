//! The sinks of measurements. A sink is one file or folder beside this one, and one variant of [`SinkChoice`].

mod both;
mod choice;
mod cloudwatch;
mod contract;
mod data;
mod postgres;

pub use both::Both;
pub use choice::{ChosenSink, SinkChoice};
pub use cloudwatch::CloudWatch;
pub use contract::Sink;
pub use postgres::Postgres;
