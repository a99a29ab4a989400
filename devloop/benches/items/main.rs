//! Items: how many puts and reads a second a table takes beside dynoxide, which keeps items in SQLite, and what an item takes in
//! memory. `devloop/benches/README.md` says how to run this and holds results.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

mod load;
mod options;
#[path = "../streams/server.rs"]
#[allow(dead_code, reason = "the other benchmark needs more of it")]
mod server;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::load::Load;
use crate::options::Options;
use crate::server::Server;

/// What one round on one side showed.
#[derive(Debug, Clone, Copy)]
struct Round {
    puts: f64,
    gets: f64,
    bytes: f64,
}

// One thread: the cores belong to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    options.check()?;
    println!(
        "items of {} bytes, {} connections, {} s of puts and of reads a round",
        load::item_bytes(),
        options.connections,
        options.seconds
    );
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for _ in 0..options.measured.rounds {
        ours.push(round(&options, "devloop", Server::devloop(&options.measured.program).await?).await?);
        if let Some(program) = &options.dynoxide {
            let server = Server::start(program, &["--log", "quiet"]).await?;
            others.push(round(&options, "dynoxide", server).await?);
        }
    }
    let own = median(&ours);
    if others.is_empty() {
        println!("dynoxide is not measured; --dynoxide names its program");
    } else {
        let other = median(&others);
        let (puts, gets) = (own.puts / other.puts, own.gets / other.gets);
        println!("medians: {puts:.2} times the puts, {gets:.2} times the reads of dynoxide");
        ensure!(puts >= options.puts_at_least, "less than {} times the puts", options.puts_at_least);
        ensure!(gets >= options.gets_at_least, "less than {} times the reads", options.gets_at_least);
    }
    ensure!(own.bytes <= options.bytes_at_most, "more than {} bytes an item", options.bytes_at_most);
    Ok(())
}

async fn round(options: &Options, name: &str, server: Server) -> Result<Round> {
    let load = Load::new(&server.endpoint, options.connections, options.seconds)?;
    load.create_table().await?;
    let before = server.resident();
    let put = load.put().await?;
    let memory = (server.resident() - before.min(server.resident())) as f64 * f64::from(1 << 20);
    let gets = load.get(put.count).await?;
    let round = Round { puts: put.rate, gets: gets.rate, bytes: memory / put.count.max(1) as f64 };
    server.stop().await?;
    println!(
        "{name:<9} {:>8.0} PutItem/s {:>8.0} GetItem/s {:>5.0} bytes each of {} items",
        round.puts, round.gets, round.bytes, put.count
    );
    Ok(round)
}

/// The median of each figure.
fn median(rounds: &[Round]) -> Round {
    let of = |figure: fn(&Round) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    Round { puts: of(|round| round.puts), gets: of(|round| round.gets), bytes: of(|round| round.bytes) }
}
