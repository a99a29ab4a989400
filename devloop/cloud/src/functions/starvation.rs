//! Invocations of clients give way to consumers of streams that are starved.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

/// Whether consumers of streams are starved: they are behind, and slower than they could be, because other functions take the
/// cores. All clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Starvation {
    noted: Arc<Mutex<Option<Noted>>>,
    /// The only place for invocations that run while consumers are starved. Consumers of one shard run one after another, so
    /// without it a part of the cores would have nothing to do.
    place: Arc<Semaphore>,
}

/// How starved a consumer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starved {
    /// Invocations that give way run one at a time.
    Behind,
    /// None of them runs.
    FarBehind,
}

#[derive(Debug, Clone, Copy)]
struct Noted {
    starved: Starved,
    /// When the consumer no longer counts as starved.
    until: Instant,
}

impl Default for Starvation {
    fn default() -> Self {
        Self { noted: Arc::default(), place: Arc::new(Semaphore::new(1)) }
    }
}

impl Starvation {
    /// How long a consumer counts as starved after the last batch that showed it.
    const LASTS: Duration = Duration::from_millis(50);

    /// How long an invocation gives way at most.
    const LONGEST: Duration = Duration::from_millis(100);

    /// Notes that a consumer is starved now.
    pub(crate) fn note(&self, starved: Starved) {
        *self.noted.lock() = Some(Noted { starved, until: Instant::now() + Self::LASTS });
    }

    /// Waits until no consumer is starved or the place is free, but not longer than a tenth of a second. The invocation keeps
    /// the place, if it gets it, to its end. This is the machine's time, whatever the cloud's clock says, because it is the
    /// machine's cores that are shared.
    pub(crate) async fn give_way(&self) -> Option<OwnedSemaphorePermit> {
        let last = Instant::now() + Self::LONGEST;
        loop {
            let now = Instant::now();
            let noted = self.noted.lock().filter(|noted| noted.until > now && last > now)?;
            tokio::select! {
                place = Arc::clone(&self.place).acquire_owned(), if noted.starved == Starved::Behind => return place.ok(),
                () = sleep_until(noted.until.min(last)) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn starvation_is_over_a_moment_after_the_last_note() {
        let starvation = Starvation::default();
        assert!(starvation.give_way().await.is_none());
        let began = Instant::now();
        starvation.note(Starved::FarBehind);
        assert!(starvation.give_way().await.is_none());
        assert!(began.elapsed() >= Starvation::LASTS);
    }

    #[tokio::test]
    async fn one_invocation_at_a_time_passes_consumers_that_are_not_far_behind() {
        let starvation = Starvation::default();
        let began = Instant::now();
        starvation.note(Starved::Behind);
        let place = starvation.give_way().await;
        assert!(place.is_some(), "it passes at once");
        let mut second = Box::pin(starvation.give_way());
        assert!(second.as_mut().now_or_never().is_none(), "the place is taken");
        drop(place);
        assert!(second.await.is_some() || began.elapsed() >= Starvation::LASTS);
    }

    #[tokio::test]
    async fn nobody_gives_way_for_ever() {
        let (starvation, began) = (Starvation::default(), Instant::now());
        let starving = async {
            let mut again = tokio::time::interval(Duration::from_millis(5));
            loop {
                starvation.note(Starved::FarBehind);
                again.tick().await;
            }
        };
        tokio::select! {
            biased;
            () = starving => unreachable!("it starves for ever"),
            place = starvation.give_way() => assert!(place.is_none() && began.elapsed() >= Starvation::LONGEST),
        }
    }
}
