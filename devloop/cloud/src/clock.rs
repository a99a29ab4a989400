//! Time as the cloud sees it: real, scaled, or driven by a test. Every wait whose length AWS or the user decides goes through
//! here.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// A handle on the cloud's time. Cheap to clone; all clones tell the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Real,
    Scaled { factor: f64, origin_ms: i64, origin: Instant },
    Manual(Mutex<Manual>),
}

#[derive(Debug, Default)]
struct Manual {
    now_ms: i64,
    /// The waits, by the time when they end and a number that distinguishes those which end at the same time.
    sleepers: BTreeMap<(i64, u64), oneshot::Sender<()>>,
    next: u64,
}

/// The future of [`Clock::timeout`] did not finish in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timed out")]
pub struct Elapsed;

impl Clock {
    /// The machine's own time.
    pub fn real() -> Self {
        Self(Arc::new(Kind::Real))
    }

    /// Time that starts now and runs `factor` times as fast: a wait of 30 s takes 30 s divided by `factor`.
    pub fn scaled(factor: f64) -> Self {
        Self(Arc::new(Kind::Scaled { factor, origin_ms: wall_ms(), origin: Instant::now() }))
    }

    /// Time that stands still until [`Clock::advance`] moves it, starting at `start_ms` since the epoch.
    pub fn manual(start_ms: i64) -> Self {
        Self(Arc::new(Kind::Manual(Mutex::new(Manual { now_ms: start_ms, ..Manual::default() }))))
    }

    /// The machine's own clock if this one runs faster than it, because a program takes its real time to run. Otherwise
    /// this clock.
    pub(crate) fn unscaled(&self) -> Self {
        match &*self.0 {
            Kind::Scaled { .. } => Self::real(),
            Kind::Real | Kind::Manual(_) => self.clone(),
        }
    }

    /// Milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        match &*self.0 {
            Kind::Real => wall_ms(),
            Kind::Scaled { factor, origin_ms, origin } => {
                origin_ms + (origin.elapsed().as_secs_f64() * factor * 1000.0) as i64
            }
            Kind::Manual(manual) => manual.lock().now_ms,
        }
    }

    /// Waits for `duration` of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        match &*self.0 {
            Kind::Real => tokio::time::sleep(duration).await,
            Kind::Scaled { factor, .. } => tokio::time::sleep(duration.div_f64(*factor)).await,
            Kind::Manual(manual) => {
                let woken = {
                    let mut manual = manual.lock();
                    let at = manual.now_ms + duration.as_millis() as i64;
                    if at <= manual.now_ms {
                        return;
                    }
                    let (wake, woken) = oneshot::channel();
                    let number = manual.next;
                    manual.next += 1;
                    manual.sleepers.insert((at, number), wake);
                    woken
                };
                // An error means that the clock itself was dropped; then nobody waits for the time any more.
                let _ = woken.await;
            }
        }
    }

    /// Waits until this clock shows `at_ms` since the epoch; returns at once when that has passed.
    pub async fn sleep_until(&self, at_ms: i64) {
        let wait = at_ms - self.now_ms();
        if wait > 0 {
            self.sleep(Duration::from_millis(wait as u64)).await;
        }
    }

    /// Runs `work` for at most `limit` of this clock's time.
    pub async fn timeout<F: Future>(&self, limit: Duration, work: F) -> Result<F::Output, Elapsed> {
        tokio::select! {
            biased;
            output = work => Ok(output),
            () = self.sleep(limit) => Err(Elapsed),
        }
    }

    /// Moves a manual clock forward and wakes in order every wait that has ended by then. Has no effect on other clocks,
    /// which move by themselves.
    pub fn advance(&self, duration: Duration) {
        let Kind::Manual(manual) = &*self.0 else { return };
        let mut manual = manual.lock();
        manual.now_ms += duration.as_millis() as i64;
        let behind = (manual.now_ms + 1, 0);
        let later = manual.sleepers.split_off(&behind);
        let due = std::mem::replace(&mut manual.sleepers, later);
        drop(manual);
        for (_, wake) in due {
            let _ = wake.send(());
        }
    }

    /// How many waits are pending on a manual clock. A test advances the clock once the code that it tests has begun to
    /// wait.
    pub fn sleepers(&self) -> usize {
        match &*self.0 {
            Kind::Manual(manual) => {
                let mut manual = manual.lock();
                manual.sleepers.retain(|_, wake| !wake.is_closed());
                manual.sleepers.len()
            }
            _ => 0,
        }
    }
}

fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_in_order_and_only_when_due() {
        let clock = Clock::manual(1_000);
        let (order, mut woken) = tokio::sync::mpsc::unbounded_channel();
        for ms in [30_u64, 10, 20] {
            let (clock, order) = (clock.clone(), order.clone());
            tokio::spawn(async move {
                clock.sleep(Duration::from_millis(ms)).await;
                order.send(ms).unwrap();
            });
        }
        while clock.sleepers() < 3 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_millis(20));
        assert_eq!((woken.recv().await, woken.recv().await), (Some(10), Some(20)));
        assert_eq!((clock.now_ms(), clock.sleepers()), (1_020, 1));
        clock.advance(Duration::from_millis(10));
        assert_eq!(woken.recv().await, Some(30));
    }

    #[tokio::test]
    async fn a_scaled_clock_runs_ahead_of_the_wall() {
        let clock = Clock::scaled(1_000.0);
        let (start, real) = (clock.now_ms(), Instant::now());
        clock.sleep(Duration::from_secs(30)).await;
        assert!(clock.now_ms() - start >= 30_000);
        assert!(real.elapsed() < Duration::from_secs(20));
    }
}
