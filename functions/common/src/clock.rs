//! Instants: everything inside a function is whole milliseconds since the epoch.

use std::time::{SystemTime, UNIX_EPOCH};

/// The current time in milliseconds since the epoch.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_millis() as i64)
}
