//! The store of one region: tables by name, streams by ARN, and the tokens of recent transactions.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};

use super::{
    stream::{TableStream, View, label},
    table::Table,
};
use crate::{context::Context, error::ApiError, kept::Budget, source::Source as _};

/// How long a client request token is remembered, in ms [`TransactWriteItems`, DynamoDB API reference].
const TOKEN_MS: i64 = 10 * 60 * 1000;
/// The most tokens that are remembered: SDKs send one with each transaction. They take about 60 MB; the oldest are forgotten
/// early when there are more.
const TOKENS: usize = 500_000;

/// The tables of a region.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) tables: RwLock<BTreeMap<String, Arc<Table>>>,
    streams: RwLock<BTreeMap<String, Arc<TableStream>>>,
    tokens: Mutex<Tokens>,
}

#[derive(Debug, Default)]
struct Tokens {
    /// A hash of the request by its token.
    requests: HashMap<Arc<str>, u64>,
    /// When each token was used, oldest first.
    order: VecDeque<(i64, Arc<str>)>,
}

/// Whether a client request token was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// Not used within the last ten minutes.
    New,
    /// Used by the same request.
    Repeated,
    /// Used by a request with other content.
    Mismatch,
}

impl Store {
    /// The table with this name or ARN, for operations on items.
    pub(crate) fn table(&self, name: &str) -> Result<Arc<Table>, ApiError> {
        self.find(name).ok_or_else(|| not_found("Requested resource not found"))
    }

    /// The table with this name or ARN, for operations on tables, whose error contains the name.
    pub(crate) fn named_table(&self, name: &str) -> Result<Arc<Table>, ApiError> {
        self.find(name).ok_or_else(|| {
            not_found(format!("Requested resource not found: Table: {} not found", table_name(name)))
        })
    }

    fn find(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.read().get(table_name(name)).cloned()
    }

    /// Creates and enables a stream for the table. The caller has locked the table's contents for writing, or has not
    /// published the table yet.
    pub(crate) fn open_stream(
        &self,
        cx: &Context,
        table: &Table,
        view: View,
        now_ms: i64,
        memory: &Arc<Budget>,
    ) -> Arc<TableStream> {
        let mut streams = self.streams.write();
        streams.retain(|_, stream| !stream.is_over(now_ms));
        // Two streams of one table must have different labels, even when they are created within a millisecond.
        let mut created_ms = now_ms;
        while streams.values().any(|s| s.table() == table.name && s.label() == label(created_ms)) {
            created_ms += 1;
        }
        let stream = TableStream::new(cx, &table.name, table.schema.clone(), view, created_ms, memory);
        let stream = Arc::new(stream);
        streams.insert(stream.arn().to_owned(), Arc::clone(&stream));
        stream
    }

    /// The stream with this ARN. Drops its records that are older than the retention time.
    pub(crate) fn stream(&self, arn: &str, now_ms: i64) -> Result<Arc<TableStream>, ApiError> {
        let stream = self.streams.read().get(arn).filter(|stream| !stream.is_over(now_ms)).cloned();
        let stream = stream
            .ok_or_else(|| not_found(format!("Requested resource not found: Stream: {arn} not found")))?;
        stream.trim(now_ms);
        Ok(stream)
    }

    /// Every stream that can still be read, by ARN.
    pub(crate) fn streams(&self, now_ms: i64) -> Vec<Arc<TableStream>> {
        self.streams.read().values().filter(|stream| !stream.is_over(now_ms)).cloned().collect()
    }

    /// Runs `transaction` unless its token shows that it already ran; then runs `repeated`. The token is stored only if the
    /// transaction succeeds. Two requests with the same token never run at the same time.
    pub(crate) fn once<T>(
        &self,
        token: Option<&str>,
        request: u64,
        now_ms: i64,
        transaction: impl FnOnce() -> Result<T, ApiError>,
        repeated: impl FnOnce() -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let Some(token) = token else { return transaction() };
        let mut tokens = self.tokens.lock();
        match tokens.look_up(token, request, now_ms) {
            Token::New => {}
            Token::Repeated => {
                drop(tokens);
                return repeated();
            }
            Token::Mismatch => {
                return Err(ApiError::client(
                    "IdempotentParameterMismatchException",
                    "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical",
                ));
            }
        }
        let done = transaction()?;
        tokens.keep(token, request, now_ms);
        Ok(done)
    }
}

impl Tokens {
    fn keep(&mut self, token: &str, request: u64, now_ms: i64) {
        let token: Arc<str> = token.into();
        self.requests.insert(Arc::clone(&token), request);
        self.order.push_back((now_ms, token));
        if self.order.len() > TOKENS {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, token)) = self.order.pop_front() {
            self.requests.remove(&token);
        }
    }

    fn look_up(&mut self, token: &str, request: u64, now_ms: i64) -> Token {
        while self.order.front().is_some_and(|(used_ms, _)| now_ms - used_ms > TOKEN_MS) {
            self.forget_oldest();
        }
        match self.requests.get(token) {
            None => Token::New,
            Some(used) if *used == request => Token::Repeated,
            Some(_) => Token::Mismatch,
        }
    }
}

/// The table name in an ARN; a plain name is returned unchanged.
pub(crate) fn table_name(name_or_arn: &str) -> &str {
    match name_or_arn.split_once(":table/") {
        Some((arn, name)) if arn.starts_with("arn:") => name,
        _ => name_or_arn,
    }
}

/// `ResourceNotFoundException`.
pub(crate) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::client("ResourceNotFoundException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_forgotten_after_their_time_and_the_oldest_of_too_many() {
        let mut tokens = Tokens::default();
        for number in 0..=TOKENS {
            tokens.keep(&number.to_string(), 1, 5);
        }
        assert_eq!((tokens.order.len(), tokens.requests.len()), (TOKENS, TOKENS));
        assert_eq!(tokens.look_up("0", 1, 6), Token::New);
        assert_eq!(tokens.look_up("1", 1, 6), Token::Repeated);
        assert_eq!(tokens.look_up("1", 2, 6), Token::Mismatch);
        assert_eq!(tokens.look_up("1", 1, 6 + TOKEN_MS), Token::New);
        assert_eq!((tokens.order.len(), tokens.requests.len()), (0, 0));
    }
}
