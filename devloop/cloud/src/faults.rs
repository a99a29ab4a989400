//! Injected faults: the next calls of an operation fail as the service itself would fail.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use parking_lot::Mutex;

use crate::error::ApiError;

/// The faults that are armed, by `service:operation`. The gateway checks them once per request, and so does code in the
/// cloud that calls a service on a user's behalf.
#[derive(Debug, Default)]
pub struct Faults {
    armed: AtomicUsize,
    table: Mutex<HashMap<String, (usize, ApiError)>>,
}

impl Faults {
    /// Makes the next `times` calls of `operation` (such as `monitoring:PutMetricData`) fail with `error`; 0 disarms the
    /// fault.
    pub fn arm(&self, operation: &str, times: usize, error: ApiError) {
        let mut table = self.table.lock();
        if times == 0 {
            table.remove(operation);
        } else {
            table.insert(operation.to_owned(), (times, error));
        }
        self.armed.store(table.len(), Ordering::Release);
    }

    /// The error that `service:operation` must fail with now, if a fault is armed.
    pub(crate) fn armed_fault(&self, service: &str, operation: &str) -> Option<ApiError> {
        if self.armed.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut table = self.table.lock();
        let key = format!("{service}:{operation}");
        let (left, error) = table.get_mut(&key)?;
        *left -= 1;
        let (spent, error) = (*left == 0, error.clone());
        if spent {
            table.remove(&key);
            self.armed.store(table.len(), Ordering::Release);
        }
        Some(error)
    }
}
