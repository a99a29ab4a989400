//! What the service keeps: topics and subscriptions, with their settings.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use indexmap::IndexMap;
use parking_lot::{Mutex, RwLock};

use super::{attributes::SubscriptionSettings, topics::TopicSettings};
use crate::{kept::Budget, services::sqs::Accepted};

/// The topics and subscriptions of one region.
#[derive(Debug, Default)]
pub(super) struct Region {
    /// By name.
    pub(super) topics: RwLock<BTreeMap<String, Arc<Topic>>>,
    /// By ARN, in the order of creation.
    pub(super) subscriptions: RwLock<IndexMap<String, Arc<Subscription>>>,
}

#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) settings: RwLock<TopicSettings>,
    pub(super) tags: RwLock<BTreeMap<String, String>>,
    /// The topic's subscriptions in the order of creation; changed together with the region's.
    pub(super) subscriptions: RwLock<Vec<Arc<Subscription>>>,
    /// How many subscriptions were deleted.
    pub(super) unsubscribed: AtomicUsize,
    /// Held while a message of a FIFO topic is sent, so that sequence numbers have the order of delivery.
    pub(super) order: Mutex<Order>,
}

/// The state of a FIFO topic.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) accepted: Accepted,
    pub(super) last: u64,
}

#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) arn: String,
    pub(super) topic_arn: String,
    pub(super) protocol: Protocol,
    pub(super) endpoint: String,
    /// The token for [`ConfirmSubscription`, Amazon SNS API reference].
    pub(super) token: String,
    confirmed: AtomicBool,
    pub(super) settings: RwLock<SubscriptionSettings>,
    /// Deliveries in progress, including those that wait for a retry.
    pub(super) pending: AtomicUsize,
}

/// The protocol of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Sqs,
    Lambda,
    Http,
    Https,
    Email,
    EmailJson,
}

impl Protocol {
    /// Whether messages are posted to an endpoint, which must first confirm its subscription.
    pub(super) fn is_posted(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
            Self::Http => "http",
            Self::Https => "https",
            Self::Email => "email",
            Self::EmailJson => "email-json",
        }
    }
}

impl Topic {
    pub(super) fn new(
        name: &str,
        arn: String,
        settings: TopicSettings,
        tags: BTreeMap<String, String>,
        deduplication: &Arc<Budget>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            arn,
            settings: RwLock::new(settings),
            tags: RwLock::new(tags),
            subscriptions: RwLock::default(),
            unsubscribed: AtomicUsize::new(0),
            order: Mutex::new(Order { accepted: Accepted::within(deduplication), last: 0 }),
        }
    }

    pub(super) fn is_fifo(&self) -> bool {
        self.name.strip_suffix(".fifo").is_some()
    }
}

impl Subscription {
    pub(super) fn new(
        topic: &Topic,
        (protocol, endpoint): (Protocol, String),
        settings: SubscriptionSettings,
        confirmed: bool,
    ) -> Self {
        let token: [u8; 32] = rand::random();
        Self {
            arn: format!("{}:{}", topic.arn, crate::wire::unique_id()),
            topic_arn: topic.arn.clone(),
            protocol,
            endpoint,
            token: token.iter().map(|byte| format!("{byte:02x}")).collect(),
            confirmed: AtomicBool::new(confirmed),
            settings: RwLock::new(settings),
            pending: AtomicUsize::new(0),
        }
    }

    pub(super) fn is_confirmed(&self) -> bool {
        self.confirmed.load(Ordering::Acquire)
    }

    pub(super) fn confirm(&self) {
        self.confirmed.store(true, Ordering::Release);
    }
}
