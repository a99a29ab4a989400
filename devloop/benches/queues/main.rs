//! Queues and topics of devloop's cloud beside those of another local AWS: `devloop/benches/README.md` says how to run this and
//! holds results. Both are asked through AWS's own APIs only.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

#[path = "../peer/aws.rs"]
mod aws;
mod chain;
mod connection;
mod fan_out;
mod figures;
mod options;
#[path = "../peer/side.rs"]
mod side;
mod sqs;

use anyhow::{Result, bail};
use clap::Parser as _;

use crate::aws::Aws;
use crate::figures::{Figures, idle};
use crate::options::{Options, What};
use crate::side::{Kind, Side};

// One thread: the cores belong to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    options.check()?;
    let mut missed = Vec::new();
    for what in options.what() {
        println!("\n{}", what.title());
        println!("{}", Figures::HEAD);
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..options.measured.rounds {
            for (kind, rates) in [Kind::Devloop, Kind::Peer].into_iter().zip(&mut rates) {
                if kind == Kind::Peer && options.other.without_peer {
                    continue;
                }
                let figures = round(&options, kind, what).await?;
                println!("{}", figures.row(&kind.name(&options)));
                rates.push(figures.rate());
            }
        }
        let [ours, peers] = rates.map(median);
        match what.wanted() {
            Some(wanted) => println!("median {ours:.0} messages/s, wanted {wanted}"),
            None => println!("median {ours:.0} messages/s"),
        }
        if let Some(wanted) = what.wanted().filter(|wanted| ours < *wanted) {
            missed.push(format!("{}: {ours:.0} of {wanted} messages/s", what.title()));
        }
        if !options.other.without_peer {
            println!("{:.1} times the peer's {peers:.0}, wanted 20", ours / peers);
            if ours < peers * 20.0 {
                missed.push(format!("{}: {:.1} times the peer", what.title(), ours / peers));
            }
        }
    }
    if options.strict && !missed.is_empty() {
        bail!("missed: {}", missed.join("; "));
    }
    Ok(())
}

/// Starts one side, measures one thing, and stops it.
async fn round(options: &Options, kind: Kind, what: What) -> Result<Figures> {
    let side = Side::start(options, kind).await?;
    let aws = Aws::new(&side.endpoint)?;
    let messages = if kind == Kind::Peer { options.peer_messages } else { options.messages };
    let outcome = async {
        let mut figures = match what {
            What::Alone => sqs::measure(&aws, &side, messages * 5).await?,
            What::Chain(batch) => chain::measure(options, &aws, &side, messages, batch).await?,
            What::FanOut => fan_out::measure(&aws, &side, messages).await?,
        };
        figures.idle = Some(idle(&side).await);
        Ok(figures)
    }
    .await;
    side.stop().await?;
    outcome
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
}
