//! End-to-end latency, as the last function wrote it to `CloudWatch`. Asked through the AWS API itself, so that it is the same
//! on every target.

use serde_json::{Value, json};

use crate::aws::{Answer, Call, Client};
use crate::engine::Millis;
use crate::status::Latency;

/// The operation, as the JSON protocol names it.
const TARGET: &str = "GraniteServiceVersion20100801.GetMetricStatistics";

/// The figures reach back this far, and up to a minute further, in s.
const WINDOW: u64 = 300;

/// The metric of the end-to-end latency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metric {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Metric {
    /// What was measured in the last minutes; `None` if nothing was. The error is a fragment that says why it is not known.
    pub(super) async fn read(
        &self,
        client: &Client,
        region: &str,
        now: Millis,
    ) -> Result<Option<Latency>, String> {
        let ask = async |statistics: Value| {
            let input = self.question(now, statistics);
            points(&client.send(region, &Call::json("monitoring", TARGET, &input)).await?)
        };
        let counted = ask(json!({ "Statistics": ["SampleCount"] })).await?;
        if counted.is_empty() {
            return Ok(None);
        }
        // LocalStack answers the count and fails at the percentiles, so the error says which of them failed.
        let ranked = ask(json!({ "ExtendedStatistics": ["p50", "p95", "p99"] })).await;
        Ok(self.latency(&counted, &ranked.map_err(|reason| format!("no percentiles: {reason}"))?))
    }

    /// The request for one period. Periods are counted from the start of the window, which must be a whole minute. A period that
    /// reaches the end of the window makes the answer a single point, whose percentiles are those of all values
    /// `[GetMetricStatistics, CloudWatch API reference]`.
    fn question(&self, now: Millis, statistics: Value) -> Value {
        let seconds = now / 1_000;
        let start = seconds - seconds % 60 - WINDOW;
        let mut input = json!({
            "Namespace": self.namespace,
            "MetricName": self.name,
            "StartTime": start,
            "EndTime": seconds + 1,
            "Period": WINDOW + 60,
        });
        if let (Some(input), Value::Object(statistics)) = (input.as_object_mut(), statistics) {
            input.extend(statistics);
        }
        input
    }

    /// Joins the points. There are several where values have two units, or where a service counts periods differently. The
    /// percentile is then the largest one, which no percentile of all values exceeds.
    fn latency(&self, counted: &[Value], ranked: &[Value]) -> Option<Latency> {
        let count: f64 = counted.iter().filter_map(|point| point["SampleCount"].as_f64()).sum();
        let percentile = |name: &str| {
            ranked
                .iter()
                .filter_map(|point| {
                    Some(point["ExtendedStatistics"][name].as_f64()? * to_milliseconds(point))
                })
                .fold(0.0, f64::max)
        };
        (count > 0.0).then(|| Latency {
            namespace: self.namespace.clone(),
            metric: self.name.clone(),
            window_ms: WINDOW * 1_000,
            count: count.round() as u64,
            p50: percentile("p50"),
            p95: percentile("p95"),
            p99: percentile("p99"),
        })
    }
}

/// The factor from the point's unit to milliseconds. A unit that is not a time is taken for milliseconds.
fn to_milliseconds(point: &Value) -> f64 {
    match point["Unit"].as_str() {
        Some("Seconds") => 1_000.0,
        Some("Microseconds") => 0.001,
        _ => 1.0,
    }
}

fn points(answer: &Answer) -> Result<Vec<Value>, String> {
    match &answer.document("CloudWatch")?["Datapoints"] {
        Value::Array(points) => Ok(points.clone()),
        _ => Err("CloudWatch answers 200: no reason given".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Metric;

    fn metric() -> Metric {
        Metric { namespace: "N".to_owned(), name: "M".to_owned() }
    }

    fn check_window(now: u64, start: u64, end: u64) {
        let question = metric().question(now, json!({ "Statistics": ["Sum"] }));
        assert_eq!((&question["StartTime"], &question["EndTime"]), (&json!(start), &json!(end)));
        assert!(end - start <= question["Period"].as_u64().unwrap(), "one period holds everything");
        assert_eq!(question["Statistics"], json!(["Sum"]));
    }

    #[test]
    fn the_window_is_one_period_from_a_whole_minute() {
        check_window(1_700_000_040_000, 1_699_999_740, 1_700_000_041);
        check_window(1_700_000_099_999, 1_699_999_740, 1_700_000_100);
        check_window(1_700_000_100_000, 1_699_999_800, 1_700_000_101);
    }

    fn check(counted: &Value, ranked: &Value, expected: Option<(u64, f64, f64)>) {
        let latency = metric().latency(counted.as_array().unwrap(), ranked.as_array().unwrap());
        assert_eq!(latency.map(|latency| (latency.count, latency.p50, latency.p99)), expected);
    }

    #[test]
    fn points_are_joined_to_one() {
        let ranked = |p50: f64, p99: f64, unit: &str| json!({ "ExtendedStatistics": { "p50": p50, "p99": p99 }, "Unit": unit });
        check(&json!([]), &json!([]), None);
        check(
            &json!([{ "SampleCount": 7.0 }]),
            &json!([ranked(3.0, 9.0, "Milliseconds")]),
            Some((7, 3.0, 9.0)),
        );
        check(
            &json!([{ "SampleCount": 7.0 }, { "SampleCount": 2.0 }]),
            &json!([ranked(3.0, 9.0, "Milliseconds"), ranked(0.002, 0.5, "Seconds")]),
            Some((9, 3.0, 500.0)),
        );
    }
}
