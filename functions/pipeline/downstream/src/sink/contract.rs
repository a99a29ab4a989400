//! The trait of sinks.

use pipeline_model::aws::Cause;

use crate::change::Change;

/// A place for measurements.
pub trait Sink {
    /// How many of the changes, from the first on, one [`emit`](Sink::emit) takes; at least one.
    fn fits(&self, changes: &[Change]) -> usize;

    /// Takes all of these changes or none.
    fn emit(&self, changes: &[Change]) -> impl Future<Output = Result<(), Cause>>;
}
