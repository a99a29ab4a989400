//! Waits for conditions of another process by asking again and again, never by a fixed time.

use std::time::{Duration, Instant};

/// How long anything but a build may take before the test gives up.
pub const LIMIT: Duration = Duration::from_mins(1);

/// The pause between two questions. A condition of another process cannot notify the test, and asking without a pause would take
/// processor time from that process.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until the answer is `Ok`. After the limit it panics with the last answer.
pub fn eventually<T, S: std::fmt::Debug>(
    what: &str,
    limit: Duration,
    mut ask: impl FnMut() -> Result<T, S>,
) -> T {
    let began = Instant::now();
    loop {
        match ask() {
            Ok(value) => return value,
            Err(seen) if began.elapsed() > limit => {
                panic!("{what}: not so within {} s; last seen: {seen:#?}", limit.as_secs())
            }
            Err(_) => pause(PAUSE),
        }
    }
}

/// The one place where tests pause: between two questions, and between two requests of a client.
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}
