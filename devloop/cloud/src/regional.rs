//! A store for each region, made when the region is used for the first time.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;

/// The stores of a service by region name.
#[derive(Debug)]
pub(crate) struct Regional<T>(RwLock<BTreeMap<Arc<str>, Arc<T>>>);

impl<T> Default for Regional<T> {
    fn default() -> Self {
        Self(RwLock::new(BTreeMap::new()))
    }
}

impl<T: Default> Regional<T> {
    /// The store of `region`.
    pub(crate) fn of(&self, region: &str) -> Arc<T> {
        if let Some(store) = self.0.read().get(region) {
            return Arc::clone(store);
        }
        Arc::clone(self.0.write().entry(region.into()).or_default())
    }

    /// Every region that was used so far, with its store.
    pub(crate) fn all(&self) -> Vec<(Arc<str>, Arc<T>)> {
        self.0.read().iter().map(|(region, store)| (Arc::clone(region), Arc::clone(store))).collect()
    }
}
