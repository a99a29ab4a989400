//! Gathers a batch: up to the batch size, for up to the batching window. Records that match no filter and records of other
//! lanes are skipped.

use std::sync::Arc;

use tokio::sync::watch;

use super::{
    batch::Batch,
    places::Share,
    progress::Progress,
    window::{Bounds, GRACE_MS},
};
use crate::{
    clock::Clock,
    shard::Entry,
    source::SourceShard,
    triggers::{mapping::Plan, settings::Settings},
};

/// How many records are read per hold of the shard's lock when most of them may be skipped.
const LOOK: usize = 1_000;

/// The result of [`gather`].
#[derive(Debug)]
pub(super) enum Gathered<R> {
    /// A batch of at least one record.
    Batch(Batch<R>),
    /// No more records will come into the open window.
    WindowOver,
    /// The shard was read to its end.
    Finished,
    /// The mapping is disabled, or its parallelization factor has changed.
    Paused,
}

/// How far one read of the shard's log got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// To the end of what there is so far.
    All,
    /// To the end of a closed shard.
    End,
    /// To a record that does not belong in the batch: the batch is full, or the record belongs to a later window.
    Stranger,
}

/// Reads a batch from the lane's checkpoint on. It waits for the first record as long as it takes. `open` is the shard's
/// open window.
pub(super) async fn gather<H: SourceShard>(
    progress: &Progress<H>,
    (lane, share): (usize, &Share),
    open: Option<Bounds>,
    plans: &mut watch::Receiver<Arc<Plan>>,
    clock: &Clock,
) -> Gathered<H::Record> {
    let log = progress.shard.log();
    let mut batch = Batch::new(progress.checkpoint(lane));
    let mut opened_ms = None;
    loop {
        let plan = Arc::clone(&plans.borrow_and_update());
        if !plan.enabled || plan.settings.factor != share.count() {
            return Gathered::Paused;
        }
        if batch.entries.is_empty() {
            batch.window = open;
            if open.is_some_and(|open| window_of(&plan.settings, open.start_ms) != Some(open)) {
                return Gathered::WindowOver;
            }
        } else if window_of(&plan.settings, batch.entries[0].arrived_ms) != batch.window {
            return Gathered::Batch(batch);
        }
        let seen = fill(progress, share, &mut batch, &plan.settings);
        let now_ms = clock.now_ms();
        if batch.entries.is_empty() {
            // The skipped records are settled now, because the first record may take long to come.
            progress.settle(lane, &mut batch, 0);
            let closes_ms = open.map(|open| open.end_ms + GRACE_MS);
            match (seen, closes_ms) {
                (Seen::End, None) => return Gathered::Finished,
                (Seen::Stranger | Seen::End, _) => return Gathered::WindowOver,
                (_, Some(closes_ms)) if now_ms >= closes_ms => return Gathered::WindowOver,
                _ => {}
            }
            tokio::select! {
                () = log.wait(batch.next) => {}
                () = sleep_until(clock, closes_ms) => {}
                _ = plans.changed() => {}
            }
            continue;
        }
        let mut closes_ms = *opened_ms.get_or_insert(now_ms) + plan.settings.window.as_millis() as i64;
        if let Some(window) = batch.window {
            closes_ms = closes_ms.min(window.end_ms);
        }
        let full = batch.entries.len() >= plan.settings.batch_size;
        if seen != Seen::All || full || now_ms >= closes_ms {
            return Gathered::Batch(batch);
        }
        tokio::select! {
            () = log.wait(batch.next) => {}
            () = clock.sleep_until(closes_ms) => {}
            _ = plans.changed() => {}
        }
    }
}

/// Without a time, it waits for ever.
async fn sleep_until(clock: &Clock, at_ms: Option<i64>) {
    match at_ms {
        Some(at_ms) => clock.sleep_until(at_ms).await,
        None => std::future::pending().await,
    }
}

fn window_of(settings: &Settings, at_ms: i64) -> Option<Bounds> {
    settings.tumbling.map(|length| Bounds::around(at_ms, length))
}

/// Adds the records that the shard has so far.
fn fill<H: SourceShard>(
    progress: &Progress<H>,
    share: &Share,
    batch: &mut Batch<H::Record>,
    settings: &Settings,
) -> Seen {
    let picky = !share.is_whole() || !settings.filters.is_empty();
    loop {
        let room = settings.batch_size.saturating_sub(batch.entries.len());
        if room == 0 {
            return Seen::All;
        }
        let (limit, bytes) = if picky { (LOOK, usize::MAX) } else { (room, batch.room()) };
        let slice = progress.shard.log().read(batch.next, limit, bytes);
        let looked_at = slice.entries.len();
        for entry in slice.entries {
            let window = window_of(settings, entry.arrived_ms);
            if batch.window.is_some() && window != batch.window {
                return Seen::Stranger;
            }
            if picky {
                let shard = &*progress.shard;
                if !share.is_whole() && !share.takes(entry.sequence, shard.key(&entry)) {
                    batch.next = entry.sequence + 1;
                    continue;
                }
                if !accepts(shard, settings, &entry) {
                    batch.filter_out(entry.sequence);
                    continue;
                }
            }
            batch.window = window;
            if !batch.push(&*progress.shard, entry) {
                return Seen::Stranger;
            }
            if batch.entries.len() >= settings.batch_size {
                return Seen::All;
            }
        }
        batch.next = slice.next;
        if slice.finished {
            return Seen::End;
        }
        if !picky || looked_at < limit {
            return Seen::All;
        }
    }
}

/// The member of a Kinesis record that came as text. Records of tables have none.
const PAYLOAD: &str = "data";

/// Whether a record matches a filter.
fn accepts<H: SourceShard>(shard: &H, settings: &Settings, entry: &Entry<H::Record>) -> bool {
    if settings.filters.is_empty() {
        return true;
    }
    let record = shard.filterable(entry);
    settings.filters.iter().any(|filter| filter.pattern.accepts_record(&record, PAYLOAD))
}
