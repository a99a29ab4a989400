//! The way back: what an application did so far, undone in reverse.

use super::apply::Run;
use crate::resource::{Record, Task};

/// One thing that was done.
#[derive(Debug)]
pub(super) enum Done {
    /// A resource was made.
    Created {
        /// Its logical id.
        logical: String,
        /// What there is now.
        record: Record,
    },
    /// A resource was changed.
    Updated {
        /// Its logical id.
        logical: String,
        /// What there was before.
        before: Record,
        /// What there is now.
        after: Record,
    },
}

impl Run<'_> {
    /// Undoes everything in reverse order; whatever its deletion policy, a new resource of a failed application goes.
    /// Gives back what could not be undone, each with the reason.
    pub(super) async fn roll_back(&mut self) -> Vec<String> {
        let mut left_behind = Vec::new();
        while let Some(done) = self.done.pop() {
            let (logical, outcome) = match &done {
                Done::Created { logical, record } => (logical, self.delete(logical, record).await),
                Done::Updated { logical, before, after } => {
                    let outcome = match self.types.get(&before.kind) {
                        None => Ok(()),
                        Some(provider) => {
                            let task =
                                Task::new(self.calls, &self.cx, self.stack, logical, &before.properties);
                            provider.update(&task, after).await.map(|_| ())
                        }
                    };
                    (logical, outcome)
                }
            };
            if let Err(cause) = outcome {
                left_behind.push(format!("{logical} ({cause})"));
            }
        }
        left_behind
    }
}
