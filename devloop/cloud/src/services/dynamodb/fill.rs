//! Takes the items of a table into a new index or into time to live, some at a time, so that the table's other requests do
//! not wait for all of them.

use std::ops::Bound::{Excluded, Unbounded};

use parking_lot::RwLockWriteGuard;

use super::{
    item::Item,
    key::Key,
    table::{Contents, Table},
};
use crate::aside::aside_if;

/// How many items are taken before the table's lock is released.
const BATCH: usize = 500;

/// Gives each item to `take`, until that returns false. An item that is written meanwhile may be given too; one that is
/// deleted meanwhile is not.
pub(crate) fn each_item(table: &Table, mut take: impl FnMut(&mut Contents, &Key, &Item) -> bool) {
    let is_long = table.read_contents().items.len() > BATCH;
    aside_if(is_long, || {
        let mut last = None;
        loop {
            let mut contents = table.write_contents();
            let from = last.as_ref().map_or(Unbounded, Excluded);
            let batch = contents.items.range((from, Unbounded)).take(BATCH);
            let batch: Vec<_> = batch.map(|(key, item)| (key.clone(), item.clone())).collect();
            let goes_on = batch.iter().all(|(key, item)| take(&mut contents, key, item));
            contents.measure();
            RwLockWriteGuard::unlock_fair(contents);
            last = batch.into_iter().last().map(|(key, _)| key).filter(|_| goes_on);
            if last.is_none() {
                return;
            }
        }
    });
}
