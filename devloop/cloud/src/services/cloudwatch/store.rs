//! The metrics of one region, by namespace, name and dimensions.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};

use super::series::Series;
use crate::kept::Budget;

/// The most metrics of a region. A hostile or careless client could create one with each request.
pub(crate) const METRICS: usize = 20_000;

/// The identity of a metric. Dimensions are sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) dimensions: Vec<(String, String)>,
}

impl Key {
    /// The key of a metric; the dimensions may be in any order.
    pub(crate) fn new(namespace: &str, name: &str, dimensions: Vec<(String, String)>) -> Self {
        let mut dimensions = dimensions;
        dimensions.sort();
        Self { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
    }

    /// The metric as ListMetrics shows it.
    pub(crate) fn describe(&self) -> Value {
        let dimensions: Vec<_> =
            self.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        json!({"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions})
    }
}

/// A metric: one series for each unit that its data has.
#[derive(Debug, Default)]
pub(crate) struct Metric(RwLock<Vec<(&'static str, SharedSeries)>>);

/// A series to which writers keep a handle.
pub(crate) type SharedSeries = Arc<Mutex<Series>>;

impl Metric {
    /// The series in `unit`; created if there is none, and then its memory counts in `budget`.
    pub(crate) fn series(&self, unit: &'static str, budget: &Arc<Budget>) -> SharedSeries {
        let find = |list: &[(&'static str, SharedSeries)]| {
            list.iter().find(|(known, _)| *known == unit).map(|(_, series)| Arc::clone(series))
        };
        if let Some(series) = find(&self.0.read()) {
            return series;
        }
        let mut list = self.0.write();
        find(&list).unwrap_or_else(|| {
            let series = Arc::new(Mutex::new(Series::within(budget)));
            list.push((unit, Arc::clone(&series)));
            series
        })
    }

    /// Every series, or only the one in `unit`.
    pub(crate) fn all(&self, unit: Option<&str>) -> Vec<(&'static str, SharedSeries)> {
        let list = self.0.read();
        list.iter().filter(|(known, _)| unit.is_none_or(|unit| unit == *known)).cloned().collect()
    }

    /// The latest time of any data, in ms.
    pub(crate) fn newest_ms(&self) -> i64 {
        self.0.read().iter().map(|(_, series)| series.lock().newest_ms).max().unwrap_or(0)
    }

    /// Whether a writer holds a handle to one of the series.
    fn is_held(&self) -> bool {
        self.0.read().iter().any(|(_, series)| Arc::strong_count(series) > 1)
    }
}

/// The metrics of a region.
#[derive(Debug, Default)]
pub(crate) struct Store(RwLock<BTreeMap<Key, Arc<Metric>>>);

impl Store {
    /// The metric; created if there is none.
    pub(crate) fn metric(&self, key: Key) -> Arc<Metric> {
        if let Some(metric) = self.0.read().get(&key) {
            return Arc::clone(metric);
        }
        let mut metrics = self.0.write();
        if metrics.len() >= METRICS {
            forget_stale(&mut metrics);
        }
        Arc::clone(metrics.entry(key).or_default())
    }

    /// How many metrics there are.
    pub(crate) fn len(&self) -> usize {
        self.0.read().len()
    }

    /// The metric, if there is one.
    pub(crate) fn find(&self, key: &Key) -> Option<Arc<Metric>> {
        self.0.read().get(key).map(Arc::clone)
    }

    /// Calls `visit` with the metrics after `after`, in order, until it returns false.
    pub(crate) fn walk(&self, after: Option<&Key>, mut visit: impl FnMut(&Key, &Metric) -> bool) {
        use std::ops::Bound::{Excluded, Unbounded};
        let metrics = self.0.read();
        let from = after.map_or(Unbounded, Excluded);
        for (key, metric) in metrics.range::<Key, _>((from, Unbounded)) {
            if !visit(key, metric) {
                return;
            }
        }
    }
}

/// Drops the least recently written tenth of the metrics, so that the cost is spread over many new metrics.
fn forget_stale(metrics: &mut BTreeMap<Key, Arc<Metric>>) {
    let mut ages: Vec<_> = metrics
        .iter()
        .filter(|(_, metric)| !metric.is_held())
        .map(|(key, metric)| (metric.newest_ms(), key.clone()))
        .collect();
    ages.sort();
    for (_, key) in ages.into_iter().take(METRICS / 10) {
        metrics.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::cloudwatch::series::Resolution;

    #[test]
    fn the_number_of_metrics_is_bounded_and_metrics_with_handles_stay() {
        let (store, budget) = (Store::default(), Arc::default());
        let key = |number: usize| Key::new("N", &number.to_string(), Vec::new());
        let held = store.metric(key(0)).series("None", &budget);
        for number in 1..=METRICS {
            let series = store.metric(key(number)).series("None", &budget);
            let at = number as i64;
            series.lock().update(at, Resolution::Second, at, |bucket| bucket.add(1.0, 1.0));
        }
        assert!(store.0.read().len() <= METRICS);
        assert!(store.find(&key(1)).is_none());
        assert!(store.find(&key(METRICS)).is_some());
        assert!(Arc::ptr_eq(&store.find(&key(0)).unwrap().series("None", &budget), &held));
    }
}
