//! devloop's S3 beside two others, s3rver and MiniStack, in one run: small and large objects, long lists, uploads in parts, and the
//! memory that an upload of 5 GB takes. `devloop/benches/README.md` says how to run this and holds results.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

mod client;
mod options;
mod side;
mod work;

use anyhow::{Result, bail};
use clap::Parser;

use crate::options::Options;
use crate::side::{Kind, Side};
use crate::work::{Figures, Work};

// One thread: the cores belong to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let sides = options.sides()?;
    println!(
        "{} connections; small objects of 1 KB for {} s, large ones of {} MB, {} keys in a list, an upload of {} MB in parts",
        options.connections, options.seconds, options.large_mb, options.keys, options.parts_mb
    );
    println!(
        "{:<12}{:<12}{:>12}{:>12}{:>10}{:>10}{:>14}",
        "", "", "requests/s", "MB/s", "CPU s", "RSS MB", "RSS growth MB"
    );
    let mut small = Vec::new();
    for kind in sides {
        let rates = tokio::task::LocalSet::new().run_until(measure(&options, kind)).await?;
        small.push((kind, rates));
    }
    let Some((_, ours)) = small.iter().find(|(kind, _)| *kind == Kind::Devloop) else { return Ok(()) };
    for (kind, theirs) in small.iter().filter(|(kind, _)| *kind != Kind::Devloop) {
        let times: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        println!("small objects, times as many as {}: PUT {:.1}, GET {:.1}", kind.name(), times[0], times[1]);
        if times.iter().any(|times| *times < options.at_least) {
            bail!("less than {} times as many as {}", options.at_least, kind.name());
        }
    }
    Ok(())
}

/// Starts one side, does all work there, and stops it. Returns the rates of PUT and GET of small objects.
async fn measure(options: &Options, kind: Kind) -> Result<[f64; 2]> {
    let side = Side::start(options, kind).await?;
    let outcome = async {
        let mut rates = [0.0; 2];
        for work in Work::all(options, kind) {
            let figures = match Figures::of(work, options, &side).await {
                Ok(figures) => figures,
                // The others lack some operations, such as long lists.
                Err(error) if kind != Kind::Devloop => {
                    println!("{:<12}{work:?} failed: {error}", kind.name());
                    continue;
                }
                Err(error) => return Err(error),
            };
            println!("{}", figures.row(kind.name(), work));
            match work {
                Work::PutSmall => rates[0] = figures.rate(),
                Work::GetSmall => rates[1] = figures.rate(),
                _ => {}
            }
        }
        Ok(rates)
    }
    .await;
    side.stop().await?;
    outcome
}
