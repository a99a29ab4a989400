//! The task of a queue's mapping: it receives batches from the queue and starts their deliveries, up to the mapping's
//! concurrency.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet};

use super::{
    batch::{Batch, Delivery, Reached, hold},
    event::MOST_BYTES,
    gauge::Gauge,
};
use crate::{
    clock::Clock,
    services::sqs::{Poll, Queue},
    triggers::{
        mapping::{LastResult, Mapping, Plan, State},
        outside::Outside,
    },
};

/// The most deliveries at the same time, if the mapping has no maximum concurrency. The function's pool decides how many
/// environments they get: it starts more only while others are busy, and retires idle ones.
const MOST_BATCHES: usize = 100;

/// How long one receive waits at an empty queue; a message ends the wait at once.
const LOOK: Duration = Duration::from_hours(1);

/// The first and the longest wait before the next batch when the function could not be reached.
const UNREACHED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The task of one mapping.
#[derive(Debug)]
pub(in crate::triggers) struct Feeder<O: Outside> {
    delivery: Arc<Delivery<O>>,
    plans: watch::Receiver<Arc<Plan>>,
    nudges: watch::Receiver<u64>,
    batches: JoinSet<Reached>,
    /// How long to wait before the next batch, because the function could not be reached.
    pause: Option<Duration>,
}

/// Whether the feeder continues.
type Flow<T> = ControlFlow<(), T>;

impl<O: Outside> Feeder<O> {
    /// A feeder that delivers from `queue` for `mapping`.
    pub(in crate::triggers) fn new(
        mapping: Arc<Mapping>,
        queue: Arc<Queue>,
        outside: Arc<O>,
        clock: Clock,
    ) -> Self {
        let gauge = Arc::new(Gauge::new(Arc::clone(&queue)));
        mapping.reads(vec![Arc::clone(&gauge) as _]);
        let (plans, nudges) = (mapping.plans(), mapping.nudges());
        let delivery = Arc::new(Delivery { mapping, queue, gauge, outside, clock });
        Self { delivery, plans, nudges, batches: JoinSet::new(), pause: None }
    }

    /// Runs until the mapping or its queue is deleted.
    pub(in crate::triggers) async fn run(mut self) {
        while self.round().await.is_continue() {}
    }

    async fn round(&mut self) -> Flow<()> {
        let plan = Arc::clone(&self.plans.borrow_and_update());
        let mapping = Arc::clone(&self.delivery.mapping);
        if !plan.enabled {
            // Functions keep the messages of running invocations until they answer.
            while let Some(done) = self.batches.join_next().await {
                self.note(done);
            }
            mapping.settle(&plan, State::Disabled);
            return self.changed().await;
        }
        mapping.settle(&plan, State::Enabled);
        let most = plan.settings.concurrency.unwrap_or(MOST_BATCHES);
        while self.batches.len() >= most {
            tokio::select! {
                Some(done) = self.batches.join_next() => self.note(done),
                changed = changed(&mut self.plans) => return changed,
            }
        }
        while let Some(done) = self.batches.try_join_next() {
            self.note(done);
        }
        if let Some(pause) = self.pause {
            let clock = self.delivery.clock.clone();
            self.nudges.mark_unchanged();
            tokio::select! {
                () = clock.sleep(pause) => {}
                _ = self.nudges.changed() => {}
                changed = changed(&mut self.plans) => return changed,
            }
        }
        let batch = self.gather(&plan).await?;
        if !batch.messages.is_empty() {
            let delivery = Arc::clone(&self.delivery);
            self.batches.spawn(async move { delivery.deliver(&plan, batch).await });
        }
        ControlFlow::Continue(())
    }

    /// Receives messages until the batch is full or its window has passed. A change of the plan ends this early; messages
    /// that were received by then are still delivered, so that the receive does not count against them.
    async fn gather(&mut self, plan: &Plan) -> Flow<Batch> {
        let settings = &plan.settings;
        let mut batch = Batch::default();
        let mut until_ms = None;
        while batch.messages.len() < settings.batch_size && batch.bytes < MOST_BYTES / 2 {
            let now = self.delivery.clock.now_ms();
            let wait = until_ms.map_or(LOOK, |until: i64| Duration::from_millis((until - now).max(0) as u64));
            let poll = Poll {
                most: (settings.batch_size - batch.messages.len()).min(most_messages(batch.bytes)),
                wait: Some(wait),
                visibility: Some(hold(&self.delivery.queue)),
                attempt: None,
            };
            let delivery = Arc::clone(&self.delivery);
            let received = tokio::select! {
                biased;
                received = delivery.outside.sqs().receive(delivery.mapping.region(), &delivery.queue, &poll) => received,
                changed = changed(&mut self.plans) => {
                    // Marks the change as unseen, so that the next round reads the new plan.
                    self.plans.mark_changed();
                    changed?;
                    break;
                }
            };
            let Ok(received) = received else {
                self.delivery.mapping.processed(LastResult::QueueGone);
                self.delivery.mapping.disable();
                return ControlFlow::Break(());
            };
            for received in received {
                self.delivery.add(plan, &mut batch, received);
            }
            if until_ms.is_some_and(|until| self.delivery.clock.now_ms() >= until) {
                break;
            }
            if !batch.messages.is_empty() {
                until_ms.get_or_insert(self.delivery.clock.now_ms() + settings.window.as_millis() as i64);
                if settings.window.is_zero() {
                    break;
                }
            }
        }
        ControlFlow::Continue(batch)
    }

    fn note(&mut self, done: Result<Reached, tokio::task::JoinError>) {
        self.pause = match done {
            Ok(Reached::Yes) => None,
            _ => Some(self.pause.map_or(UNREACHED.0, |pause| (pause * 2).min(UNREACHED.1))),
        };
    }

    async fn changed(&mut self) -> Flow<()> {
        changed(&mut self.plans).await
    }
}

/// When a mapping is deleted, running invocations continue, and their answers still settle their messages.
impl<O: Outside> Drop for Feeder<O> {
    fn drop(&mut self) {
        self.batches.detach_all();
    }
}

async fn changed(plans: &mut watch::Receiver<Arc<Plan>>) -> Flow<()> {
    match plans.changed().await {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

/// How many more messages are sure to fit into an event that has `bytes` already, even if each has the largest size.
fn most_messages(bytes: usize) -> usize {
    ((MOST_BYTES - bytes.min(MOST_BYTES)) >> 20).max(1) * 10
}
