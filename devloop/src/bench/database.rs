//! The sink's rows in PostgreSQL. A request with a row is complete, whatever the log says.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::aws::Trust;
use crate::bench::follow::{Rows, Wanted};
use crate::bench::row::SinkRow;
use local_postgres::DatabaseUrl;

/// How long the server may take to accept a connection, or to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// By how much each reading overlaps the last one, in ms. A row has the time when its batch was taken, and appears when the batch is
/// committed, up to the function's timeout of three seconds later.
const OVERLAP_MS: i64 = 4_000;

/// The pause between two readings, as a multiple of the time that the last one took, because reading slows the pipeline's own
/// writes down.
const REST: u32 = 4;

/// The rows of a run. The table has one row for each item, so a duplicate is there once.
const SELECT: &str = "\
    SELECT id, run_id, timestamp_ms, received_ms, completed_ms, lpad(stream_seq::text, 40, '0') FROM pipeline_items \
    WHERE completed_ms >= $1 AND ($2::text IS NULL OR run_id = $2) \
    AND ($3::bigint IS NULL OR received_ms IS NULL OR received_ms >= $3) ORDER BY completed_ms";

/// The sink's table.
pub(crate) struct PostgresRows {
    url: DatabaseUrl,
    trust: Trust,
    wanted: Wanted,
    client: Option<Client>,
    from: i64,
    latest: i64,
    /// Rows that were returned already, by item and time of receipt: a later request may write an item again, which counts as
    /// another row.
    told: HashMap<(String, Option<i64>), i64>,
    /// The earliest time of the next reading.
    next: Option<Instant>,
}

impl PostgresRows {
    /// The run's rows, completed at `from` (ms since the epoch) or later. Connects with the first reading, and again when the
    /// connection was lost: the database may be down for a while, as part of a test.
    pub(crate) fn new(url: DatabaseUrl, trust: Trust, from: i64, wanted: Wanted) -> Self {
        Self { url, trust, wanted, client: None, from, latest: from, told: HashMap::new(), next: None }
    }

    async fn read(&mut self, from: i64) -> Result<Vec<SinkRow>, String> {
        let began = Instant::now();
        let rows = tokio::time::timeout(LIMIT, self.ask(from)).await;
        let rows = rows.unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs())));
        self.next = Some(Instant::now() + began.elapsed() * REST);
        let rows = rows.map_err(|reason| {
            self.client = None;
            format!("read rows from {}: {reason}", self.url.without_password())
        })?;
        let mut fresh = Vec::new();
        for row in rows {
            let (Some(completed), key) = (row.get::<_, Option<i64>>(4), row.get::<_, String>(0)) else {
                continue;
            };
            let received: Option<i64> = row.get(3);
            self.latest = self.latest.max(completed);
            if self.told.insert((key.clone(), received), completed).is_none() {
                fresh.push(sink_row(key, received, completed, &row));
            }
        }
        Ok(fresh)
    }

    async fn ask(&mut self, from: i64) -> Result<Vec<Row>, String> {
        let client = match self.client.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => connect(&self.url, &self.trust).await?,
        };
        let Wanted { run, received_from } = &self.wanted;
        let answer = client.query(SELECT, &[&from, run, received_from]).await;
        self.client = Some(client);
        match answer {
            // The function creates the table with its first batch.
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(Vec::new()),
            answer => answer.map_err(|error| told(&error)),
        }
    }
}

impl Rows for PostgresRows {
    async fn fresh(&mut self) -> Result<Vec<SinkRow>, String> {
        if self.next.is_some_and(|next| Instant::now() < next) {
            return Ok(Vec::new());
        }
        self.read((self.latest - OVERLAP_MS).max(self.from)).await
    }

    async fn rest(&mut self) -> Result<Vec<SinkRow>, String> {
        self.read(self.from).await
    }
}

fn sink_row(key: String, received: Option<i64>, completed: i64, row: &Row) -> SinkRow {
    let sent: i64 = row.get(2);
    SinkRow {
        place: (completed, row.get(5)),
        key,
        run: row.get::<_, Option<String>>(1).unwrap_or_default(),
        received,
        arrived: None,
        stored: None,
        completed,
        client_latency: Some(completed - sent),
        // The table has the client's time in ms, whatever its unit was; only the function's line says whether it was in seconds.
        coarse: false,
        invocation: String::new(),
    }
}

/// Connects as the URL asks: `sslmode=require` and `verify-full` check the server's certificate, and so does every host that is
/// not this machine, unless `sslmode=disable`.
async fn connect(url: &DatabaseUrl, trust: &Trust) -> Result<Client, String> {
    let config = config(url)?;
    let is_here = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    });
    let mode = config.get_ssl_mode();
    if mode == SslMode::Require || (mode != SslMode::Disable && !is_here) {
        let connector = MakeRustlsConnect::new(trust.tls()?.as_ref().clone());
        let (client, connection) = config.connect(connector).await.map_err(|error| told(&error))?;
        tokio::spawn(connection);
        return Ok(client);
    }
    let (client, connection) = config.connect(NoTls).await.map_err(|error| told(&error))?;
    tokio::spawn(connection);
    Ok(client)
}

/// The driver's settings. Options that only libpq has are left out: the file of certificates, which is a path where the function
/// runs, and the stricter of the modes that check certificates.
fn config(url: &DatabaseUrl) -> Result<Config, String> {
    let (base, query) = url.as_str().split_once('?').unwrap_or((url.as_str(), ""));
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("sslrootcert="))
        .map(|pair| if pair == "sslmode=verify-full" { "sslmode=require" } else { pair })
        .collect();
    let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    // The error's own text may contain the password; its cause only names the option.
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        let why = std::error::Error::source(&error).map(ToString::to_string);
        why.unwrap_or_else(|| "the URL is not understood".to_owned())
    })?;
    config.connect_timeout(LIMIT);
    config.application_name("devloop bench");
    Ok(config)
}

/// The error's cause, which has the details.
fn told(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::config;
    use local_postgres::DatabaseUrl;

    #[test]
    fn the_driver_gets_what_it_knows() {
        let check = |url: &str, mode: SslMode| {
            let config = config(&DatabaseUrl::parse(url).unwrap()).unwrap();
            assert_eq!((config.get_ssl_mode(), config.get_password()), (mode, Some(&b"secret"[..])), "{url}");
        };
        check("postgres://u:secret@h:1/d", SslMode::Prefer);
        check("postgres://u:secret@h:1/d?sslmode=verify-full&sslrootcert=/opt/ca.pem", SslMode::Require);
        check("postgres://u:secret@h:1/d?sslmode=disable&connect_timeout=3", SslMode::Disable);
        for wrong in ["postgres://u:secret@h:port/d", "postgres://u:secret@h/d?secret=1"] {
            let error = config(&DatabaseUrl::parse(wrong).unwrap()).unwrap_err();
            assert!(!error.contains("u:secret"), "{error}");
        }
    }
}
