//! Logs Insights: queries over the events of some groups [CloudWatch Logs Insights language query syntax].
//!
//! A query runs while it is started, so its results are available at once. The last 100 queries are kept. The commands are
//! `fields`, `display`, `filter`, `sort`, `limit` and `stats`; other commands are refused by name.

mod event;
mod expression;
mod lexer;
mod query;
mod run;
mod value;

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    errors::{constraint, invalid, missing},
    group::{Group, Position},
    service::Scope,
};
use crate::{error::ApiError, wire};
use query::Query;
use run::{Outcome, Row};

/// How many queries are kept, with their results.
const KEPT: usize = 100;

/// The most rows of a query's result [CloudWatch Logs quotas].
const ROWS: usize = 10_000;

/// The queries of all regions, the latest last.
#[derive(Debug, Default)]
pub(crate) struct Queries(Mutex<VecDeque<Arc<Finished>>>);

/// A query that has run.
#[derive(Debug)]
struct Finished {
    id: String,
    region: Arc<str>,
    text: String,
    groups: Vec<Arc<str>>,
    started_ms: i64,
    outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueryInput {
    log_group_name: Option<String>,
    #[serde(default)]
    log_group_names: Vec<String>,
    #[serde(default)]
    log_group_identifiers: Vec<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    query_string: Option<String>,
    query_language: Option<String>,
    limit: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    query_id: Option<String>,
    log_group_name: Option<String>,
    status: Option<String>,
}

impl Queries {
    /// [StartQuery, CloudWatch Logs API reference]. Times are in seconds.
    pub(crate) async fn start(&self, scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
        let start: QueryInput = wire::read(input)?;
        if let Some(language) = start.query_language.filter(|language| language != "CWLI") {
            return Err(ApiError::unsupported(format_args!("queries in the language {language}; use CWLI")));
        }
        let text = start.query_string.ok_or_else(|| missing("queryString"))?;
        let from_s = start.start_time.ok_or_else(|| missing("startTime"))?;
        let to_s = start.end_time.ok_or_else(|| missing("endTime"))?;
        if from_s > to_s {
            return Err(invalid("startTime is after endTime."));
        }
        let limit = match start.limit {
            None => ROWS,
            Some(limit) if (1..=ROWS as i64).contains(&limit) => limit as usize,
            Some(limit) => {
                return Err(constraint(limit, "limit", &format!("have value between 1 and {ROWS}")));
            }
        };
        let names = start.log_group_name.into_iter().chain(start.log_group_names);
        let mut groups: Vec<Arc<Group>> =
            names.map(|name| scope.group(Some(&name), None)).collect::<Result<_, _>>()?;
        for identifier in &start.log_group_identifiers {
            groups.push(scope.group(None, Some(identifier))?);
        }
        if groups.is_empty() {
            return Err(missing("logGroupName"));
        }
        let query = Query::parse(&text).map_err(|why| {
            ApiError::client("MalformedQueryException", format!("the query cannot be read: {why}"))
        })?;
        let range = (Position::before(from_s * 1_000), Position::before((to_s + 1) * 1_000));
        let names = groups.iter().map(|group| Arc::clone(&group.name)).collect();
        let account = Arc::clone(&scope.cx.account);
        let work = move || run::run(&query, &groups, range, &account, limit);
        let outcome = tokio::task::spawn_blocking(work).await;
        let outcome = outcome.map_err(|_| ApiError::internal("the query was aborted"))?;
        let id = uuid::Uuid::new_v4().to_string();
        let mut queries = self.0.lock();
        if queries.len() == KEPT {
            queries.pop_front();
        }
        queries.push_back(Arc::new(Finished {
            id: id.clone(),
            region: Arc::clone(&scope.cx.region),
            text,
            groups: names,
            started_ms: scope.now_ms,
            outcome,
        }));
        Ok(json!({ "queryId": id }))
    }

    /// [GetQueryResults, CloudWatch Logs API reference]
    pub(crate) fn results(&self, scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
        let finished = self.find(scope, input)?;
        let outcome = &finished.outcome;
        let row = |row: &Row| -> Value {
            row.iter().map(|(field, value)| json!({ "field": field, "value": value })).collect()
        };
        Ok(json!({
            "queryLanguage": "CWLI",
            "results": outcome.rows.iter().map(row).collect::<Vec<_>>(),
            "statistics": {
                "recordsMatched": outcome.matched as f64,
                "recordsScanned": outcome.scanned as f64,
                "bytesScanned": outcome.bytes as f64,
            },
            "status": "Complete",
        }))
    }

    /// [DescribeQueries, CloudWatch Logs API reference]
    pub(crate) fn describe(&self, scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
        let wanted: Named = wire::read(input)?;
        let is_wanted = |query: &&Arc<Finished>| {
            query.region == scope.cx.region
                && wanted
                    .log_group_name
                    .as_deref()
                    .is_none_or(|name| query.groups.iter().any(|group| **group == *name))
                && wanted.status.as_deref().is_none_or(|status| status == "Complete")
        };
        let queries = self.0.lock();
        let shown = queries.iter().rev().filter(is_wanted).map(|query| {
            json!({
                "queryId": query.id,
                "queryString": query.text,
                "queryLanguage": "CWLI",
                "status": "Complete",
                "createTime": query.started_ms,
                "logGroupName": query.groups.first().map(|name| &**name),
            })
        });
        Ok(json!({ "queries": shown.collect::<Vec<_>>() }))
    }

    /// [StopQuery, CloudWatch Logs API reference]: here a query has always ended, and an ended query cannot be stopped.
    pub(crate) fn stop(&self, scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
        self.find(scope, input)?;
        Err(invalid("The query has ended and cannot be stopped."))
    }

    fn find(&self, scope: &Scope<'_>, input: Value) -> Result<Arc<Finished>, ApiError> {
        let named: Named = wire::read(input)?;
        let id = named.query_id.ok_or_else(|| missing("queryId"))?;
        let queries = self.0.lock();
        let found = queries.iter().find(|query| query.id == id && query.region == scope.cx.region);
        found.cloned().ok_or_else(|| {
            ApiError::client(
                "ResourceNotFoundException",
                format!("There is no query {id}; the last {KEPT} are kept."),
            )
        })
    }
}
