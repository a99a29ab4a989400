//! What the cloud keeps for its clients: counted by kind, with one limit for everybody who keeps things of that kind. A queue or a
//! shard may have a limit of its own besides; a thousand of them share this one.

use std::{
    fmt::Debug,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;

/// The part of a budget that is free again after old things were dropped, so that this is not needed again at once: one in this
/// many. Dropping more than a few megabytes would hold up other requests.
const FREED: usize = 256;

/// The bytes of one kind, such as the messages of all queues, and the most that they may be.
#[derive(Debug)]
pub(crate) struct Budget {
    most: usize,
    bytes: AtomicUsize,
    owners: AtomicUsize,
    /// Those who can drop their oldest things when the budget is used up.
    shedding: Mutex<Vec<Weak<dyn Sheds>>>,
}

/// Somebody who keeps things of which the oldest may be dropped.
pub(crate) trait Sheds: Debug + Send + Sync {
    /// How many bytes it keeps.
    fn bytes(&self) -> usize;

    /// Drops its oldest things, at least `bytes` of them, except those that somebody still needs.
    fn shed(&self, bytes: usize);
}

impl Default for Budget {
    /// A budget without a limit, for tests of those who keep things.
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

impl Budget {
    /// Nothing is kept yet, and at most `most` bytes.
    pub(crate) fn new(most: usize) -> Self {
        let [bytes, owners] = [0, 0].map(AtomicUsize::new);
        Self { most, bytes, owners, shedding: Mutex::default() }
    }

    /// The most bytes.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// The bytes that are kept now.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many [`Kept`] there are.
    pub(crate) fn owners(&self) -> usize {
        self.owners.load(Ordering::Relaxed)
    }

    /// Whether `more` bytes fit.
    pub(crate) fn has_room(&self, more: usize) -> bool {
        self.bytes() + more <= self.most
    }

    /// Adds somebody who can drop old things. Whoever is gone is forgotten when the next one comes.
    pub(crate) fn join(&self, owner: Weak<dyn Sheds>) {
        let mut shedding = self.shedding.lock();
        shedding.retain(|owner| owner.strong_count() > 0);
        shedding.push(owner);
    }

    /// Makes room for `more` bytes: those who keep most drop their oldest things first. False if what is needed leaves none. The
    /// caller holds no lock that [`Sheds`] takes.
    pub(crate) fn make_room(&self, more: usize) -> bool {
        if self.has_room(more) {
            return true;
        }
        // Taken for the whole time: when many have no room at once, one of them sees to it.
        let shedding = self.shedding.lock();
        let mut owners: Vec<_> = shedding.iter().filter_map(Weak::upgrade).collect();
        owners.sort_by_cached_key(|owner| owner.bytes());
        let wanted = self.most - self.most / FREED;
        while self.bytes() + more > wanted
            && let Some(largest) = owners.pop()
        {
            largest.shed((self.bytes() + more).saturating_sub(wanted));
        }
        self.has_room(more)
    }
}

/// The bytes that one owner keeps. They count in a budget until this is dropped.
#[derive(Debug)]
pub(crate) struct Kept {
    bytes: usize,
    budget: Arc<Budget>,
}

impl Default for Kept {
    /// No bytes, without a limit.
    fn default() -> Self {
        Self::within(&Arc::default())
    }
}

impl Kept {
    /// No bytes yet, which will count in `budget`.
    pub(crate) fn within(budget: &Arc<Budget>) -> Self {
        budget.owners.fetch_add(1, Ordering::Relaxed);
        Self { bytes: 0, budget: Arc::clone(budget) }
    }

    /// So many bytes; `None` when they do not fit.
    pub(crate) fn claim(budget: &Arc<Budget>, bytes: usize) -> Option<Self> {
        let mut kept = Self::within(budget);
        kept.try_add(bytes).then_some(kept)
    }

    /// How many bytes there are.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The budget in which they count.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Adds bytes if they fit.
    pub(crate) fn try_add(&mut self, bytes: usize) -> bool {
        let before = self.budget.bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = before + bytes <= self.budget.most;
        if fits {
            self.bytes += bytes;
        } else {
            self.budget.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// Adds bytes whose room was asked for before.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.budget.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Takes bytes away.
    pub(crate) fn remove(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Changes the number of bytes.
    pub(crate) fn set(&mut self, bytes: usize) {
        if bytes > self.bytes {
            self.add(bytes - self.bytes);
        } else {
            self.remove(self.bytes - bytes);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.budget.owners.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_until_they_are_dropped_and_only_what_fits_is_taken() {
        let budget = Arc::new(Budget::new(10));
        let mut one = Kept::claim(&budget, 6).unwrap();
        assert!(Kept::claim(&budget, 5).is_none());
        assert_eq!(budget.bytes(), 6, "what does not fit does not count");
        let other = Kept::claim(&budget, 4).unwrap();
        assert_eq!(budget.owners(), 2);
        assert!(!budget.has_room(1));
        one.set(2);
        assert_eq!((one.bytes(), budget.bytes()), (2, 6));
        drop(other);
        one.set(5);
        one.remove(9);
        assert_eq!((one.bytes(), budget.bytes()), (0, 0));
    }

    /// Keeps bytes of which it needs some.
    #[derive(Debug)]
    struct Owner(Mutex<Kept>, usize);

    impl Sheds for Owner {
        fn bytes(&self) -> usize {
            self.0.lock().bytes()
        }

        fn shed(&self, bytes: usize) {
            let mut kept = self.0.lock();
            let droppable = kept.bytes() - self.1;
            kept.remove(bytes.min(droppable));
        }
    }

    #[test]
    fn the_largest_make_room_first_except_with_what_they_need() {
        let budget = Arc::new(Budget::new(160));
        let owner = |bytes, needed| {
            let owner = Arc::new(Owner(Mutex::new(Kept::claim(&budget, bytes).unwrap()), needed));
            budget.join(Arc::downgrade(&owner) as _);
            owner
        };
        let (small, needy, large) = (owner(20, 0), owner(50, 50), owner(90, 0));
        assert!(budget.make_room(10));
        assert_eq!((small.bytes(), needy.bytes(), large.bytes()), (20, 50, 80));
        assert!(budget.make_room(100), "the smaller ones follow");
        assert_eq!((small.bytes(), needy.bytes(), large.bytes()), (10, 50, 0));
        assert!(!budget.make_room(111));
        drop((needy, large));
        assert!(budget.make_room(111));
    }
}
