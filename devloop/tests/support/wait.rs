//! Waits for what another process does: by asking again until it is so, never by trusting a time.

use std::time::{Duration, Instant};

/// How long anything but a build may take before the test gives up.
pub const LIMIT: Duration = Duration::from_mins(1);

/// Between two questions. A condition of another process cannot wake us; asking without a pause would take the processor
/// from the very process that is waited for.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until the answer is `Ok`; what was seen last is told when it is not so within the limit.
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

/// The one place where a test rests: between two questions, and between two requests of a client that is no machine gun.
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}
