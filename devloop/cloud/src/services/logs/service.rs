//! The service: runs operations by name, and has shortcuts for the cloud's own services.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;
use serde_json::Value;
use tokio::sync::broadcast::Receiver;

use super::{
    errors::{constraint, invalid, missing, no_group},
    filter,
    group::{Group, MEMORY},
    groups,
    insights::Queries,
    live::{Live, LogEvent},
    metric_filters, put, read, streams, tags,
};
use crate::{
    clock::Clock, context::Context, error::ApiError, kept::Budget, regional::Regional,
    services::cloudwatch::CloudWatch,
};

/// CloudWatch Logs.
#[derive(Debug)]
pub(crate) struct Logs {
    clock: Clock,
    regions: Regional<Store>,
    live: Live,
    /// The CloudWatch in which metric filters record.
    metrics: Arc<CloudWatch>,
    queries: Queries,
    /// The memory of the events of all groups.
    pub(super) memory: Arc<Budget>,
}

/// The groups of a region by name.
#[derive(Debug, Default)]
pub(crate) struct Store(pub(crate) RwLock<BTreeMap<Arc<str>, Arc<Group>>>);

/// What an operation gets besides its input.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) store: &'a Store,
    pub(crate) now_ms: i64,
    /// The memory of the events of all groups.
    pub(crate) memory: &'a Arc<Budget>,
}

impl Scope<'_> {
    /// The group that `logGroupName` or else `logGroupIdentifier` (a name or an ARN) names.
    pub(crate) fn group(&self, name: Option<&str>, identifier: Option<&str>) -> Result<Arc<Group>, ApiError> {
        if name.is_some() && identifier.is_some() {
            return Err(invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters."));
        }
        let name = name.or(identifier.map(group_of_arn)).ok_or_else(|| missing("logGroupName"))?;
        check_group_name(name)?;
        self.store.0.read().get(name).map(Arc::clone).ok_or_else(no_group)
    }

    /// The ARN of a group, without the `:*` that some operations add.
    pub(crate) fn arn(&self, group: &str) -> String {
        self.cx.arn("logs", &format!("log-group:{group}"))
    }
}

/// The group's name in an ARN; a name is returned unchanged.
pub(crate) fn group_of_arn(text: &str) -> &str {
    match text.split_once(":log-group:") {
        Some((_, rest)) => rest.split_once(':').map_or(rest, |(name, _)| name),
        None => text,
    }
}

/// Checks the name of a group: 1 to 512 letters, digits and `.-_/#` [CreateLogGroup].
pub(crate) fn check_group_name(name: &str) -> Result<(), ApiError> {
    if name.is_empty() || name.len() > 512 {
        return Err(constraint(
            name,
            "logGroupName",
            "have length less than or equal to 512, and greater than or equal to 1",
        ));
    }
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte)) {
        return Ok(());
    }
    Err(constraint(name, "logGroupName", "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"))
}

impl Logs {
    /// A service without groups.
    pub(crate) fn new(clock: Clock, metrics: Arc<CloudWatch>) -> Self {
        let (regions, live) = (Regional::default(), Live::default());
        let memory = Arc::new(Budget::new(MEMORY));
        Self { clock, regions, live, metrics, queries: Queries::default(), memory }
    }

    /// Runs one operation by its API name.
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let store = self.regions.of(&cx.region);
        let scope = Scope { cx, store: &store, now_ms: self.clock.now_ms(), memory: &self.memory };
        match operation {
            "CreateLogGroup" => groups::create(&scope, input),
            "DeleteLogGroup" => groups::delete(&scope, input),
            "DescribeLogGroups" => groups::describe(&scope, input),
            "PutRetentionPolicy" => groups::put_retention(&scope, input),
            "DeleteRetentionPolicy" => groups::delete_retention(&scope, input),
            "CreateLogStream" => streams::create(&scope, input),
            "DeleteLogStream" => streams::delete(&scope, input),
            "DescribeLogStreams" => streams::describe(&scope, input),
            "PutLogEvents" => put::put(&scope, &self.live, &self.metrics, input),
            "GetLogEvents" => read::get(&scope, input),
            "FilterLogEvents" => filter::filter(&scope, input),
            "PutMetricFilter" => metric_filters::put(&scope, input),
            "DescribeMetricFilters" => metric_filters::describe(&scope, input),
            "DeleteMetricFilter" => metric_filters::delete(&scope, input),
            "TestMetricFilter" => metric_filters::test(input),
            "StartQuery" => self.queries.start(&scope, input).await,
            "GetQueryResults" => self.queries.results(&scope, input),
            "DescribeQueries" => self.queries.describe(&scope, input),
            "StopQuery" => self.queries.stop(&scope, input),
            "TagResource" => tags::tag(&scope, input),
            "UntagResource" => tags::untag(&scope, input),
            "ListTagsForResource" => tags::list(&scope, input),
            "TagLogGroup" => tags::tag_group(&scope, input),
            "UntagLogGroup" => tags::untag_group(&scope, input),
            "ListTagsLogGroup" => tags::list_group(&scope, input),
            _ => Err(ApiError::unknown_operation("logs", operation)),
        }
    }

    /// Logs events, each with its time in ms since the epoch; creates the group and the stream if needed. The limits of
    /// PutLogEvents do not apply.
    pub(crate) fn append(&self, region: &str, group: &str, stream: &str, events: Vec<(i64, String)>) {
        let (store, now_ms) = (self.regions.of(region), self.clock.now_ms());
        let events: Vec<(i64, Arc<str>)> =
            events.into_iter().map(|(at_ms, message)| (at_ms, message.into())).collect();
        let group = store.group_or_new(group, now_ms, &self.memory);
        let (stream, filters) = {
            let mut content = group.content.lock();
            let stream = if let Some(name) = content.append(stream, now_ms, &events) {
                name
            } else {
                let name: Arc<str> = stream.into();
                content.create_stream(Arc::clone(&name), now_ms);
                content.append(stream, now_ms, &events);
                name
            };
            (stream, content.metric_filters.values().cloned().collect::<Vec<_>>())
        };
        self.memory.make_room(0);
        for (at_ms, message) in &events {
            for filter in &filters {
                filter.observe(&self.metrics, region, *at_ms, message);
            }
        }
        self.live.send(region, &group.name, &stream, events.iter().map(|(at_ms, text)| (*at_ms, text)));
    }

    /// How many groups there are, and how many events and bytes they keep in all.
    pub(crate) fn kept(&self) -> (usize, usize, usize) {
        let mut kept = (0, 0, 0);
        for (_, store) in self.regions.all() {
            for group in store.0.read().values() {
                let content = group.content.lock();
                kept = (kept.0 + 1, kept.1 + content.events.len(), kept.2 + content.bytes);
            }
        }
        kept
    }

    /// Follows the events that clients and the cloud log from now on, in every region. A follower that is too slow is told
    /// how many events it missed.
    pub(crate) fn subscribe(&self) -> Receiver<LogEvent> {
        self.live.subscribe()
    }
}

impl Store {
    fn group_or_new(&self, name: &str, now_ms: i64, memory: &Arc<Budget>) -> Arc<Group> {
        if let Some(group) = self.0.read().get(name) {
            return Arc::clone(group);
        }
        let name: Arc<str> = name.into();
        let mut groups = self.0.write();
        Arc::clone(groups.entry(Arc::clone(&name)).or_insert_with(|| Group::new(name, now_ms, memory)))
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast::error::TryRecvError;

    use super::*;

    #[test]
    fn followers_get_new_events_and_the_number_of_missed_ones() {
        let clock = Clock::manual(1_000);
        let logs = Logs::new(clock.clone(), Arc::new(CloudWatch::new(clock)));
        logs.append("eu-west-1", "/g", "s", vec![(1, "before".to_owned())]);
        let mut follower = logs.subscribe();
        logs.append("eu-west-1", "/g", "s", vec![(2, "one".to_owned()), (3, "two".to_owned())]);
        let event = follower.try_recv().unwrap();
        assert_eq!(
            (&*event.region, &*event.group, &*event.stream, event.at_ms, &*event.message),
            ("eu-west-1", "/g", "s", 2, "one")
        );
        assert_eq!(&*follower.try_recv().unwrap().message, "two");
        assert!(matches!(follower.try_recv(), Err(TryRecvError::Empty)));
        let flood = (0..5_000).map(|number| (number, String::new())).collect();
        logs.append("eu-west-1", "/g", "s", flood);
        assert!(matches!(follower.try_recv(), Err(TryRecvError::Lagged(904))));
    }

    #[test]
    fn a_groups_name_is_found_in_arns() {
        let check = |text: &str, expected: &str| assert_eq!(group_of_arn(text), expected);
        check("/aws/lambda/f", "/aws/lambda/f");
        check("arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f", "/aws/lambda/f");
        check("arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*", "/aws/lambda/f");
        check("arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s", "g");
    }
}
