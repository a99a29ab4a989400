//! Two sinks, one after the other.

use pipeline_model::aws::Cause;

use super::contract::Sink;
use crate::change::Change;

/// Hands changes to one sink, and when that has them to another.
///
/// A failure of either hands the changes back, and both get them again. So the first must be one that takes the same changes
/// twice without harm, as Postgres does; the second, which may count twice what it gets twice, gets nothing that the first
/// refused.
#[derive(Debug)]
pub struct Both<F, S> {
    /// Takes changes twice without harm.
    pub first: F,
    /// Gets what the first one has.
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
