//! The task that evaluates alarms when they are due. It runs only while there are alarms.

use std::sync::{Arc, Weak};

use super::store::Alarms;

impl Alarms {
    /// Starts the task, or tells it that an alarm was added or changed.
    pub(super) fn wake(self: &Arc<Self>) {
        let mut running = self.running.lock();
        if *running {
            self.changed.notify_one();
        } else {
            *running = true;
            tokio::spawn(watch(Arc::downgrade(self)));
        }
    }

    /// When the next alarm is due, in ms since the epoch; `None` ends the task.
    fn next_ms(&self) -> Option<i64> {
        let mut running = self.running.lock();
        let next = |(_, region): &(Arc<str>, Arc<super::store::Region>)| {
            let alarms = region.0.lock();
            alarms.values().map(|alarm| alarm.evaluated + alarm.interval()).min()
        };
        let next = self.regions.all().iter().filter_map(next).min();
        *running = next.is_some();
        next.map(|second| second * 1_000)
    }

    /// Evaluates every alarm that is due. The evaluation range ends at the latest end of a period.
    fn evaluate_due(self: &Arc<Self>) {
        let now = self.clock.now_ms().div_euclid(1_000);
        for (name, region) in self.regions.all() {
            let store = self.metrics.of(&name);
            for alarm in region.0.lock().values_mut() {
                let end = now - now.rem_euclid(alarm.interval());
                if end > alarm.evaluated {
                    self.evaluate(&store, alarm, end);
                }
            }
        }
    }
}

/// Holds no strong reference to the alarms while it sleeps, so that they are dropped with their cloud.
async fn watch(alarms: Weak<Alarms>) {
    loop {
        let Some(present) = alarms.upgrade() else { return };
        let Some(next_ms) = present.next_ms() else { return };
        let (clock, changed) = (present.clock.clone(), Arc::clone(&present.changed));
        drop(present);
        tokio::select! {
            () = clock.sleep_until(next_ms) => {
                let Some(present) = alarms.upgrade() else { return };
                present.evaluate_due();
            }
            () = changed.notified() => {}
        }
    }
}
