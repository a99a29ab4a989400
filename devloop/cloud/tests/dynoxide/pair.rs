//! This cloud and dynoxide with the same tables.

use std::path::Path;

use devloop_cloud::{Cloud, Options};
use serde_json::{Value, json};

use super::{
    answers::{Answer, Mistake},
    differences,
    requests::Requests,
    server::Server,
    smaller::{completed, focused, smaller},
};

/// How many requests are tried at most to find one that has one mistake alone.
const TRIES: usize = 1000;

/// Makes a mistake in an answer of this cloud, to test the test.
pub(super) type Break = fn(&str, &mut Answer);

/// Both servers. They get the same requests, so they hold the same data as long as they answer alike.
pub(super) struct Pair {
    cloud: Cloud,
    server: Server,
    broken: Break,
    /// Whether one has accepted a request that the other refused.
    pub(super) has_diverged: bool,
    /// The first changes in which the streams differed at that time.
    different_before: Option<String>,
    /// How many requests were sent to both.
    pub(super) asked: usize,
}

/// The answers of both to one request.
pub(super) struct Answers {
    pub(super) here: Answer,
    pub(super) dynoxide: Answer,
}

#[derive(Clone, Copy)]
enum Side {
    Here,
    Dynoxide,
}

impl Answers {
    /// Whether both are the same, or their difference is listed.
    pub(super) fn agree(&self, operation: &str, request: &Value) -> bool {
        self.here == self.dynoxide || differences::is_known(operation, request, &self.here, &self.dynoxide)
    }
}

impl Pair {
    /// Both with the tables of [`Requests::tables`].
    pub(super) async fn start(program: &Path, broken: Break) -> Self {
        let (cloud, server) = (Cloud::new(Options::default()), Server::start(program).await);
        let mut pair = Self { cloud, server, broken, has_diverged: false, different_before: None, asked: 0 };
        for (operation, body) in Requests::tables() {
            let Answers { here, dynoxide } = pair.ask(operation, &body).await;
            assert_eq!(
                (here.status, dynoxide.status),
                (200, 200),
                "{operation} {body}\n{here:?}\n{dynoxide:?}"
            );
        }
        pair
    }

    async fn call(&mut self, by: Side, operation: &str, body: &Value) -> Answer {
        match by {
            Side::Here => {
                let cx = self.cloud.context("us-east-1");
                let mut answer = Answer::of(self.cloud.call(&cx, "dynamodb", operation, body.clone()).await);
                (self.broken)(operation, &mut answer);
                answer
            }
            Side::Dynoxide => self.server.call(operation, body).await,
        }
    }

    /// The changes that the stream of a table has recorded: what happened, and the item's key and images.
    async fn changes(&mut self, by: Side, table: &str) -> Vec<Value> {
        let described = self.call(by, "DescribeTable", &json!({ "TableName": table })).await.body;
        let arn = &described["Table"]["LatestStreamArn"];
        let stream = self.call(by, "DescribeStream", &json!({ "StreamArn": arn })).await.body;
        let from = json!({
            "StreamArn": arn, "ShardId": stream["StreamDescription"]["Shards"][0]["ShardId"],
            "ShardIteratorType": "TRIM_HORIZON",
        });
        let iterator = self.call(by, "GetShardIterator", &from).await.body;
        let read = self.call(by, "GetRecords", &json!({ "ShardIterator": iterator["ShardIterator"] })).await;
        let records = read.comparable("GetRecords", &Value::Null).body["Records"].take();
        let of = |record: &Value| {
            let change = &record["dynamodb"];
            json!([record["eventName"], change["Keys"], change["OldImage"], change["NewImage"]])
        };
        let records = records.as_array().expect("the records of a stream").iter().map(of);
        // "If you perform a PutItem or UpdateItem operation that does not change any data in an item, DynamoDB Streams does
        // not write a stream record": Change data capture for DynamoDB Streams, developer guide. dynoxide writes one.
        records.filter(|record| matches!(by, Side::Here) || record[2] != record[3]).collect()
    }

    /// The first changes in which the streams of both differ.
    async fn different_changes(&mut self) -> Option<String> {
        for table in ["hash", "sort"] {
            let (here, dynoxide) =
                (self.changes(Side::Here, table).await, self.changes(Side::Dynoxide, table).await);
            let different = here.iter().zip(&dynoxide).find(|(here, dynoxide)| here != dynoxide);
            if let Some((here, dynoxide)) = different {
                return Some(format!("{table}\n  here: {here}\n  dynoxide: {dynoxide}"));
            }
            if !self.has_diverged && here.len() != dynoxide.len() {
                return Some(format!("{table}: {} changes here, {} in dynoxide", here.len(), dynoxide.len()));
            }
        }
        None
    }

    /// Ends the round: the first changes in which the streams of both differ, until one accepted a request that the other refused.
    pub(super) async fn end(mut self) -> Option<String> {
        if self.has_diverged { self.different_before } else { self.different_changes().await }
    }

    /// Sends one request to both.
    pub(super) async fn ask(&mut self, operation: &str, body: &Value) -> Answers {
        let here = self.call(Side::Here, operation, body).await.comparable(operation, body);
        self.ask_dynoxide(operation, body, here).await
    }

    /// Sends a request to dynoxide that was answered here.
    async fn ask_dynoxide(&mut self, operation: &str, body: &Value, here: Answer) -> Answers {
        let dynoxide = self.call(Side::Dynoxide, operation, body).await.comparable(operation, body);
        self.asked += 1;
        if here.status != dynoxide.status && !self.has_diverged {
            self.has_diverged = true;
            self.different_before = self.different_changes().await;
        }
        Answers { here, dynoxide }
    }

    /// Nothing if both refuse the request and each names another of its mistakes; otherwise what is not so. AWS does not document
    /// which of several mistakes is reported: Programmatic error handling, developer guide, and Common errors, API reference,
    /// define one message an error.
    ///
    /// That the request has a mistake is shown by a smaller request for which both name it, or by the list, if the other does
    /// not see such a mistake at all.
    pub(super) async fn unproved(
        &mut self,
        operation: &str,
        request: &Value,
        answers: &Answers,
    ) -> Option<String> {
        let different = answers
            .here
            .different_mistakes(&answers.dynoxide)
            .or_else(|| differences::unknown_mistakes(operation, request, &answers.here, &answers.dynoxide));
        let Some((here, dynoxide)) = different else {
            return Some("they differ in more than the mistakes that they name".to_owned());
        };
        for (by, mistakes) in [(Side::Dynoxide, dynoxide), (Side::Here, here)] {
            for mistake in mistakes {
                let by_here = matches!(by, Side::Here);
                let is_seen_by_one = by_here && differences::is_of_grammar(&mistake)
                    || differences::is_seen_by_one(operation, request, &mistake, by_here);
                if !is_seen_by_one && !self.both_name(&mistake, by, operation, request).await {
                    return Some(format!(
                        "no smaller request was found for which both say: {}",
                        mistake["Message"]
                    ));
                }
            }
        }
        None
    }

    /// Whether both name the mistake, which one of them finds in the request, in a smaller request.
    async fn both_name(&mut self, mistake: &Mistake, by: Side, operation: &str, request: &Value) -> bool {
        // A mistake of one expression is often hidden by a mistake of another one.
        if let Some(focused) = focused(request, mistake["Message"].as_str().unwrap_or_default()) {
            let Answers { here, dynoxide } = self.ask(operation, &focused).await;
            let (by_here, by_dynoxide) =
                (here.mistakes().contains(mistake), dynoxide.mistakes().contains(mistake));
            let is_named = if matches!(by, Side::Here) { by_here } else { by_dynoxide };
            if by_here && by_dynoxide || is_named && self.find(mistake, by, operation, &focused, false).await
            {
                return true;
            }
        }
        // The first way is short; it can leave out too much, so that dynoxide finds yet another mistake.
        self.find(mistake, by, operation, request, false).await
            || matches!(by, Side::Here) && self.find(mistake, by, operation, request, true).await
    }

    /// Looks for a smaller request for which both name the mistake. While there is none, the first smaller one for which `by`
    /// names it is made smaller; with `all`, after all others were tried.
    async fn find(
        &mut self,
        mistake: &Mistake,
        by: Side,
        operation: &str,
        request: &Value,
        all: bool,
    ) -> bool {
        let (mut request, last) = (request.clone(), self.asked + TRIES);
        let length = |request: &Value| request.to_string().len();
        let mut seen = vec![request.to_string()];
        loop {
            // dynoxide takes more time, so it is first asked only what is refused here for the mistake.
            let mut next = None;
            for candidate in smaller(operation, &request).chain(completed(&request)) {
                let here =
                    self.call(Side::Here, operation, &candidate).await.comparable(operation, &candidate);
                let is_named = here.mistakes().contains(mistake);
                let may_agree = is_named
                    || matches!(by, Side::Dynoxide)
                        && differences::is_known(operation, &candidate, &here, &Answer::of_mistake(mistake));
                // What was accepted here goes to dynoxide too, so that both hold the same data.
                if !may_agree && here.status != 200 {
                    continue;
                }
                let answers = self.ask_dynoxide(operation, &candidate, here).await;
                let is_named_there = answers.dynoxide.mistakes().contains(mistake);
                let is_found = match by {
                    Side::Here => is_named,
                    Side::Dynoxide => is_named_there,
                };
                if is_found && (is_named && is_named_there || answers.agree(operation, &candidate)) {
                    return true;
                }
                if is_found && length(&candidate) < length(&request) {
                    next = next.or(Some(candidate));
                    if !all {
                        break;
                    }
                }
            }
            if next.is_none() && matches!(by, Side::Dynoxide) {
                next = self.only_there(mistake, operation, &request, &mut seen).await;
            }
            match next {
                Some(smaller) if self.asked < last => request = smaller,
                _ => return false,
            }
        }
    }

    /// The next request that dynoxide refuses for the mistake, while this cloud names yet another one. One that breaks no
    /// expression's grammar goes first, because hardly any smaller one can repair that; and a smaller one before one of the same
    /// length or a longer one, which must be new.
    async fn only_there(
        &mut self,
        mistake: &Mistake,
        operation: &str,
        request: &Value,
        seen: &mut Vec<String>,
    ) -> Option<Value> {
        let (mut broken, mut repaired) = (None, None);
        for candidate in smaller(operation, request) {
            let text = candidate.to_string();
            if seen.contains(&text) {
                continue;
            }
            let answers = self.ask(operation, &candidate).await;
            if !answers.dynoxide.mistakes().contains(mistake) {
                continue;
            }
            let is_shorter = text.len() < request.to_string().len();
            let kept = if is_shorter && !answers.here.mistakes().iter().any(differences::is_of_grammar) {
                seen.push(text);
                return Some(candidate);
            } else if is_shorter {
                &mut broken
            } else {
                &mut repaired
            };
            kept.get_or_insert(candidate);
        }
        let next = broken.or(repaired);
        seen.extend(next.as_ref().map(Value::to_string));
        next
    }
}
