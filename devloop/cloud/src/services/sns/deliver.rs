//! Delivers messages to a topic's subscriptions: the first try, retries, and the dead-letter queue.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    envelope,
    http::{Failure, Poster},
    mail::{Letter, Mailbox},
    message::Published,
    outlets::Outlets,
    retry::{self, Policy},
    store::{Protocol, Subscription, Topic},
};
use crate::{
    cause,
    clock::Clock,
    context::Context,
    kept::{Budget, Kept},
    services::sqs::Parcel,
};

/// The most deliveries of one subscription in progress; further ones go to its dead-letter queue.
pub(super) const MOST_PENDING: usize = 10_000;

/// The most memory of the messages of all topics that are on their way, and of the deduplication ids of FIFO topics.
pub(super) const MEMORY: usize = 256 << 20;

/// About how many bytes a delivery takes besides its message.
const OVERHEAD: usize = 1_000;

/// How long an HTTP endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The most tries for a queue or function that exists but fails [Amazon SNS message delivery retries].
const MOST_TRIES: u32 = 100_015;

/// Delivers messages to subscriptions.
#[derive(Debug)]
pub(super) struct Courier {
    pub(super) clock: Clock,
    pub(super) outlets: Box<dyn Outlets>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) poster: Poster,
    pub(super) counts: Counts,
    /// The memory of what is on its way.
    pub(super) memory: Arc<Budget>,
}

/// Counts of messages by their outcome, for `devloop status`.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) published: AtomicU64,
    pub(super) delivered: AtomicU64,
    pub(super) filtered: AtomicU64,
    /// Deliveries that failed and went to a dead-letter queue.
    pub(super) redriven: AtomicU64,
    /// Deliveries that failed without a dead-letter queue.
    pub(super) lost: AtomicU64,
    pub(super) mails: AtomicU64,
}

/// The delivery of one message to one subscription.
#[derive(Debug, Clone)]
struct Delivery {
    cx: Context,
    subscription: Arc<Subscription>,
    message: Arc<Published>,
    /// The sender's name in e-mails.
    sender: String,
}

impl Courier {
    /// Sends a message to every confirmed subscription whose filter policy accepts it. When this returns, queues and
    /// functions have the message, unless they failed. E-mails and HTTP endpoints get it in tasks of their own.
    pub(super) fn fan_out(self: &Arc<Self>, cx: &Context, topic: &Topic, message: Published) {
        self.counts.published.fetch_add(1, Ordering::Relaxed);
        let message = Arc::new(message);
        let display_name = topic.settings.read().display_name.clone();
        let sender = if display_name.is_empty() { "AWS Notifications".to_owned() } else { display_name };
        let subscriptions = topic.subscriptions.read().clone();
        for subscription in subscriptions.into_iter().filter(|subscription| subscription.is_confirmed()) {
            if subscription.settings.read().filter.as_ref().is_some_and(|filter| !filter.accepts(&message)) {
                self.counts.filtered.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let message = Arc::clone(&message);
            let delivery = Delivery { cx: cx.clone(), subscription, message, sender: sender.clone() };
            self.begin(delivery);
        }
    }

    fn begin(self: &Arc<Self>, delivery: Delivery) {
        let tries = match self.at_once(&delivery) {
            Some(Ok(())) => return self.delivered(),
            Some(Err(Failure::Permanent(reason))) => return self.give_up(&delivery, &reason),
            Some(Err(Failure::Temporary(_))) => 1,
            None => 0,
        };
        if delivery.subscription.pending.fetch_add(1, Ordering::AcqRel) >= MOST_PENDING {
            delivery.subscription.pending.fetch_sub(1, Ordering::AcqRel);
            return self.give_up(&delivery, "too many deliveries of the subscription are in progress");
        }
        let Some(kept) = Kept::claim(&self.memory, delivery.message.bytes() + OVERHEAD) else {
            delivery.subscription.pending.fetch_sub(1, Ordering::AcqRel);
            return self
                .give_up(&delivery, "the messages of all topics that are on their way take too much memory");
        };
        let courier = Arc::clone(self);
        tokio::spawn(cause::carried(async move {
            courier.pursue(&delivery, tries).await;
            drop(kept);
            delivery.subscription.pending.fetch_sub(1, Ordering::AcqRel);
        }));
    }

    /// A try that does not wait; `None` for protocols that need to wait.
    fn at_once(&self, delivery: &Delivery) -> Option<Result<(), Failure>> {
        let outcome = match delivery.subscription.protocol {
            Protocol::Sqs => self.outlets.queue(&delivery.subscription.endpoint, delivery.parcel()),
            Protocol::Lambda => {
                let Delivery { cx, subscription, message, .. } = delivery;
                let event = envelope::event(cx, subscription, message).to_string();
                self.outlets.function(cx, &subscription.endpoint, event.into())
            }
            Protocol::Http | Protocol::Https | Protocol::Email | Protocol::EmailJson => return None,
        };
        Some(outcome.map_err(|error| {
            let reason = error.to_string();
            if error.is_client_fault() { Failure::Permanent(reason) } else { Failure::Temporary(reason) }
        }))
    }

    /// Retries until the message is delivered, the endpoint refuses it, or no retry is left.
    async fn pursue(&self, delivery: &Delivery, mut tries: u32) {
        let delays = delivery.delays();
        loop {
            if tries > 0 {
                let delay = match &delays {
                    Some(delays) => delays.get(tries as usize - 1).copied(),
                    None => (tries < MOST_TRIES).then(|| retry::aws_managed(tries)),
                };
                let Some(delay) = delay else { return self.give_up(delivery, "every try failed") };
                self.clock.sleep(delay).await;
            }
            tries += 1;
            let outcome = match self.at_once(delivery) {
                Some(outcome) => outcome,
                None => self.slowly(delivery).await,
            };
            match outcome {
                Ok(()) => return self.delivered(),
                Err(Failure::Permanent(reason)) => return self.give_up(delivery, &reason),
                Err(Failure::Temporary(reason)) => {
                    tracing::debug!(
                        subscription = delivery.subscription.arn,
                        tries,
                        reason,
                        "not delivered yet"
                    );
                    // Yields, because retries without a delay would block the task's thread.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    async fn slowly(&self, delivery: &Delivery) -> Result<(), Failure> {
        if delivery.subscription.protocol.is_posted() {
            let raw = delivery.subscription.settings.read().raw;
            let about = (delivery.message.id.as_str(), raw);
            let post = self.poster.post(&delivery.subscription, "Notification", about, delivery.body());
            return self.clock.timeout(PATIENCE, post).await.unwrap_or_else(|_| {
                Err(Failure::Temporary("the endpoint did not answer within 15 s".to_owned()))
            });
        }
        let written = self.mailbox.deliver(delivery.letter()).await;
        written.map_err(|error| Failure::Temporary(error.to_string()))?;
        self.counts.mails.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Asks an HTTP endpoint to confirm the subscription.
    pub(super) fn ask(self: &Arc<Self>, cx: &Context, subscription: &Arc<Subscription>) {
        let document = envelope::confirmation(cx, subscription, self.clock.now_ms());
        let (courier, subscription) = (Arc::clone(self), Arc::clone(subscription));
        tokio::spawn(async move {
            let id = document["MessageId"].as_str().unwrap_or_default().to_owned();
            for delay in std::iter::once(Duration::ZERO).chain(Policy::default().delays()) {
                courier.clock.sleep(delay).await;
                let about = (id.as_str(), false);
                let post = courier.poster.post(
                    &subscription,
                    "SubscriptionConfirmation",
                    about,
                    document.to_string(),
                );
                match courier.clock.timeout(PATIENCE, post).await {
                    Ok(Err(Failure::Temporary(_))) | Err(_) => {}
                    Ok(_) => return,
                }
            }
        });
    }

    fn delivered(&self) {
        self.counts.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends the message to the dead-letter queue. Without one the message is lost, which is logged.
    fn give_up(&self, delivery: &Delivery, reason: &str) {
        let queue = delivery.subscription.settings.read().dead_letters.clone();
        let outcome = queue.as_ref().map(|queue| self.outlets.queue(queue, delivery.parcel()));
        match outcome {
            Some(Ok(())) => {
                self.counts.redriven.fetch_add(1, Ordering::Relaxed);
            }
            other => {
                self.counts.lost.fetch_add(1, Ordering::Relaxed);
                let dead_letters = match other {
                    Some(Err(error)) => error.to_string(),
                    _ => "the subscription has none".to_owned(),
                };
                tracing::warn!(
                    subscription = delivery.subscription.arn,
                    endpoint = delivery.subscription.endpoint,
                    message = delivery.message.id,
                    reason,
                    dead_letters,
                    "a message of a topic was not delivered and is lost"
                );
            }
        }
    }
}

impl Delivery {
    fn body(&self) -> String {
        let subscription = &self.subscription;
        if subscription.settings.read().raw {
            self.message.text_for(subscription.protocol).to_owned()
        } else {
            envelope::notification(&self.cx, subscription, &self.message).to_string()
        }
    }

    fn parcel(&self) -> Parcel {
        let raw = self.subscription.settings.read().raw;
        Parcel {
            body: self.body(),
            attributes: if raw { self.message.attributes.clone() } else { BTreeMap::new() },
            group: self.message.group.clone(),
            deduplication: self.message.deduplication.clone(),
        }
    }

    fn letter(&self) -> Letter {
        let (subscription, message) = (&self.subscription, &self.message);
        let text = if subscription.protocol == Protocol::EmailJson {
            envelope::notification(&self.cx, subscription, message).to_string()
        } else {
            format!(
                "{}\n\n--\nIf you wish to stop receiving notifications from this topic, please click or visit the link \
                 below to unsubscribe:\n{}",
                message.text_for(Protocol::Email),
                envelope::unsubscribe(&self.cx, subscription)
            )
        };
        Letter {
            from: format!("{} <no-reply@sns.amazonaws.com>", self.sender),
            to: subscription.endpoint.clone(),
            subject: message.subject.clone().unwrap_or_else(|| "AWS Notification Message".to_owned()),
            text,
            message_id: message.id.clone(),
            at_ms: message.at_ms,
        }
    }

    /// The waits before retries; `None` for queues and functions, which have fixed ones.
    fn delays(&self) -> Option<Vec<Duration>> {
        match self.subscription.protocol {
            Protocol::Sqs | Protocol::Lambda => None,
            Protocol::Http | Protocol::Https => {
                let text = self.subscription.settings.read().delivery_policy.clone().unwrap_or_default();
                Some(Policy::read(&text).unwrap_or_default().delays())
            }
            Protocol::Email | Protocol::EmailJson => Some(Policy::default().delays()),
        }
    }
}
