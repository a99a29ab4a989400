//! Where reports come from.

use std::pin::Pin;
use std::time::Duration;

use crate::engine::Problem;
use crate::status::Report;

/// A pipeline that can be asked how it fares.
pub(crate) trait StatusSource: Send + Sync {
    /// Asks once; the problem says why there is no answer.
    fn report(&self) -> Pin<Box<dyn Future<Output = Result<Report, Problem>> + Send + '_>>;

    /// How long to rest after a report like this one: some cost more than others.
    fn interval(&self, report: &Report) -> Duration;
}
