//! Where reports come from.

use std::pin::Pin;
use std::time::Duration;

use crate::engine::Problem;
use crate::status::StatusReport;

/// A pipeline that can be asked for a report.
pub(crate) trait StatusSource: Send + Sync {
    /// Asks once; the problem says why there is no answer.
    fn report(&self) -> Pin<Box<dyn Future<Output = Result<StatusReport, Problem>> + Send + '_>>;

    /// The pause after a report like this one; some reports cost more than others.
    fn interval(&self, report: &StatusReport) -> Duration;
}
