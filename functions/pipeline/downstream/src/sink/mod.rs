//! Where measurements go. A sink is one file beside this one, and one entry of [`SinkChoice`].

mod choice;
mod cloudwatch;
mod contract;
mod data;

pub use choice::SinkChoice;
pub use cloudwatch::CloudWatch;
pub use contract::Sink;
