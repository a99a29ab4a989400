//! The cache of authorizer results.

use std::{collections::HashMap, sync::Arc};

/// The most results that one API keeps. When the cache is full of results that still hold, all are dropped, and the
/// authorizers are invoked again.
const MOST: usize = 10_000;

/// Results by authorizer, stage and identity.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    all: HashMap<[String; 3], (i64, Arc<T>)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { all: HashMap::new() }
    }
}

impl<T> Kept<T> {
    /// The result for `key`, if it still holds at `now_ms`.
    pub(crate) fn get(&self, key: &[String; 3], now_ms: i64) -> Option<Arc<T>> {
        self.all.get(key).filter(|(until, _)| *until > now_ms).map(|(_, verdict)| Arc::clone(verdict))
    }

    /// Keeps a result until `until_ms`.
    pub(crate) fn put(&mut self, key: [String; 3], verdict: Arc<T>, until_ms: i64, now_ms: i64) {
        if until_ms <= now_ms {
            return;
        }
        if self.all.len() >= MOST {
            self.all.retain(|_, (until, _)| *until > now_ms);
        }
        if self.all.len() >= MOST {
            self.all.clear();
        }
        self.all.insert(key, (until_ms, verdict));
    }

    /// Drops the results of the authorizer with this id.
    pub(crate) fn forget(&mut self, authorizer: &str) {
        self.all.retain(|[of, ..], _| of != authorizer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_cached_for_their_ttl_and_limited_in_number() {
        let key = |n: usize| ["a".to_owned(), "s".to_owned(), n.to_string()];
        let mut kept = Kept::default();
        kept.put(key(0), Arc::new(1), 10, 0);
        kept.put(key(1), Arc::new(2), 0, 0);
        assert_eq!(
            (kept.get(&key(0), 9).as_deref(), kept.get(&key(0), 10), kept.get(&key(1), 0)),
            (Some(&1), None, None)
        );
        for n in 0..MOST {
            kept.put(key(n), Arc::new(n), 100, 50);
        }
        assert!(kept.all.len() <= MOST);
        kept.forget("a");
        assert!(kept.all.is_empty());
    }
}
