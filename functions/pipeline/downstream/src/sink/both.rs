//! Two sinks, one after the other.

use pipeline_model::aws::Cause;

use super::contract::Sink;
use crate::change::Change;

/// Hands changes to one sink, and then to another.
///
/// A failure of either hands the changes back, and both get them again. So the first must be a sink that takes the same changes
/// twice without harm, as Postgres does. The second may count changes twice that it gets twice; it gets nothing that the first
/// refused.
#[derive(Debug)]
pub struct Both<F, S> {
    /// The sink that takes changes twice without harm.
    pub first: F,
    /// The sink that gets what the first one has taken.
    pub second: S,
}

impl<F: Sink, S: Sink> Sink for Both<F, S> {
    fn fits(&self, changes: &[Change]) -> usize {
        let fits = self.first.fits(changes);
        self.second.fits(&changes[..fits])
    }

    async fn emit(&self, changes: &[Change]) -> Result<(), Cause> {
        self.first.emit(changes).await?;
        self.second.emit(changes).await
    }
}
