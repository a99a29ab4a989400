//! Events through rules into queues, beside another local AWS, and the cost of schedules of which none is due:
//! `devloop/benches/README.md` says how to run this and holds results. Both are asked through AWS's own APIs only.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

#[path = "../peer/aws.rs"]
#[allow(dead_code, reason = "another benchmark uses more of this module")]
mod aws;
mod idle;
mod options;
mod queues;
mod rules;
#[path = "../peer/side.rs"]
mod side;
mod through;
#[allow(
    dead_code,
    unused_imports,
    reason = "only a part of the tool's own code for reading /proc is needed here"
)]
#[path = "../../src/bench/usage.rs"]
mod usage;

use anyhow::{Context, Result, bail};
use clap::Parser as _;

use crate::aws::Aws;
use crate::options::Options;
use crate::side::{Kind, Side};
use crate::through::Figures;

/// For how many seconds 10,000 entries may be on their way, and how much an idle cloud may use.
const WANTED_SECONDS: f64 = 1.0;
const WANTED_FOR: f64 = 10_000.0;
const WANTED_SHARE: f64 = 0.001;

// One thread: the cores belong to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    options.check()?;
    let mut missed = Vec::new();
    if options.wants_puts() {
        missed.extend(puts(&options).await?);
    }
    if options.wants_idle() {
        missed.extend(at_rest(&options).await?);
    }
    if options.strict && !missed.is_empty() {
        bail!("missed: {}", missed.join("; "));
    }
    Ok(())
}

/// Measures events through rules; returns what was missed.
async fn puts(options: &Options) -> Result<Option<String>> {
    println!(
        "PutEvents with {} entries a call → {} rules → as many queues",
        through::BATCH,
        rules::all().len()
    );
    println!("{}", Figures::HEAD);
    let (mut rates, mut peers) = (Vec::new(), Vec::new());
    for _ in 0..options.measured.rounds {
        rates.push(round(options, Kind::Devloop, options.entries).await?);
        if !options.other.without_peer {
            let rate = round(options, Kind::Peer, options.peer_entries).await.context("the other program")?;
            peers.push(rate);
        }
    }
    let rate = median(rates);
    let seconds = WANTED_FOR / rate;
    println!("median {seconds:.2} s for {WANTED_FOR:.0} entries, wanted {WANTED_SECONDS} at most");
    if !peers.is_empty() {
        let peer = median(peers);
        println!("{:.1} times the other program's {peer:.0} entries/s", rate / peer);
    }
    Ok((seconds > WANTED_SECONDS).then(|| format!("{seconds:.2} s for {WANTED_FOR:.0} entries")))
}

/// Starts one side, sends it events, and stops it. Returns the entries a second.
async fn round(options: &Options, kind: Kind, entries: usize) -> Result<f64> {
    let side = Side::start(options, kind).await?;
    let outcome = through::measure(options, &side, entries).await;
    side.stop().await?;
    let figures = outcome?;
    println!("{}", figures.row(&kind.name(options)));
    Ok(figures.rate())
}

/// Measures a cloud that waits for its schedules; returns what was missed.
async fn at_rest(options: &Options) -> Result<Option<String>> {
    println!("\nnothing to do for {} s", options.idle);
    let side = Side::start(options, Kind::Devloop).await?;
    let outcome = async {
        let without = idle::measure(&side, options.idle).await?;
        println!("{}", without.row("without schedules"));
        let aws = Aws::new(&side.endpoint)?;
        let schedules = idle::schedule(&aws).await?;
        let with = idle::measure(&side, options.idle).await?;
        println!("{}", with.row(idle::WHAT));
        schedules.have_not_fired().await?;
        Ok::<_, anyhow::Error>(with)
    }
    .await;
    side.stop().await?;
    let with = outcome?;
    Ok((with.share > WANTED_SHARE)
        .then(|| format!("{:.3} % of a core for idle schedules", with.share * 100.0)))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
