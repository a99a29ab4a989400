//! Shows what is put into a stream from now on: one reader a shard, and the shards that come after it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::types::ShardIteratorType;
use functions_common::aws::Cause;
use serde_json::{Serializer, Value, ser::PrettyFormatter};
use tokio::{task::JoinSet, time::sleep};

use crate::flags::Flags;
use crate::kinesis::client;

/// How often a shard is asked.
const POLL: Duration = Duration::from_secs(1);
/// The longest wait after throttling or another passing fault.
const LONGEST: Duration = Duration::from_secs(10);

/// Runs the program. It reads until it is stopped, or until every shard is closed and read.
pub fn main() -> ExitCode {
    let flags = match Flags::parse(std::env::args().skip(1), &["stream", "endpoint"]) {
        Ok(flags) => flags,
        Err(error) => return fail(&error, 2),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(follow(&flags.or("stream", "wildrydes"), flags.get("endpoint"))),
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 1),
    }
}

async fn follow(stream: &str, endpoint: Option<&str>) -> Result<(), String> {
    let client = client(endpoint).await?;
    let mut waiting = Waiting::default();
    let mut readers = JoinSet::new();
    for shard in open_shards(&client, stream).await? {
        readers.spawn(read(client.clone(), stream.to_owned(), shard, ShardIteratorType::Latest));
    }
    while let Some(ended) = readers.join_next().await {
        let Ended { shard, children } = ended.map_err(|error| error.to_string())??;
        for child in waiting.ready(&shard, children) {
            readers.spawn(read(client.clone(), stream.to_owned(), child, ShardIteratorType::TrimHorizon));
        }
    }
    Ok(())
}

/// All open shards.
async fn open_shards(client: &Client, stream: &str) -> Result<Vec<String>, String> {
    let mut shards = Vec::new();
    let mut next = None;
    loop {
        let call = client.list_shards();
        let call = match &next {
            None => call.stream_name(stream),
            Some(token) => call.next_token(token),
        };
        let answer = call.send().await.map_err(|error| Cause::from(&error).detail)?;
        let open =
            |range: &aws_sdk_kinesis::types::SequenceNumberRange| range.ending_sequence_number.is_none();
        shards.extend(
            answer
                .shards
                .unwrap_or_default()
                .into_iter()
                .filter(|shard| shard.sequence_number_range.as_ref().is_some_and(open))
                .map(|shard| shard.shard_id),
        );
        next = answer.next_token;
        if next.is_none() {
            return Ok(shards);
        }
    }
}

/// A shard that was read to its end, and the shards that took over, each with its parents.
#[derive(Debug)]
struct Ended {
    shard: String,
    children: Vec<(String, Vec<String>)>,
}

/// Children whose parents are not all read.
#[derive(Debug, Default)]
struct Waiting {
    parents: BTreeMap<String, BTreeSet<String>>,
    read: BTreeSet<String>,
}

impl Waiting {
    /// The shards that can be read now that `shard` was read.
    fn ready(&mut self, shard: &str, children: Vec<(String, Vec<String>)>) -> Vec<String> {
        self.read.insert(shard.to_owned());
        for (child, parents) in children {
            self.parents.entry(child).or_default().extend(parents);
        }
        let ready: Vec<String> = self
            .parents
            .iter()
            .filter(|(_, parents)| parents.iter().all(|parent| self.read.contains(parent)))
            .map(|(child, _)| child.clone())
            .collect();
        self.parents.retain(|child, _| !ready.contains(child));
        ready
    }
}

/// Shows a shard's records until its end.
async fn read(
    client: Client,
    stream: String,
    shard: String,
    start: ShardIteratorType,
) -> Result<Ended, String> {
    let mut last: Option<String> = None;
    let mut iterator = None;
    let mut wait = POLL;
    loop {
        let Some(at) = iterator.take() else {
            let call = client.get_shard_iterator().stream_name(&stream).shard_id(&shard);
            let call = match &last {
                None => call.shard_iterator_type(start.clone()),
                Some(sequence) => call
                    .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                    .starting_sequence_number(sequence),
            };
            match call.send().await {
                Ok(answer) => iterator = answer.shard_iterator,
                Err(error) => rest(&mut wait, &error).await?,
            }
            continue;
        };
        match client.get_records().shard_iterator(&at).send().await {
            Ok(answer) => {
                for record in &answer.records {
                    show(record.data.as_ref());
                    last = Some(record.sequence_number.clone());
                }
                if answer.next_shard_iterator.is_none() {
                    let children = answer.child_shards.unwrap_or_default();
                    let children =
                        children.into_iter().map(|child| (child.shard_id, child.parent_shards)).collect();
                    return Ok(Ended { shard, children });
                }
                iterator = answer.next_shard_iterator;
                wait = POLL;
                sleep(POLL).await;
            }
            // Without an iterator, the next round asks for a new one that begins after the last record.
            Err(error) => rest(&mut wait, &error).await?,
        }
    }
}

/// Waits before the next try, longer every time; a fault that will not pass is returned as an error.
async fn rest<E, R>(wait: &mut Duration, error: &SdkError<E, R>) -> Result<(), String>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let cause = Cause::from(error);
    if ["ResourceNotFoundException", "InvalidArgumentException", "AccessDeniedException"]
        .contains(&cause.short.as_str())
    {
        return Err(cause.detail);
    }
    if cause.short != "ExpiredIteratorException" {
        sleep(*wait).await;
        *wait = (*wait * 2).min(LONGEST);
    }
    Ok(())
}

fn show(data: &[u8]) {
    let mut out = io::stdout().lock();
    // A closed standard output is ignored.
    let _ = out.write_all(&shown(data)).and_then(|()| out.flush());
}

/// JSON indented by four spaces; anything else as it is.
fn shown(data: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let json = serde_json::from_slice::<Value>(data).is_ok_and(|value| {
        let mut serializer = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"    "));
        serde::Serialize::serialize(&value, &mut serializer).is_ok()
    });
    if !json {
        text = String::from_utf8_lossy(data).trim_end_matches('\n').as_bytes().to_vec();
    }
    text.push(b'\n');
    text
}

fn fail(error: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "{error}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_the_rest_is_shown_as_it_is() {
        let check = |data: &str, expected: &str| {
            assert_eq!(String::from_utf8(shown(data.as_bytes())).unwrap(), expected);
        };
        check("{\"Name\":\"Shadowfax\"}\n", "{\n    \"Name\": \"Shadowfax\"\n}\n");
        check("not json\n", "not json\n");
        check("", "\n");
    }

    #[test]
    fn a_merged_shard_waits_for_both_of_its_parents() {
        let merged = || vec![("c".to_owned(), vec!["a".to_owned(), "b".to_owned()])];
        let mut waiting = Waiting::default();
        assert!(waiting.ready("a", merged()).is_empty());
        assert_eq!(waiting.ready("b", merged()), ["c"]);
        let split = vec![("d".to_owned(), vec!["c".to_owned()]), ("e".to_owned(), vec!["c".to_owned()])];
        assert_eq!(waiting.ready("c", split), ["d", "e"]);
    }
}
