//! A CloudWatch metric as the end of a chain: the last function writes a value for each request. The values are counted; a metric
//! does not say which request a value belongs to.

use serde_json::json;

use super::{BenchTarget, each};
use crate::bench::http::Service;
use crate::engine::Problem;

/// The prefix of a metric in `--sink`.
pub(super) const PREFIX: &str = "metric:";

/// A metric of CloudWatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SinkMetric {
    namespace: String,
    name: String,
}

impl SinkMetric {
    /// Reads `NAMESPACE/NAME`; a namespace may contain slashes itself.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        match text.rsplit_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => {
                let message =
                    format!("count the values of the metric {text}: its namespace or its name is missing");
                Err(Problem::new("metric_invalid", message)
                    .with_hint("write it as --sink metric:NAMESPACE/NAME, such as metric:Shop/Orders"))
            }
        }
    }

    /// The namespace and the name, as `--sink` takes them.
    pub(crate) fn shown(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Counts the values that were written since it was made.
pub(crate) struct MetricCount {
    metric: SinkMetric,
    from_ms: u64,
    before: u64,
}

impl MetricCount {
    /// Begins to count, if the target's chain ends in a metric; `now_ms` is this machine's time.
    pub(crate) async fn begin(target: &BenchTarget, now_ms: u64) -> Result<Option<Self>, String> {
        let Some(metric) = target.followed().and_then(|followed| followed.metric.clone()) else {
            return Ok(None);
        };
        let mut count = Self { metric, from_ms: now_ms, before: 0 };
        // CloudWatch counts by the minute. Values from earlier in the current minute do not belong to the run.
        count.before = count.values(target, now_ms).await?;
        Ok(Some(count))
    }

    /// How many values have been written since.
    pub(crate) async fn read(&self, target: &BenchTarget, now_ms: u64) -> Result<u64, String> {
        Ok(self.values(target, now_ms).await?.saturating_sub(self.before))
    }

    /// The values of the minutes from the beginning until now, of all sets of dimensions together.
    async fn values(&self, target: &BenchTarget, now_ms: u64) -> Result<u64, String> {
        let BenchTarget { client, region, .. } = target;
        let SinkMetric { namespace, name } = &self.metric;
        let from = self.from_ms / 1_000;
        let metric = json!({ "Namespace": namespace, "MetricName": name });
        let listed = client.call(Service::Metrics, region, "ListMetrics", &metric).await?;
        let mut values = 0.0;
        for found in each(&listed["Metrics"]) {
            let input = json!({
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": found["Dimensions"],
                "StartTime": from - from % 60,
                "EndTime": now_ms / 1_000 + 1,
                "Period": 60,
                "Statistics": ["SampleCount"],
            });
            let answer = client.call(Service::Metrics, region, "GetMetricStatistics", &input).await?;
            values +=
                each(&answer["Datapoints"]).filter_map(|point| point["SampleCount"].as_f64()).sum::<f64>();
        }
        Ok(values as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::SinkMetric;

    #[test]
    fn the_name_follows_the_last_slash() {
        let check = |text: &str, expected: Result<(&str, &str), &str>| {
            let read = SinkMetric::parse(text);
            let read = read.as_ref().map(|metric| (&*metric.namespace, &*metric.name));
            assert_eq!(read.map_err(|problem| problem.code), expected, "{text}");
        };
        check("Shop/Orders", Ok(("Shop", "Orders")));
        check("acme/shop/Orders", Ok(("acme/shop", "Orders")));
        for text in ["Orders", "/Orders", "Shop/", ""] {
            check(text, Err("metric_invalid"));
        }
    }
}
