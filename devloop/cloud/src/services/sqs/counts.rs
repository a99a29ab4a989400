//! How many messages of a queue are in each state.

/// The number of messages in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Counts {
    /// Visible messages; in a FIFO queue also those that are blocked by their group.
    pub(crate) visible: usize,
    /// Messages in flight: received, and neither deleted nor visible again.
    pub(crate) in_flight: usize,
    /// Delayed messages.
    pub(crate) delayed: usize,
}

impl Counts {
    /// All messages together.
    pub(crate) fn total(self) -> usize {
        self.visible + self.in_flight + self.delayed
    }
}
