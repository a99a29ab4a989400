//! GetMetricData: points of many metrics and expressions, ordered and in pages.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    errors::{bad_token, validation},
    queries::{self, Answers},
    store::Store,
};
use crate::{error::ApiError, wire};

/// The most points in one answer.
const POINTS: usize = 100_800;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    #[serde(default, deserialize_with = "wire::list")]
    metric_data_queries: Vec<queries::Query>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    start_time: Option<i64>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    end_time: Option<i64>,
    next_token: Option<String>,
    scan_by: Option<String>,
    #[serde(default, deserialize_with = "wire::integer")]
    max_datapoints: Option<i64>,
    label_options: Option<LabelOptions>,
}

/// How labels are written. Labels here are plain text, so that nothing in them depends on it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LabelOptions {
    timezone: Option<String>,
}

/// Checks a time zone: a sign, two digits of hours and two of minutes [LabelOptions].
fn check_timezone(timezone: &str) -> Result<(), ApiError> {
    let digits = timezone.strip_prefix(['+', '-']).map(str::as_bytes);
    match digits {
        Some([hours @ .., tens, ones])
            if hours.len() == 2
                && hours.iter().chain([tens, ones]).all(u8::is_ascii_digit)
                && *tens < b'6' =>
        {
            Ok(())
        }
        _ => Err(validation(format!("The value {timezone} for parameter LabelOptions.Timezone is invalid."))),
    }
}

/// [GetMetricData, CloudWatch API reference]
pub(crate) fn get(store: &Store, now_ms: i64, input: Value) -> Result<Value, ApiError> {
    let get: Get = wire::read(input)?;
    let required = |name: &str| validation(format!("The parameter {name} is required."));
    let from_ms = get.start_time.ok_or_else(|| required("StartTime"))?;
    let to_ms = get.end_time.ok_or_else(|| required("EndTime"))?;
    if from_ms >= to_ms {
        return Err(validation("The parameter EndTime must be greater than StartTime."));
    }
    let descending = match get.scan_by.as_deref() {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(other) => return Err(validation(format!("The value {other} for parameter ScanBy is invalid."))),
    };
    let limit = match get.max_datapoints {
        None => POINTS,
        Some(limit) if (1..=POINTS as i64).contains(&limit) => limit as usize,
        Some(_) => return Err(validation("The parameter MaxDatapoints must be between 1 and 100800.")),
    };
    if let Some(timezone) = get.label_options.and_then(|options| options.timezone) {
        check_timezone(&timezone)?;
    }
    let queries = queries::check(get.metric_data_queries, "MetricDataQueries")?;
    let skip = match get.next_token.as_deref() {
        None => 0,
        Some(token) => token.parse::<usize>().map_err(|_| bad_token())?,
    };
    let mut page = Page { skip, left: limit, shown: skip };
    let mut results = Vec::new();
    let answers = Answers::new(store, &queries, (from_ms, to_ms), now_ms)?;
    for query in queries.iter().filter(|query| query.returned) {
        for series in answers.series(query)? {
            let mut points: Vec<_> = series.points.into_iter().collect();
            if descending {
                points.reverse();
            }
            results.extend(page.take(&query.id, &series.label, &points));
        }
    }
    let mut output = Map::new();
    output.insert("MetricDataResults".to_owned(), results.iter().map(|(result, _)| result.clone()).collect());
    output.insert("Messages".to_owned(), json!([]));
    if results.iter().any(|(_, cut)| *cut) {
        output.insert("NextToken".to_owned(), page.shown.to_string().into());
    }
    Ok(output.into())
}

/// The points that one answer still has room for. A token is the number of points on earlier pages.
struct Page {
    skip: usize,
    left: usize,
    shown: usize,
}

impl Page {
    /// Takes the part of a query's points that belongs on this page; also says whether points are left for the next page.
    /// `None` if earlier pages had all of the query's points.
    fn take(&mut self, id: &str, label: &str, points: &[(i64, f64)]) -> Option<(Value, bool)> {
        let before = self.skip.min(points.len());
        if self.skip > 0 && before == points.len() {
            self.skip -= before;
            return None;
        }
        self.skip = 0;
        let rest = &points[before..];
        let here = &rest[..rest.len().min(self.left)];
        self.left -= here.len();
        self.shown += here.len();
        let cut = here.len() < rest.len();
        let result = json!({
            "Id": id,
            "Label": label,
            "Timestamps": here.iter().map(|(at, _)| wire::time(at * 1_000)).collect::<Vec<_>>(),
            "Values": here.iter().map(|(_, value)| value).collect::<Vec<_>>(),
            "StatusCode": if cut { "PartialData" } else { "Complete" },
        });
        Some((result, cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_have_a_sign_hours_and_minutes() {
        for (text, valid) in
            [("+0130", true), ("-0800", true), ("0130", false), ("+1", false), ("+0175", false)]
        {
            assert_eq!(check_timezone(text).is_ok(), valid, "{text}");
        }
    }
}
