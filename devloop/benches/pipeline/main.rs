//! How fast the example pipeline runs on the embedded cloud, and what it costs: `devloop/benches/README.md` says how to run
//! this and holds results. `devloop bench` sends the load and counts; this adds the time to start and the cost of an idle
//! pipeline. Everything is measured from outside: the real program with its real functions.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

mod compare;
mod options;
#[path = "../support/session.rs"]
mod session;
#[allow(
    dead_code,
    unused_imports,
    reason = "only a part of the tool's own code for reading /proc is needed here"
)]
#[path = "../../src/bench/usage.rs"]
mod usage;

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tokio::process::Command;

use crate::options::Options;
use crate::session::Session;
use crate::usage::{Moment, used};

/// The stack's output with the URL that requests are posted to.
pub(crate) const API: &str = "ApiGatewayMethodEndpoint";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(other) = &options.beside {
        return compare::run(&options, other).await;
    }
    let home = tempfile::tempdir()?;
    let launch = options.launch(&options.program, home.path())?;
    let mut ready = Vec::new();
    for _ in 0..options.starts {
        ready.push(session::time_to_ready(&launch).await?.as_millis());
    }
    let session = Session::start(&launch).await.context("start devloop")?;
    let measured = measure(&options, &session).await;
    session.stop().await?;
    ready.sort_unstable();
    if let (Some(last), Some(median)) = (ready.last(), ready.get(ready.len() / 2)) {
        println!("{:<18} {median} ms (median of {}, at most {last})", "start to ready", ready.len());
    }
    measured
}

/// Sends the load, then measures the idle pipeline.
async fn measure(options: &Options, session: &Session) -> Result<()> {
    let home = tempfile::tempdir()?;
    let mut bench = Command::new(env!("CARGO_BIN_EXE_devloop"));
    bench.args([
        "bench",
        "--plain",
        "--endpoint",
        &session.endpoint,
        "--api",
        session.output(API)?,
        "--loadtest",
    ]);
    bench.arg(home.path().join("loadtest.json")).args(options.bench());
    let status = bench.stdin(Stdio::null()).kill_on_drop(true).status().await?;

    // The rows were just read; the threads that this woke up have to become idle first.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let process = session.process.as_raw_nonzero().get().unsigned_abs();
    let (began, before) = (Instant::now(), Moment::read(Some(process)));
    tokio::time::sleep(Duration::from_secs(options.idle)).await;
    let (elapsed, after) = (began.elapsed(), Moment::read(Some(process)));
    let idle = |before, after| used(before, after, after, elapsed).context("read what devloop used");
    let (cloud, functions) = (idle(before.cloud, after.cloud)?, idle(before.functions, after.functions)?);
    let waits = |waits: Option<u64>| {
        waits.map_or("?".to_owned(), |waits| format!("{:.1}", waits as f64 / elapsed.as_secs_f64()))
    };
    println!(
        "{:<18} cloud {:.1} %, functions {:.1} % of a core; {} and {} waits a second",
        "idle",
        cloud.cpu_share * 100.0,
        functions.cpu_share * 100.0,
        waits(cloud.waits),
        waits(functions.waits),
    );
    ensure!(status.success(), "devloop bench ended with {status}");
    Ok(())
}
