//! Reads counts, percentiles and ages, as Lambda writes them to `CloudWatch` `[Types of metrics for Lambda functions]`.

use serde_json::{Value, json};

use super::{Apis, WINDOW, body};
use crate::engine::Millis;
use crate::status::{Distribution, Function, Mapping};

/// The operation, as the JSON protocol names it.
const TARGET: &str = "GraniteServiceVersion20100801.GetMetricData";

/// The most queries in one call `[GetMetricData, CloudWatch API reference]`.
const MAX_QUERIES: usize = 500;

/// The shortest period of a metric that Lambda writes, in s.
const MINUTE: u64 = 60;

/// A metric and one of its statistics.
type Question = (&'static str, &'static str);

const TOTALS: [Question; 7] = [
    ("Invocations", "Sum"),
    ("Errors", "Sum"),
    ("Throttles", "Sum"),
    ("Duration", "SampleCount"),
    ("Duration", "Sum"),
    ("Duration", "Minimum"),
    ("Duration", "Maximum"),
];

const PERCENTILES: [Question; 3] = [("Duration", "p50"), ("Duration", "p95"), ("Duration", "p99")];

const NOW: [Question; 3] =
    [("Invocations", "Sum"), ("ConcurrentExecutions", "Maximum"), ("IteratorAge", "Maximum")];

impl Apis<'_> {
    /// Fills in the figures that `CloudWatch` has. Returns how many metrics were asked for, which AWS counts.
    pub(super) async fn measure(
        &self,
        functions: &mut [Function],
        mappings: &mut [Mapping],
        now: Millis,
    ) -> Result<u64, String> {
        let minute = (now / 1_000).next_multiple_of(MINUTE) - MINUTE;
        let start = minute - WINDOW;
        let totals = self.ask(functions, &TOTALS, start, now, WINDOW + MINUTE).await?;
        let mut asked = totals.len() * TOTALS.len();
        for (function, values) in functions.iter_mut().zip(&totals) {
            fill(function, values);
        }
        // Not every cloud has percentiles, and a cloud without them may refuse the whole call.
        if functions.iter().any(|function| function.duration_ms.is_some())
            && let Ok(ranked) = self.ask(functions, &PERCENTILES, start, now, WINDOW + MINUTE).await
        {
            asked += ranked.len() * PERCENTILES.len();
            for (function, values) in functions.iter_mut().zip(&ranked) {
                rank(function, values);
            }
        }
        functions.iter_mut().for_each(without_ranks);
        asked += self.rates(functions, mappings, now).await?;
        Ok(asked as u64)
    }

    /// Fills in the rates of this minute and the one before it.
    pub(in crate::observe) async fn rates(
        &self,
        functions: &mut [Function],
        mappings: &mut [Mapping],
        now: Millis,
    ) -> Result<usize, String> {
        let start = (now / 1_000).next_multiple_of(MINUTE) - 2 * MINUTE;
        let values = self.ask(functions, &NOW, start, now, MINUTE).await?;
        for (function, values) in functions.iter_mut().zip(&values) {
            let elapsed = (now as f64 / 1_000.0 - start as f64).max(1.0);
            function.rate_per_s = Some(total(&values[0]) / elapsed);
            function.concurrency = largest(&values[1]).map(|most| most.round() as u64);
            let age = largest(&values[2]).map(|age| age.round() as u64);
            for mapping in mappings.iter_mut().filter(|mapping| mapping.function == function.name) {
                mapping.oldest_unprocessed_ms = mapping.oldest_unprocessed_ms.or(age);
            }
        }
        Ok(values.len() * NOW.len())
    }

    /// The values of each question for each function, from `start` in s until now.
    async fn ask(
        &self,
        functions: &[Function],
        questions: &[Question],
        start: u64,
        now: Millis,
        period: u64,
    ) -> Result<Vec<Vec<Vec<f64>>>, String> {
        let queries: Vec<Value> = functions
            .iter()
            .flat_map(|function| questions.iter().map(move |question| (function, question)))
            .enumerate()
            .map(|(index, (function, (metric, stat)))| {
                json!({ "Id": format!("q{index}"), "MetricStat": { "Period": period, "Stat": stat, "Metric": {
                    "Namespace": "AWS/Lambda", "MetricName": metric,
                    "Dimensions": [{ "Name": "FunctionName", "Value": function.name }],
                } } })
            })
            .collect();
        let mut values = vec![vec![Vec::new(); questions.len()]; functions.len()];
        for chunk in queries.chunks(MAX_QUERIES) {
            let input = json!({ "StartTime": start, "EndTime": now / 1_000 + 1, "MetricDataQueries": chunk });
            let answer = self.call("monitoring", TARGET, &input).await?;
            let answer = body("CloudWatch", &answer)?;
            for result in answer["MetricDataResults"].as_array().into_iter().flatten() {
                let index = result["Id"].as_str().and_then(|id| id.strip_prefix('q')?.parse::<usize>().ok());
                let found = result["Values"].as_array().into_iter().flatten().filter_map(Value::as_f64);
                if let Some(place) = index.and_then(|index| {
                    values.get_mut(index / questions.len())?.get_mut(index % questions.len())
                }) {
                    place.extend(found);
                }
            }
        }
        Ok(values)
    }
}

/// Fills in counts and durations. The window may lie in two periods, so values are added up.
fn fill(function: &mut Function, values: &[Vec<f64>]) {
    let sum = |index: usize| total(&values[index]);
    function.invocations = sum(0).round() as u64;
    function.errors = sum(1).round() as u64;
    function.throttles = sum(2).round() as u64;
    let count = sum(3);
    function.duration_ms = (count > 0.0).then(|| Distribution {
        count: count.round() as u64,
        sum: sum(4),
        min: values[5].iter().copied().fold(f64::INFINITY, f64::min),
        max: largest(&values[6]).unwrap_or_default(),
        ..Distribution::default()
    });
}

/// Fills in percentiles: the largest of all periods, which no percentile of all values exceeds.
fn rank(function: &mut Function, values: &[Vec<f64>]) {
    if let Some(duration) = &mut function.duration_ms {
        let of = |index: usize| largest(&values[index]).unwrap_or_default();
        (duration.p50, duration.p95, duration.p99) = (of(0), of(1), of(2));
    }
}

/// Drops a distribution without percentiles; they are then read from the functions' own log lines.
fn without_ranks(function: &mut Function) {
    function.duration_ms = function.duration_ms.take().filter(|duration| duration.p50 > 0.0);
}

/// The sum, which is 0 for no values. The standard library's would be -0, and people would see the sign.
fn total(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |sum, value| sum + value)
}

fn largest(values: &[f64]) -> Option<f64> {
    values.iter().copied().reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn the_sum_of_nothing_has_no_sign() {
        assert_eq!(format!("{:.1}", total(&[])), "0.0");
        assert!((total(&[1.0, 2.5]) - 3.5).abs() < f64::EPSILON);
    }
}
