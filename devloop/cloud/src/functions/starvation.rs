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
    /// Invocations that give way, in the order of their arrival.
    queue: Arc<tokio::sync::Mutex<()>>,
    /// The only place for invocations that run while consumers are starved. Consumers of one shard run one after another, so
    /// without it a part of the cores would have nothing to do.
    place: Arc<Semaphore>,
}

/// How starved a consumer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starved {
    /// Invocations that give way run one after another.
    Behind,
    /// They start at most once in [`Starvation::LONGEST`].
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
        Self { noted: Arc::default(), queue: Arc::default(), place: Arc::new(Semaphore::new(1)) }
    }
}

impl Starvation {
    /// How long a consumer counts as starved after the last batch that showed it.
    const LASTS: Duration = Duration::from_millis(50);

    /// How long the first in the queue waits at most, for consumers and for a function that takes long. So the queue always moves,
    /// and slow functions run at the same time.
    const LONGEST: Duration = Duration::from_millis(10);

    /// Notes that a consumer is starved now.
    pub(crate) fn note(&self, starved: Starved) {
        *self.noted.lock() = Some(Noted { starved, until: Instant::now() + Self::LASTS });
    }

    /// Waits for the turn of an invocation: until no consumer is starved, or until it is the first in the queue and either the
    /// place is free or it has waited for long enough. The invocation keeps the place, if it gets it, to its end. This is the
    /// machine's time, whatever the cloud's clock says, because it is the machine's cores that are shared.
    pub(crate) async fn give_way(&self) -> Option<OwnedSemaphorePermit> {
        self.noted()?;
        let _first = self.queue.lock().await;
        let last = Instant::now() + Self::LONGEST;
        loop {
            let noted = self.noted().filter(|_| last > Instant::now())?;
            tokio::select! {
                place = Arc::clone(&self.place).acquire_owned(), if noted.starved == Starved::Behind => return place.ok(),
                () = sleep_until(noted.until.min(last)) => {}
            }
        }
    }

    /// How starved a consumer is now, if one is.
    fn noted(&self) -> Option<Noted> {
        self.noted.lock().filter(|noted| noted.until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, future::join_all};

    use super::*;

    /// Does not end, and notes again and again that a consumer is starved.
    async fn starving(starvation: &Starvation, starved: Starved) {
        let mut again = tokio::time::interval(Duration::from_millis(5));
        loop {
            starvation.note(starved);
            again.tick().await;
        }
    }

    #[tokio::test]
    async fn starvation_is_over_a_moment_after_the_last_note() {
        let starvation = Starvation::default();
        starvation.note(Starved::FarBehind);
        sleep_until(Instant::now() + Starvation::LASTS).await;
        assert!(starvation.give_way().now_or_never().unwrap().is_none(), "it does not wait");
    }

    #[tokio::test]
    async fn one_invocation_at_a_time_passes_consumers_that_are_not_far_behind() {
        let starvation = Starvation::default();
        starvation.note(Starved::Behind);
        let place = starvation.give_way().now_or_never().unwrap();
        assert!(place.is_some(), "it passes at once");
        let mut second = Box::pin(starvation.give_way());
        assert!(second.as_mut().now_or_never().is_none(), "the place is taken");
        drop(place);
        assert!(second.now_or_never().is_some(), "the place is free");
    }

    #[tokio::test]
    async fn an_invocation_that_takes_long_does_not_hold_up_the_others() {
        let starvation = Starvation::default();
        let work = async {
            let slow = starvation.give_way().await;
            let began = Instant::now();
            assert!(slow.is_some() && starvation.give_way().await.is_none());
            began.elapsed()
        };
        tokio::select! {
            biased;
            () = starving(&starvation, Starved::Behind) => unreachable!("it starves for ever"),
            waited = work => assert!(waited >= Starvation::LONGEST),
        }
    }

    #[tokio::test]
    async fn many_invocations_pass_one_after_another_while_consumers_are_far_behind() {
        let (starvation, began) = (Starvation::default(), Instant::now());
        let waiting = join_all((0..5).map(|_| async {
            starvation.give_way().await;
            began.elapsed()
        }));
        tokio::select! {
            biased;
            () = starving(&starvation, Starved::FarBehind) => unreachable!("it starves for ever"),
            passed = waiting => {
                for (passed, turn) in passed.iter().zip(1..) {
                    assert!(*passed >= Starvation::LONGEST * turn, "{passed:?}");
                }
            }
        }
    }
}
