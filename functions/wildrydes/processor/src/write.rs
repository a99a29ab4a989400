//! Writes readings in groups, and repeats a write while the table has no capacity.

use std::collections::HashMap;
use std::time::Duration;

use functions_common::Invocation;
use tokio::time::{sleep, timeout};
use wildrydes_model::Reading;

use crate::item::item;
use crate::table::{Item, Table};

/// The most items in one call
const GROUP: usize = 25;
/// The most calls for one group, including the first.
const TRIES: u32 = 6;
/// The wait after the first call; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// Writes the readings in their order. An error names the first that is not in the table, and why.
pub(crate) async fn write<T: Table>(
    table: &T,
    readings: &[Reading],
    invocation: &Invocation,
) -> Result<(), (usize, String)> {
    let mut begin = 0;
    for group in readings.chunks(GROUP) {
        // A call that contains a key twice is refused as a whole; the later reading is kept.
        let mut last = HashMap::new();
        for (index, reading) in group.iter().enumerate() {
            last.insert((reading.name.as_str(), reading.status_time.as_str()), index);
        }
        let mut kept: Vec<usize> = last.into_values().collect();
        kept.sort_unstable();
        let items = kept.iter().filter_map(|index| group.get(*index)).map(item).collect();
        if let Err((left, cause)) = write_group(table, items, invocation).await {
            let keys: Vec<(String, String)> = left.iter().filter_map(key).collect();
            let missing = group.iter().position(|reading| {
                keys.iter().any(|(name, time)| *name == reading.name && *time == reading.status_time)
            });
            return Err((begin + missing.unwrap_or(0), cause));
        }
        begin += group.len();
    }
    Ok(())
}

/// Writes a group. The error has the items that may not be in the table.
async fn write_group<T: Table>(
    table: &T,
    mut items: Vec<Item>,
    invocation: &Invocation,
) -> Result<(), (Vec<Item>, String)> {
    let mut wait = FIRST_WAIT;
    for again in 1..=TRIES {
        let outcome = timeout(invocation.budget(), table.write(items.clone())).await;
        let cause = match outcome {
            Ok(Ok(left)) if left.is_empty() => return Ok(()),
            Ok(Ok(left)) => {
                items = left;
                "the table has no room".to_owned()
            }
            Ok(Err(cause)) if cause.throttled => cause.detail,
            Ok(Err(cause)) => return Err((items, cause.detail)),
            Err(_) => return Err((items, "no time left before the deadline".to_owned())),
        };
        // Up to half of the wait is random, so that environments that were throttled together do not come back together.
        let pause = wait.mul_f64(rand::random_range(0.5..=1.0));
        if again == TRIES || pause >= invocation.budget() {
            return Err((items, cause));
        }
        sleep(pause).await;
        wait *= 2;
    }
    Ok(())
}

fn key(item: &Item) -> Option<(String, String)> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some((text("Name")?, text("StatusTime")?))
}
