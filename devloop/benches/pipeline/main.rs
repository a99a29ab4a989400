//! How fast the example pipeline runs on the embedded cloud, and what it costs: `devloop/benches/README.md` says how to run
//! this and holds results. Everything is measured from outside: the real program, its real functions, one port.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

mod client;
mod load;
mod options;
mod report;
mod rows;
mod session;
mod usage;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::client::Client;
use crate::load::{Load, Plan};
use crate::options::Options;
use crate::report::Report;
use crate::session::Session;
use crate::usage::Usage;

/// How long the backlog may take to drain.
const DRAIN_LIMIT: Duration = Duration::from_mins(5);

/// How often the drain is looked at: rarely, so that looking costs nothing.
const DRAIN_STEP: Duration = Duration::from_millis(250);

// One thread, as in a load generator on another machine it would have its own: here it must leave the cores to the pipeline.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let mut ready = Vec::new();
    for _ in 0..options.starts {
        ready.push(session::time_to_ready(&options).await?);
    }
    let session = Session::start(&options).await.context("start devloop")?;
    let result = measure(&options, &session).await;
    session.stop().await?;
    let report = Report { ready, ..result? };
    report.print(&options);
    ensure!(report.is_complete(), "{} runs were lost, {} came twice", report.lost(), report.rows.duplicates);
    Ok(())
}

async fn measure(options: &Options, session: &Session) -> Result<Report> {
    let client = Client::new(&session.endpoint)?;
    let warm_up = Plan { duration: Some(options.warm_up()), requests: None, ..options.plan("warm-up") };
    load::run(&session.api, warm_up).await?;
    drain(&client).await.context("drain the warm-up")?;
    tokio::time::sleep(Duration::from_secs(1)).await;

    let before = Usage::read(session.process)?;
    let Load { accepted, refused, elapsed, latency, began_ms, ended_ms } =
        load::run(&session.api, options.plan("load")).await?;
    let at_end = Usage::read(session.process)?;
    let drained = drain(&client).await?;
    let after = Usage::read(session.process)?;
    let rows = rows::read(&client, "load", began_ms, ended_ms).await?;

    // The rows were just read; what that woke up has to settle first.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle_from = (Instant::now(), Usage::read(session.process)?);
    tokio::time::sleep(Duration::from_secs(options.idle)).await;
    let idle = (idle_from.0.elapsed(), Usage::read(session.process)?.since(&idle_from.1));
    Ok(Report {
        ready: Vec::new(),
        accepted,
        refused,
        elapsed,
        latency,
        rows,
        drained,
        used: after.since(&before),
        at_end,
        idle,
        load_average: usage::load_average(),
    })
}

/// Waits until no mapping has anything left, twice in a row, and says how long that took.
async fn drain(client: &Client) -> Result<Duration> {
    let began = Instant::now();
    let mut empty = 0;
    while empty < 2 {
        ensure!(began.elapsed() < DRAIN_LIMIT, "the backlog was not drained within {DRAIN_LIMIT:?}");
        empty = if client.backlog().await? == 0 { empty + 1 } else { 0 };
        tokio::time::sleep(DRAIN_STEP).await;
    }
    Ok(began.elapsed())
}
