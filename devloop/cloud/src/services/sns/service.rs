//! The service: operations by their API names, and what the rest of the cloud uses.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::{
    deliver::{Counts, Courier, MEMORY},
    http::Poster,
    input::{self, invalid, required},
    mail::{Mail, Mailbox},
    outlets::Outlets,
    permissions, publish,
    store::{Region, Topic},
    subscriptions, tags, topics,
};
use crate::{clock::Clock, context::Context, error::ApiError, kept::Budget, regional::Regional};

/// SNS. Topic policies are kept without effect, because this cloud does not check callers.
#[derive(Debug)]
pub(crate) struct Sns {
    regions: Regional<Region>,
    courier: Arc<Courier>,
}

impl Sns {
    /// A service without topics that keeps e-mails in `mail_folder`.
    pub(crate) fn new(clock: Clock, outlets: Box<dyn Outlets>, mail_folder: Option<PathBuf>) -> Self {
        let courier = Courier {
            clock,
            outlets,
            mailbox: Arc::new(Mailbox::new(mail_folder)),
            poster: Poster::new(),
            counts: Counts::default(),
            memory: Arc::new(Budget::new(MEMORY)),
        };
        Self { regions: Regional::default(), courier: Arc::new(courier) }
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let run = match operation {
            "AddPermission" => permissions::add,
            "ConfirmSubscription" => subscriptions::confirm,
            "CreateTopic" => topics::create,
            "DeleteTopic" => topics::delete,
            "GetSubscriptionAttributes" => subscriptions::get_attributes,
            "GetTopicAttributes" => topics::attributes,
            "ListSubscriptions" => subscriptions::list,
            "ListSubscriptionsByTopic" => subscriptions::list_by_topic,
            "ListTagsForResource" => tags::list,
            "ListTopics" => topics::list,
            "Publish" => publish::one,
            "PublishBatch" => publish::batch,
            "RemovePermission" => permissions::remove,
            "SetSubscriptionAttributes" => subscriptions::set_attributes,
            "SetTopicAttributes" => topics::set_attributes,
            "Subscribe" => subscriptions::subscribe,
            "TagResource" => tags::add,
            "Unsubscribe" => subscriptions::unsubscribe,
            "UntagResource" => tags::remove,
            _ => return Err(ApiError::unknown_operation("sns", operation)),
        };
        run(self, cx, input)
    }

    /// Follows every e-mail from now on.
    pub(crate) fn follow_mails(&self) -> broadcast::Receiver<Mail> {
        self.courier.mailbox.follow()
    }

    /// The topics, the outcomes of their messages, and the captured e-mails, for `devloop status`.
    pub(crate) fn status(&self) -> Value {
        let counts = &self.courier.counts;
        let mut topics = Vec::new();
        for (region, store) in self.regions.all() {
            for topic in store.topics.read().values() {
                topics.push(json!({
                    "region": *region,
                    "name": topic.name,
                    "subscriptions": topic.subscriptions.read().len(),
                }));
            }
        }
        json!({
            "topics": topics,
            "published": counts.published.load(Ordering::Relaxed),
            "delivered": counts.delivered.load(Ordering::Relaxed),
            "filtered": counts.filtered.load(Ordering::Relaxed),
            "redriven": counts.redriven.load(Ordering::Relaxed),
            "lost": counts.lost.load(Ordering::Relaxed),
            "mails": counts.mails.load(Ordering::Relaxed),
            "mail_folder": self.courier.mailbox.folder().map(Path::to_owned),
        })
    }

    /// How many deliveries are in progress or wait for a retry.
    pub(crate) fn pending(&self) -> usize {
        let pending = |store: &Region| {
            let subscriptions = store.subscriptions.read();
            subscriptions.values().map(|one| one.pending.load(Ordering::Relaxed)).sum::<usize>()
        };
        self.regions.all().iter().map(|(_, store)| pending(store)).sum()
    }

    pub(super) fn courier(&self) -> &Arc<Courier> {
        &self.courier
    }

    pub(super) fn region(&self, region: &str) -> Arc<Region> {
        self.regions.of(region)
    }

    /// The topic with this ARN, in the request's region and account.
    pub(super) fn topic(&self, cx: &Context, arn: Option<&str>) -> Result<Arc<Topic>, ApiError> {
        let arn = required(arn, "TopicArn")?;
        let (region, account, name, _) = input::parse_arn(arn)
            .ok_or_else(|| invalid("TopicArn Reason: An ARN must have at least 6 elements, not 1"))?;
        if region != &*cx.region || account != &*cx.account {
            return Err(topics::missing());
        }
        self.region(region).topics.read().get(name).cloned().ok_or_else(topics::missing)
    }
}
