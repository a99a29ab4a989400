//! Second function of wildrydes: sums every unicorn's distance over a window of the stream.
//!
//! [`run`] runs [`Aggregator`] with [`DynamoSums`]; tests run it with sums of their own.

mod handler;
mod run;
mod state;
mod sums;

pub use handler::Aggregator;
pub use run::run;
pub use state::{Share, State};
pub use sums::{DynamoSums, Part, Sums};
