//! Tracks whether files are being saved at this moment, and keeps a build that failed meanwhile.

use crate::engine::{Ended, Millis};

/// A burst of saves: what a checkout or a formatter writes within a moment.
#[derive(Debug, Default)]
pub(super) enum Burst {
    /// No file is being written.
    #[default]
    Over,
    /// Files are being written. They are named when the burst is over.
    OnItsWay {
        /// A build that failed meanwhile, with the time of its end. It may have read half-written files.
        failed: Option<(Millis, Ended)>,
    },
}

impl Burst {
    /// Whether files are being written.
    pub(super) fn is_on_its_way(&self) -> bool {
        matches!(self, Self::OnItsWay { .. })
    }

    /// A first file was written.
    pub(super) fn begin(&mut self) {
        if !self.is_on_its_way() {
            *self = Self::OnItsWay { failed: None };
        }
    }

    /// Every file is written. Returns the build that failed meanwhile.
    pub(super) fn end(&mut self) -> Option<(Millis, Ended)> {
        match std::mem::take(self) {
            Self::Over => None,
            Self::OnItsWay { failed } => failed,
        }
    }

    /// Keeps a failed build until the burst is over; any other one is given back.
    pub(super) fn hold(&mut self, at: Millis, ended: Ended) -> Option<Ended> {
        match self {
            Self::OnItsWay { failed } if ended.failure.is_some() => {
                *failed = Some((at, ended));
                None
            }
            _ => Some(ended),
        }
    }
}
