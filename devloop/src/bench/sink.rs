//! The sinks of the last function, and what must be in them before a request is complete.

use std::collections::HashSet;

use serde_json::Value;

use crate::aws::Trust;
use crate::bench::chain::EndRows;
use crate::bench::database::PostgresRows;
use crate::bench::follow::{LogGroup, LogRows, Rows, Wanted};
use crate::bench::row::{Line, SinkRow};
use crate::engine::Problem;
use local_postgres::DatabaseUrl;

/// The sinks of the last function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Sink {
    /// Metrics in CloudWatch. The function logs a line for each request once CloudWatch has accepted its metrics.
    #[default]
    Metrics,
    /// Rows of a table.
    Postgres(DatabaseUrl),
    /// Rows, then metrics. A request is complete when it is in both.
    Both(DatabaseUrl),
}

impl Sink {
    /// The sink that the function's variables `SINK` and `DATABASE_URL` name. A database that the user names replaces theirs, and is an
    /// error where the sink has no rows.
    pub(crate) fn of(variables: &Value, given: Option<DatabaseUrl>) -> Result<Self, Problem> {
        let kind = variables["SINK"].as_str().unwrap_or("cloudwatch");
        if !["postgres", "both"].contains(&kind) {
            return match given {
                None => Ok(Self::Metrics),
                Some(_) => {
                    let message = format!(
                        "read rows from the database: the last function's sink is {kind}, which has none"
                    );
                    Err(Problem::new("database_unused", message).with_hint(
                        "leave --database-url out, or start the pipeline with `--parameter Sink=postgres`",
                    ))
                }
            };
        }
        let url = match (given, variables["DATABASE_URL"].as_str()) {
            (Some(url), _) => url,
            (None, Some(url)) => DatabaseUrl::parse(url).map_err(|why| unknown(&why))?,
            (None, None) => return Err(unknown("its variables have no DATABASE_URL")),
        };
        Ok(if kind == "both" { Self::Both(url) } else { Self::Postgres(url) })
    }

    /// Its place, for people.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Metrics => "cloudwatch".to_owned(),
            Self::Postgres(url) => url.without_password(),
            Self::Both(url) => format!("{} and cloudwatch", url.without_password()),
        }
    }

    /// A run's rows in this sink.
    pub(crate) fn rows(&self, group: LogGroup, trust: Trust, from: i64, wanted: Wanted) -> SinkRows {
        let table = |url: &DatabaseUrl| PostgresRows::new(url.clone(), trust, from, wanted.clone());
        match self {
            Self::Metrics => SinkRows::Log(Box::new(LogRows::new(group, from, wanted))),
            Self::Postgres(url) => SinkRows::Table(Box::new(table(url))),
            Self::Both(url) => SinkRows::Both(Box::new(Joined {
                table: table(url),
                log: LogRows::new(group, from, wanted),
                in_table: HashSet::new(),
                held: Vec::new(),
            })),
        }
    }
}

fn unknown(why: &str) -> Problem {
    Problem::new(
        "database_unknown",
        format!("find the rows of the last function, whose sink is Postgres: {why}"),
    )
    .with_hint("name the database with --database-url")
}

/// The rows of a run, wherever they are.
pub(crate) enum SinkRows {
    /// In the log of the last function.
    Log(Box<LogRows>),
    /// In its table.
    Table(Box<PostgresRows>),
    /// In both.
    Both(Box<Joined>),
    /// There are no rows: a chain is followed by its answers, which the generator has, or by the values of a metric.
    Elsewhere,
    /// In the logs of a chain's ends.
    Ends(Box<EndRows>),
}

/// Lines of the log, each of which counts only when its row is in the table.
pub(crate) struct Joined {
    table: PostgresRows,
    log: LogRows,
    in_table: HashSet<(String, Option<i64>)>,
    held: Vec<SinkRow>,
}

impl Joined {
    fn take(&mut self, rows: Vec<SinkRow>, lines: Vec<SinkRow>) -> Vec<SinkRow> {
        self.in_table.extend(rows.into_iter().map(|row| (row.key, row.received)));
        self.held.extend(lines);
        let (complete, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|line| self.in_table.contains(&(line.key.clone(), line.received)));
        self.held = held;
        complete
    }
}

impl Rows for SinkRows {
    async fn fresh(&mut self) -> Result<Vec<SinkRow>, String> {
        match self {
            Self::Log(rows) => rows.fresh().await,
            Self::Table(rows) => rows.fresh().await,
            Self::Elsewhere => Ok(Vec::new()),
            Self::Ends(rows) => rows.fresh().await,
            Self::Both(both) => {
                let rows = both.table.fresh().await?;
                let lines = both.log.fresh().await;
                // The table's rows are kept even if the log does not answer, because each is returned only once.
                let taken = both.take(rows, lines.as_ref().map_or_else(|_| Vec::new(), Clone::clone));
                lines.map(|_| taken)
            }
        }
    }

    async fn rest(&mut self) -> Result<Vec<SinkRow>, String> {
        match self {
            Self::Log(rows) => rows.rest().await,
            Self::Table(rows) => rows.rest().await,
            Self::Elsewhere => Ok(Vec::new()),
            Self::Ends(rows) => rows.rest().await,
            Self::Both(both) => {
                let rows = both.table.rest().await?;
                let lines = both.log.rest().await?;
                Ok(both.take(rows, lines))
            }
        }
    }
}

/// Adds to the table's rows what only the function's line of the same request has: the times of the stages before, and the
/// invocation. Returns how many lines were about a row that was written already.
pub(crate) fn complete<'a>(rows: &mut [SinkRow], lines: impl Iterator<Item = &'a Line>) -> u64 {
    let mut places = std::collections::HashMap::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.invocation.is_empty()) {
        places.insert((row.key.clone(), row.received), index);
    }
    let mut again = 0;
    for line in lines.filter(|line| line.outcome == "measured") {
        let Some(key) = &line.key else { continue };
        let Some(row) = places.get(&(key.clone(), line.received)).and_then(|index| rows.get_mut(*index))
        else {
            continue;
        };
        if !row.invocation.is_empty() {
            again += 1;
            continue;
        }
        row.arrived = line.arrived;
        row.stored = line.stored;
        row.coarse = line.coarse.unwrap_or(false);
        row.invocation.clone_from(&line.request_id);
    }
    again
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Sink, complete};
    use crate::bench::row::{Line, SinkRow};
    use local_postgres::DatabaseUrl;

    fn url(text: &str) -> DatabaseUrl {
        DatabaseUrl::parse(text).unwrap()
    }

    #[test]
    fn the_function_s_variables_name_its_sink() {
        let own = "postgres://u:secret@h/d";
        let check = |variables: serde_json::Value, given: Option<&str>, expected: Result<Sink, &str>| match (
            Sink::of(&variables, given.map(url)),
            expected,
        ) {
            (Ok(sink), Ok(expected)) => {
                assert_eq!(sink, expected);
                assert!(!sink.shown().contains("secret"), "{}", sink.shown());
            }
            (Err(problem), Err(code)) => assert_eq!(problem.code, code),
            (seen, _) => panic!("{variables}: {:?}", seen.map(|sink| sink.shown())),
        };
        check(json!({}), None, Ok(Sink::Metrics));
        check(json!(null), None, Ok(Sink::Metrics));
        check(json!({ "SINK": "cloudwatch", "DATABASE_URL": "" }), None, Ok(Sink::Metrics));
        check(json!({ "SINK": "cloudwatch" }), Some(own), Err("database_unused"));
        check(json!({ "SINK": "postgres", "DATABASE_URL": own }), None, Ok(Sink::Postgres(url(own))));
        let other = "postgres://u:secret@other/d";
        check(json!({ "SINK": "both", "DATABASE_URL": own }), Some(other), Ok(Sink::Both(url(other))));
        check(json!({ "SINK": "postgres" }), None, Err("database_unknown"));
        check(json!({ "SINK": "both", "DATABASE_URL": "" }), None, Err("database_unknown"));
    }

    #[test]
    fn a_row_gets_its_stages_from_the_first_line_of_its_request() {
        let row = |key: &str, received| SinkRow {
            place: (9, String::new()),
            key: key.into(),
            run: "r".into(),
            received: Some(received),
            arrived: None,
            stored: None,
            completed: 9,
            client_latency: None,
            coarse: false,
            invocation: String::new(),
        };
        let line = |outcome: &str, received, stored, invocation: &str| Line {
            outcome: outcome.into(),
            key: Some("a".into()),
            received: Some(received),
            stored: Some(stored),
            request_id: invocation.into(),
            coarse: Some(true),
            ..Line::default()
        };
        let mut rows = [row("a", 1), row("a", 2), row("b", 1)];
        let lines = [line("failed", 2, 0, "x"), line("measured", 2, 5, "y"), line("measured", 2, 5, "z")];
        assert_eq!(complete(&mut rows, lines.iter()), 1);
        assert_eq!((rows[0].stored, rows[1].stored, rows[2].stored), (None, Some(5), None));
        assert_eq!((rows[1].invocation.as_str(), rows[1].coarse), ("y", true));
    }
}
