//! The service: runs operations by name, and has shortcuts for the cloud's own services.

use std::sync::{Arc, Weak};

use serde_json::Value;

use super::{
    alarms::Alarms,
    dashboards::Dashboards,
    data,
    distribution::Distribution,
    list, put,
    series::Resolution,
    statistics,
    store::{Key, SharedSeries, Store},
    units,
};
use crate::{
    clock::Clock, context::Context, error::ApiError, functions::Functions, kept::Budget, regional::Regional,
};

/// The most memory of the data of all metrics. What the cloud measures itself is kept beyond it.
pub(super) const MEMORY: usize = 512 << 20;

/// CloudWatch's metrics and alarms.
#[derive(Debug)]
pub(crate) struct CloudWatch {
    clock: Clock,
    regions: Arc<Regional<Store>>,
    /// The memory of the data of all metrics.
    pub(super) memory: Arc<Budget>,
    pub(super) alarms: Arc<Alarms>,
    dashboards: Dashboards,
}

/// A handle to one series. The metric is looked up once, so recording takes only one short lock.
#[derive(Debug, Clone)]
pub(crate) struct Meter(SharedSeries);

impl Meter {
    /// Records a value that was measured at `at_ms` since the epoch, which must be about now. Readers see it by the minute,
    /// like the metrics of AWS's own services. Ignores a value that is not finite.
    pub(crate) fn record(&self, value: f64, at_ms: i64) {
        if value.is_finite() {
            self.0.lock().update(at_ms, Resolution::Minute, at_ms, |bucket| bucket.add(value, 1.0));
        }
    }
}

/// A summary of a metric over a time range.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub(crate) struct Summary {
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Percentiles; the mean when single values are unknown.
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

impl CloudWatch {
    /// A service without metrics.
    pub(crate) fn new(clock: Clock) -> Self {
        let regions = Arc::new(Regional::default());
        let alarms = Alarms::new(clock.clone(), Arc::clone(&regions));
        let memory = Arc::new(Budget::new(MEMORY));
        Self { clock, regions, memory, alarms, dashboards: Dashboards::default() }
    }

    /// Sets the functions that alarms may invoke, once.
    pub(crate) fn invokes(&self, functions: Weak<dyn Functions>) {
        self.alarms.invokes(functions);
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let (store, now_ms) = (self.regions.of(&cx.region), self.clock.now_ms());
        match operation {
            "PutMetricData" => put::put(&store, &self.memory, now_ms, input),
            "GetMetricStatistics" => statistics::get(&store, now_ms, input),
            "GetMetricData" => data::get(&store, now_ms, input),
            "ListMetrics" => list::list(&store, cx, now_ms, input),
            "PutDashboard" | "GetDashboard" | "ListDashboards" | "DeleteDashboards" => {
                self.dashboards.call(cx, now_ms, operation, input)
            }
            _ => self.alarms.call(cx, operation, input),
        }
    }

    /// The number of metrics in all regions.
    pub(crate) fn kept(&self) -> usize {
        self.regions.all().iter().map(|(_, store)| store.len()).sum()
    }

    /// A handle that records one metric. `unit` is CloudWatch's name of the unit; any other text counts as `None`.
    pub(crate) fn meter(
        &self,
        region: &str,
        namespace: &str,
        metric: &str,
        dimensions: &[(&str, &str)],
        unit: &str,
    ) -> Meter {
        let unit = units::unit(unit).unwrap_or("None");
        let metric = self.regions.of(region).metric(key(namespace, metric, dimensions));
        Meter(metric.series(unit, &self.memory))
    }

    /// Records one value; for frequent values use a [`Meter`].
    #[expect(clippy::too_many_arguments, reason = "a metric is named by all of them")]
    pub(crate) fn record(
        &self,
        region: &str,
        namespace: &str,
        metric: &str,
        dimensions: &[(&str, &str)],
        unit: &str,
        value: f64,
        at_ms: i64,
    ) {
        self.meter(region, namespace, metric, dimensions, unit).record(value, at_ms);
    }

    /// A summary of the values in `[from_ms, to_ms)`, exact to the second and over all units; `None` without data.
    pub(crate) fn summary(
        &self,
        region: &str,
        namespace: &str,
        metric: &str,
        dimensions: &[(&str, &str)],
        from_ms: i64,
        to_ms: i64,
    ) -> Option<Summary> {
        let metric = self.regions.of(region).find(&key(namespace, metric, dimensions))?;
        let mut total = Distribution::default();
        for (_, series) in metric.all(None) {
            series.lock().sum_up(from_ms, to_ms, &mut total);
        }
        if total.count <= 0.0 {
            return None;
        }
        let ranked = total.ranked();
        let percentile =
            |percent| ranked.as_ref().map_or_else(|| total.average(), |ranked| ranked.percentile(percent));
        Some(Summary {
            count: total.count,
            sum: total.sum,
            min: total.min,
            max: total.max,
            p50: percentile(50.0),
            p95: percentile(95.0),
            p99: percentile(99.0),
        })
    }
}

fn key(namespace: &str, metric: &str, dimensions: &[(&str, &str)]) -> Key {
    let owned = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Key::new(namespace, metric, owned.collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: i64 = 1_800_000_000_000;
    const FUNCTION: [(&str, &str); 1] = [("FunctionName", "upstream")];

    #[test]
    fn recorded_values_are_added_up_per_second() {
        let clock = Clock::manual(START);
        let cloudwatch = CloudWatch::new(clock.clone());
        let meter = cloudwatch.meter("us-east-1", "AWS/Lambda", "Duration", &FUNCTION, "Milliseconds");
        for value in 1..=100 {
            meter.record(f64::from(value), clock.now_ms());
            clock.advance(Duration::from_millis(100));
        }
        meter.record(f64::NAN, clock.now_ms());
        let summary = |region: &str, from: i64, to: i64| {
            let found =
                cloudwatch.summary(region, "AWS/Lambda", "Duration", &FUNCTION, START + from, START + to);
            found.map(|summary| {
                let Summary { count, sum, min, max, p50, p95, p99 } = summary;
                [count, sum, min, max, p50, p95, p99].map(|number| number as i64)
            })
        };
        assert_eq!(summary("us-east-1", 0, 10_000), Some([100, 5_050, 1, 100, 50, 95, 99]));
        assert_eq!(summary("us-east-1", 9_000, 10_000), Some([10, 955, 91, 100, 95, 100, 100]));
        assert_eq!(summary("us-east-1", 10_000, 20_000), None);
        assert_eq!(summary("us-east-1", 0, -1), None);
        assert_eq!(summary("eu-west-1", 0, 10_000), None);
        cloudwatch.record("us-east-1", "AWS/Lambda", "Duration", &FUNCTION, "No unit", 1_000.0, START);
        assert_eq!(summary("us-east-1", 0, 1_000), Some([11, 1_055, 1, 1_000, 6, 1_000, 1_000]));
    }
}
