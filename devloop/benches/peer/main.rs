//! devloop's cloud beside another local AWS, with the same functions, load and measurement: `devloop/benches/README.md` says how to
//! run this and holds results. Both are used through AWS's own APIs only.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

mod aws;
mod deploy;
mod load;
mod options;
mod side;

use anyhow::{Result, bail, ensure};
use clap::Parser;

use crate::aws::Aws;
use crate::load::Figures;
use crate::options::Options;
use crate::side::{Kind, Side};

// One thread: the cores belong to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let code = options.code()?;
    println!(
        "{} users in a closed loop for {} s, {} rounds; functions from {}",
        options.vus,
        options.seconds,
        options.measured.rounds,
        options.functions.display()
    );
    println!(
        "{:<12}{:>10}{:>12}{:>12}{:>9}{:>7}{:>7}{:>11}{:>11}",
        "", "accepted", "accepted/s", "complete/s", "backlog", "lost", "twice", "cpu a run", "load avg"
    );
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..options.measured.rounds {
        for (kind, rates) in [Kind::Devloop, Kind::Peer].into_iter().zip(&mut rates) {
            if kind == Kind::Peer && options.other.without_peer {
                continue;
            }
            let figures = round(&options, kind, &code).await?;
            println!("{}", figures.row(kind.name(&options)));
            ensure!(kind == Kind::Peer || figures.is_complete(), "devloop lost {} runs", figures.lost());
            rates.push(figures.complete_rate());
        }
    }
    let [ours, peers] = rates.map(median);
    if options.other.without_peer {
        println!("median complete/s: {ours:.0}");
        return Ok(());
    }
    let ratio = ours / peers;
    println!("median complete/s: {ours:.0} and {peers:.0}, {ratio:.1} times as many");
    if ratio < options.at_least {
        bail!("less than {} times as many", options.at_least);
    }
    Ok(())
}

/// Starts one side, deploys to it, loads it, and stops it.
async fn round(options: &Options, kind: Kind, code: &[(String, Vec<u8>)]) -> Result<Figures> {
    let side = Side::start(options, kind).await?;
    let aws = Aws::new(&side.endpoint)?;
    let outcome = async {
        let api = deploy::pipeline(&aws, code).await?;
        load::measure(options, &aws, &side, &api).await
    }
    .await;
    side.stop().await?;
    outcome
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
}
