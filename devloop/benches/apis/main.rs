//! An HTTP API and the function behind it, beside those of another local AWS: `devloop/benches/README.md` says how to run this and
//! holds results. Both are asked through AWS's own APIs only, and loaded by `devloop bench`.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

#[path = "../peer/aws.rs"]
#[allow(dead_code, reason = "another benchmark uses more of this module")]
mod aws;
mod deploy;
mod function;
mod load;
mod options;
#[path = "../peer/side.rs"]
#[allow(dead_code, reason = "another benchmark uses more of this module")]
mod side;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser as _;
use tokio::time::sleep;

use crate::aws::Aws;
use crate::load::Figures;
use crate::options::Options;
use crate::side::{Kind, Side};

/// Requests a second from the users of the closed loop, and ms within which 99 of 100 answers come at half of these.
const WANTED_RATE: f64 = 3_000.0;
const WANTED_P99_MS: f64 = 10.0;

/// The pause between two loads, in which what the first one left is done.
const SETTLED: Duration = Duration::from_secs(2);

// One thread: the cores belong to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    if function::is_wanted() {
        return function::run().await;
    }
    let options = Options::parse();
    options.check()?;
    println!("{}", Figures::HEAD);
    let (mut rates, mut peers, mut slowest) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.measured.rounds {
        let ours = round(&options, Kind::Devloop).await?;
        rates.push(ours.rate);
        slowest.extend(ours.p99);
        if !options.other.without_peer {
            peers.push(round(&options, Kind::Peer).await.context("the other program")?.rate);
        }
    }
    let (rate, p99) = (median(rates), median(slowest));
    println!("median {rate:.0} requests/s, wanted {WANTED_RATE:.0}");
    if p99.is_nan() {
        println!("half of what is wanted was not reached, so there is no p99 of it");
    } else {
        println!("median {p99:.1} ms for p99 at half of what is wanted, wanted {WANTED_P99_MS:.0} at most");
    }
    if !peers.is_empty() {
        let peer = median(peers);
        println!("{:.1} times the other program's {peer:.0} requests/s", rate / peer);
    }
    if options.strict && (rate < WANTED_RATE || p99 > WANTED_P99_MS) {
        bail!("missed: {rate:.0} requests/s, or {p99:.1} ms at half of what is wanted");
    }
    Ok(())
}

/// What a round came to.
struct Round {
    /// Requests a second in the closed loop.
    rate: f64,
    /// The time in ms within which 99 of 100 answers came at half of the wanted rate; `None` where that is more than was reached.
    p99: Option<f64>,
}

/// Starts one side, loads its API in a closed loop, then with half of the wanted rate and with half of the one that was reached, and
/// stops it.
async fn round(options: &Options, kind: Kind) -> Result<Round> {
    let side = Side::start(options, kind).await?;
    let outcome = async {
        let api = deploy::deploy(&Aws::new(&side.endpoint)?).await?;
        let name = kind.name(options);
        let closed = load::measure(options, &side, &api, None).await?;
        println!("{}", closed.row(&format!("{name}, {} users", options.vus)));
        let mut p99 = None;
        for (rate, is_wanted) in [(WANTED_RATE / 2.0, true), (closed.rate / 2.0, false)] {
            if rate > closed.rate {
                continue;
            }
            sleep(SETTLED).await;
            let open = load::measure(options, &side, &api, Some(rate)).await?;
            println!("{}", open.row(&format!("{name}, {rate:.0} a second")));
            if is_wanted {
                p99 = Some(open.p99);
            }
        }
        Ok::<_, anyhow::Error>(Round { rate: closed.rate, p99 })
    }
    .await;
    side.stop().await?;
    outcome
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
