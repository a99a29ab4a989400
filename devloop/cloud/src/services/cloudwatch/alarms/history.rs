//! The history of an alarm, for DescribeAlarmHistory.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::wire;

/// How many entries an alarm keeps; the oldest are dropped. AWS keeps them for 30 days.
const KEPT: usize = 200;

/// The entries of one alarm, the oldest first.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<Entry>);

/// One entry of the history.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) at_ms: i64,
    /// `ConfigurationUpdate`, `StateUpdate` or `Action`.
    pub(super) kind: &'static str,
    pub(super) summary: String,
    pub(super) data: Value,
}

impl History {
    /// Adds an entry.
    pub(super) fn add(&mut self, at_ms: i64, kind: &'static str, summary: impl Into<String>, data: Value) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Entry { at_ms, kind, summary: summary.into(), data });
    }

    /// The entries, the oldest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }
}

impl Entry {
    /// The entry as DescribeAlarmHistory shows it.
    pub(super) fn describe(&self, alarm: &str) -> Value {
        json!({
            "AlarmName": alarm,
            "AlarmType": "MetricAlarm",
            "Timestamp": wire::time(self.at_ms),
            "HistoryItemType": self.kind,
            "HistorySummary": self.summary.chars().take(255).collect::<String>(),
            "HistoryData": self.data.to_string().chars().take(4_095).collect::<String>(),
        })
    }
}
