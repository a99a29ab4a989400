//! One alarm: its settings, its state, and its history.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    super::{queries::Answers, store::Store},
    decide::{self, State},
    history::History,
    reason::Point,
    settings::{Settings, Source},
};
use crate::{context::Context, wire};

#[derive(Debug)]
pub(super) struct Alarm {
    pub(super) settings: Settings,
    pub(super) arn: String,
    /// The context of the request that created the alarm; its actions run in this context.
    pub(super) cx: Context,
    pub(super) actions_enabled: bool,
    pub(super) configured_ms: i64,
    pub(super) state: State,
    pub(super) reason: String,
    pub(super) reason_data: Option<String>,
    /// When the state was last set, and when it last changed to another state.
    pub(super) updated_ms: i64,
    pub(super) transitioned_ms: i64,
    /// Until when the alarm was evaluated, in s since the epoch.
    pub(super) evaluated: i64,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) history: History,
}

impl Alarm {
    /// How often the alarm is evaluated, in s: every minute, and for shorter periods every period.
    pub(super) fn interval(&self) -> i64 {
        self.settings.period.min(60)
    }

    /// The points of the evaluation range that ends at `end` (in s), the newest first. A point without a value is a period
    /// without data.
    pub(super) fn points(&self, store: &Store, end: i64) -> Vec<Point> {
        let (range, period) = (decide::range(self.settings.rule) as i64, self.settings.period);
        let (from_ms, end_ms) = ((end - range * period) * 1_000, end * 1_000);
        let found = match &self.settings.source {
            Source::Stat(stat) => stat.points(store, from_ms, end_ms, end_ms),
            Source::Math(queries) => {
                let returned = queries.iter().find(|query| query.returned);
                let answers = Answers::new(store, queries, (from_ms, end_ms), end_ms);
                let series =
                    answers.ok().zip(returned).and_then(|(answers, query)| answers.series(query).ok());
                series.and_then(|series| series.into_iter().next()).map(|one| one.points).unwrap_or_default()
            }
        };
        let starts = (1..=range).map(|back| end - back * period);
        starts.map(|start| Point { start, value: found.get(&start).copied() }).collect()
    }

    /// The alarm as DescribeAlarms shows it.
    pub(super) fn describe(&self) -> Value {
        let mut members: Map<String, Value> = self.settings.shown.clone();
        members.insert("AlarmArn".to_owned(), self.arn.clone().into());
        members.insert("ActionsEnabled".to_owned(), self.actions_enabled.into());
        members.insert("AlarmConfigurationUpdatedTimestamp".to_owned(), wire::time(self.configured_ms));
        members.insert("StateValue".to_owned(), self.state.name().into());
        members.insert("StateReason".to_owned(), self.reason.clone().into());
        if let Some(data) = &self.reason_data {
            members.insert("StateReasonData".to_owned(), data.clone().into());
        }
        members.insert("StateUpdatedTimestamp".to_owned(), wire::time(self.updated_ms));
        members.insert("StateTransitionedTimestamp".to_owned(), wire::time(self.transitioned_ms));
        members.into()
    }
}
