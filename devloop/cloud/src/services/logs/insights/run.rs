//! Runs a query over the events of some groups.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use super::{
    event::Fields,
    query::{Command, Figure, Key, Query},
    value::Field,
};
use crate::services::logs::group::{Event, Group, OVERHEAD, Position};

/// The fields of a result row.
pub(super) type Row = Vec<(String, String)>;

/// The result of a query.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    /// How many events passed the `filter` commands.
    pub(super) matched: usize,
    pub(super) scanned: usize,
    pub(super) bytes: usize,
}

/// Values with their names.
type Named = Vec<(String, Field)>;

/// An event, or a row of `stats`.
struct Record {
    source: Option<Source>,
    /// The values that `fields` and `stats` have named.
    named: Named,
}

/// The place of an event.
struct Source {
    event: Arc<Event>,
    position: Position,
    group: Arc<str>,
}

/// Runs `query` over the events in `range`; returns at most `most` rows. Many events take long: call it where blocking is
/// allowed.
pub(super) fn run(
    query: &Query,
    groups: &[Arc<Group>],
    range: (Position, Position),
    account: &str,
    most: usize,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut records = Vec::new();
    for group in groups {
        let content = group.content.lock();
        let events = content.events.range((Bound::Included(range.0), Bound::Excluded(range.1)));
        records.extend(events.map(|(position, event)| {
            outcome.bytes += event.message.len() + OVERHEAD;
            Record {
                source: Some(Source {
                    event: Arc::clone(event),
                    position: *position,
                    group: Arc::clone(&group.name),
                }),
                named: Vec::new(),
            }
        }));
    }
    outcome.scanned = records.len();
    outcome.matched = records.len();
    // By default the latest event comes first.
    records.sort_by_key(|record| std::cmp::Reverse(record.source.as_ref().map(|source| source.position)));
    let (mut shown, mut limit): (Option<Vec<String>>, usize) = (None, most);
    let mut is_counted = false;
    for command in &query.0 {
        match command {
            Command::Show { fields, only } => {
                for record in &mut records {
                    for (name, alias) in fields.iter().filter(|(name, alias)| name != alias) {
                        if let Some(value) = record.field(account, name) {
                            record.named.push((alias.clone(), value));
                        }
                    }
                }
                let names = fields.iter().map(|(_, alias)| alias.clone());
                match &mut shown {
                    Some(shown) if !only => shown.extend(names),
                    _ => shown = Some(names.collect()),
                }
            }
            Command::Filter(condition) => {
                records.retain(|record| {
                    // The message of an event is parsed once for the whole condition.
                    let fields = record.fields(account);
                    let of_event = |name: &str| fields.as_ref().and_then(|fields| fields.get(name));
                    condition.holds(&|name| record.named(name).or_else(|| of_event(name)))
                });
                if !is_counted {
                    outcome.matched = records.len();
                }
            }
            Command::Sort(names) => records.sort_by(|one, other| order(names, account, one, other)),
            Command::Limit(count) => {
                records.truncate(*count);
                limit = limit.min(*count);
            }
            Command::Stats { figures, by } => {
                is_counted = true;
                records = summed(&records, account, figures, by);
                shown = Some(
                    by.iter()
                        .map(|(_, name)| name.clone())
                        .chain(figures.iter().map(|(_, name)| name.clone()))
                        .collect(),
                );
            }
        }
    }
    records.truncate(limit);
    let shown = shown.unwrap_or_else(|| vec!["@timestamp".to_owned(), "@message".to_owned()]);
    outcome.rows = records.iter().map(|record| record.row(account, &shown)).collect();
    outcome
}

fn order(names: &[(String, bool)], account: &str, one: &Record, other: &Record) -> Ordering {
    let compare = |(name, greatest_first): &(String, bool)| {
        let order = match (one.field(account, name), other.field(account, name)) {
            (Some(one), Some(other)) => one.compare(&other),
            (one, other) => one.is_some().cmp(&other.is_some()),
        };
        if *greatest_first { order.reverse() } else { order }
    };
    names.iter().map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

impl Record {
    fn field(&self, account: &str, name: &str) -> Option<Field> {
        self.named(name).or_else(|| self.fields(account)?.get(name))
    }

    fn named(&self, name: &str) -> Option<Field> {
        self.named.iter().find(|(named, _)| named == name).map(|(_, value)| value.clone())
    }

    fn fields<'r>(&'r self, account: &'r str) -> Option<Fields<'r>> {
        let Source { event, position, group } = self.source.as_ref()?;
        Some(Fields::new(event, *position, group, account))
    }

    fn row(&self, account: &str, shown: &[String]) -> Row {
        // The pointer `@ptr` of an event can be used to fetch it; aggregated rows have none.
        let pointer = self.source.as_ref().map(|_| "@ptr".to_owned());
        let names = shown.iter().cloned().chain(pointer);
        names.filter_map(|name| Some((name.clone(), self.field(account, &name)?.text()))).collect()
    }
}

/// A row for each group of events with equal keys.
fn summed(
    records: &[Record],
    account: &str,
    figures: &[(Figure, String)],
    by: &[(Key, String)],
) -> Vec<Record> {
    let mut groups: BTreeMap<Vec<String>, (Named, Vec<&Record>)> = BTreeMap::new();
    for record in records {
        let keys = by.iter().filter_map(|(key, name)| Some((name.clone(), key.of(record, account)?)));
        let keys: Named = keys.collect();
        let place = keys.iter().map(|(name, value)| format!("{name}\0{}", value.text())).collect();
        groups.entry(place).or_insert_with(|| (keys, Vec::new())).1.push(record);
    }
    if by.is_empty() && groups.is_empty() {
        groups.insert(Vec::new(), (Vec::new(), Vec::new()));
    }
    let rows = groups.into_values().map(|(mut named, records)| {
        for (figure, name) in figures {
            if let Some(value) = figure.of(&records, account) {
                named.push((name.clone(), value));
            }
        }
        Record { source: None, named }
    });
    rows.collect()
}

impl Key {
    fn of(&self, record: &Record, account: &str) -> Option<Field> {
        match self {
            Self::Name(name) => record.field(account, name),
            Self::Bin(length_ms) => {
                let at_ms = record.field(account, "@timestamp")?.number()? as i64;
                Some(Field::Time(at_ms.div_euclid(*length_ms) * length_ms))
            }
        }
    }
}

impl Figure {
    fn of(&self, records: &[&Record], account: &str) -> Option<Field> {
        let values = |name: &str| -> Vec<Field> {
            records.iter().filter_map(|record| record.field(account, name)).collect()
        };
        let numbers = |name: &str| -> Vec<f64> { values(name).iter().filter_map(Field::number).collect() };
        match self {
            Self::Count(None) => Some(Field::Number(records.len() as f64)),
            Self::Count(Some(name)) => Some(Field::Number(values(name).len() as f64)),
            Self::CountDistinct(name) => {
                let distinct: BTreeSet<String> = values(name).iter().map(Field::text).collect();
                Some(Field::Number(distinct.len() as f64))
            }
            // The standard library's sum of nothing is -0.
            Self::Sum(name) => {
                Some(Field::Number(numbers(name).iter().fold(0.0, |sum, number| sum + number)))
            }
            Self::Average(name) => {
                let numbers = numbers(name);
                (!numbers.is_empty())
                    .then(|| Field::Number(numbers.iter().sum::<f64>() / numbers.len() as f64))
            }
            Self::Least(name) => values(name).into_iter().min_by(Field::compare),
            Self::Greatest(name) => values(name).into_iter().max_by(Field::compare),
            Self::Percentile(name, percent) => {
                let mut numbers = numbers(name);
                numbers.sort_by(f64::total_cmp);
                let rank = (percent / 100.0 * numbers.len() as f64).ceil() as usize;
                numbers.get(rank.clamp(1, numbers.len().max(1)) - 1).copied().map(Field::Number)
            }
        }
    }
}
