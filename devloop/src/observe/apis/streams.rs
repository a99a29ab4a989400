//! Counts records that wait in a stream, where CloudWatch has no age of them: for functions that were not called lately, and on
//! clouds that do not write this metric. No API says how far a mapping has got. But records that arrived after its function ended
//! its last request have not been delivered. They are read and counted, and at least so many records wait.

use devloop_cloud::Arn;
use serde_json::{Value, json};

use super::{Apis, WINDOW, body};
use crate::engine::Millis;
use crate::status::{Function, Mapping};

/// The most shards that are read. The count is a minimum anyway, so further shards may be left out.
const MAX_SHARDS: usize = 8;

/// The most pages that are read of each shard: ten thousand records each of Kinesis, a thousand of a table. A table's stream can
/// only be read from its beginning; if the new records lie behind these pages, nothing is reported.
const MAX_PAGES: usize = 8;

/// If no report of a request was found in a function's log, the function has not worked for this long, in ms.
const SURE: Millis = 180_000;

/// The records that wait in a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Waiting {
    records: u64,
    /// When the first of them arrived, in ms since the epoch.
    first: Option<Millis>,
}

impl Waiting {
    /// Counts a record that arrived at this time.
    fn add(&mut self, came: Millis) {
        self.records += 1;
        self.first = Some(self.first.map_or(came, |first| first.min(came)));
    }
}

/// A service with streams.
struct Kind {
    service: &'static str,
    target: &'static str,
}

const KINESIS: Kind = Kind { service: "kinesis", target: "Kinesis_20131202" };

/// A table's stream has the same endpoint as its table
const TABLE: Kind = Kind { service: "streams.dynamodb", target: "DynamoDBStreams_20120810" };

impl Apis<'_> {
    /// Fills in the records that wait for the mapping, unless CloudWatch has the age of the oldest one.
    pub(super) async fn read_lag(
        &self,
        mapping: &mut Mapping,
        functions: &[Function],
        now: Millis,
    ) -> Result<(), String> {
        let service = Arn::parse(&mapping.source).map_or("", |arn| arn.service);
        if mapping.oldest_unprocessed_ms.is_some() || !["kinesis", "dynamodb"].contains(&service) {
            return Ok(());
        }
        let function = functions.iter().find(|function| function.name == mapping.function);
        let since = function.and_then(|function| function.answered_ms).unwrap_or(0);
        // On AWS, the time of a log's last event may be an hour old; a report of the last minutes is found at once.
        let window = if self.client.is_aws() { SURE } else { WINDOW * 1_000 };
        let since = since.max(now.saturating_sub(window));
        let waiting = match service {
            "kinesis" => self.kinesis(&mapping.source, since).await?,
            _ => self.table(&mapping.source, since).await?,
        };
        if let Some(waiting) = waiting {
            mapping.at_least = true;
            mapping.lag_records = waiting.records;
            mapping.oldest_unprocessed_ms = waiting.first.map(|first| now.saturating_sub(first));
        }
        Ok(())
    }

    async fn kinesis(&self, arn: &str, since: Millis) -> Result<Option<Waiting>, String> {
        let listed = self.stream(&KINESIS, "ListShards", &json!({ "StreamARN": arn })).await?;
        let mut waiting = Waiting::default();
        for shard in listed["Shards"].as_array().into_iter().flatten().take(MAX_SHARDS) {
            let input = json!({
                "StreamARN": arn, "ShardId": shard["ShardId"],
                "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": since as f64 / 1_000.0,
            });
            let mut iterator =
                self.stream(&KINESIS, "GetShardIterator", &input).await?["ShardIterator"].clone();
            for _ in 0..MAX_PAGES {
                let input = json!({ "StreamARN": arn, "ShardIterator": iterator });
                let page = self.stream(&KINESIS, "GetRecords", &input).await?;
                for came in arrivals(&page, "/ApproximateArrivalTimestamp").filter(|came| *came > since) {
                    waiting.add(came);
                }
                iterator = page["NextShardIterator"].clone();
                if iterator.is_null() || page["MillisBehindLatest"].as_u64().unwrap_or(0) == 0 {
                    break;
                }
            }
        }
        Ok(Some(waiting))
    }

    /// Counts the waiting records of a table's stream; `None` where the new records lie behind the pages that are read.
    async fn table(&self, arn: &str, since: Millis) -> Result<Option<Waiting>, String> {
        let described = self.stream(&TABLE, "DescribeStream", &json!({ "StreamArn": arn })).await?;
        let shards = described["StreamDescription"]["Shards"].as_array().cloned().unwrap_or_default();
        // Only open shards are read: closed ones are older, and a mapping reads the newest records.
        let open =
            shards.iter().filter(|shard| shard["SequenceNumberRange"]["EndingSequenceNumber"].is_null());
        let mut waiting = Waiting::default();
        for shard in open.take(MAX_SHARDS) {
            let input = json!({
                "StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON",
            });
            let mut iterator =
                self.stream(&TABLE, "GetShardIterator", &input).await?["ShardIterator"].clone();
            let mut is_read = false;
            for _ in 0..MAX_PAGES {
                let page = self.stream(&TABLE, "GetRecords", &json!({ "ShardIterator": iterator })).await?;
                // The times are whole seconds. A record of the same second as the function's last request is not counted, because
                // that request may have had it.
                let records = arrivals(&page, "/dynamodb/ApproximateCreationDateTime");
                records.filter(|came| *came > since).for_each(|came| waiting.add(came));
                iterator = page["NextShardIterator"].clone();
                is_read = iterator.is_null() || page["Records"].as_array().is_none_or(Vec::is_empty);
                if is_read {
                    break;
                }
            }
            if !is_read {
                return Ok(None);
            }
        }
        Ok(Some(waiting))
    }

    async fn stream(&self, kind: &Kind, operation: &str, input: &Value) -> Result<Value, String> {
        let target = format!("{}.{operation}", kind.target);
        body(operation, &self.call(kind.service, &target, input).await?)
    }
}

/// When the records of a page arrived, in ms since the epoch.
fn arrivals<'a>(page: &'a Value, member: &'a str) -> impl Iterator<Item = Millis> + 'a {
    let records = page["Records"].as_array().into_iter().flatten();
    records.filter_map(move |record| Some((record.pointer(member)?.as_f64()? * 1_000.0).round() as Millis))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Waiting, arrivals};

    #[test]
    fn what_came_is_counted_with_its_oldest() {
        let page = json!({ "Records": [
            { "ApproximateArrivalTimestamp": 1_700_000_000.25 }, { "Data": "" }, { "ApproximateArrivalTimestamp": 1_700_000_001 },
        ] });
        let mut waiting = Waiting::default();
        arrivals(&page, "/ApproximateArrivalTimestamp").for_each(|came| waiting.add(came));
        assert_eq!(waiting, Waiting { records: 2, first: Some(1_700_000_000_250) });
        assert_eq!(arrivals(&json!({}), "/x").count(), 0);
    }
}
