//! Streams: how many puts a second the cloud takes beside kinesalite, and how fast records go through functions and their windows.
//! `devloop/benches/README.md` says how to run this and holds results.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

#[path = "../peer/aws.rs"]
#[allow(dead_code, reason = "another benchmark uses more of this module")]
mod aws;
mod options;
mod puts;
mod server;
mod through;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Parser;
use hyper::Method;
use serde_json::json;

use crate::aws::Aws;
use crate::options::Options;
use crate::server::Server;
use crate::through::Case;

/// How many mappings wait for records in the second measurement.
const MAPPINGS: usize = 10;

// One thread: the cores belong to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    options.check()?;
    let outcome = run(&options).await;
    through::clean();
    outcome
}

async fn run(options: &Options) -> Result<()> {
    puts(options).await?;
    beside_mappings(options).await?;
    functions(options).await?;
    idle(options).await
}

async fn puts(options: &Options) -> Result<()> {
    println!("PutRecord on {} connections for {} s, puts a second:", options.connections, options.seconds);
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for _ in 0..options.measured.rounds {
        let server = Server::devloop(&options.measured.program).await?;
        ours.push(puts_of(options, server).await?);
        if let Some(program) = &options.kinesalite {
            let server = Server::kinesalite(program).await?;
            others.push(puts_of(options, server).await?);
        }
    }
    println!("  devloop     {}", shown(&ours));
    if others.is_empty() {
        println!("  kinesalite  not measured; --kinesalite names its program");
        return Ok(());
    }
    println!("  kinesalite  {}", shown(&others));
    let ratio = median(ours) / median(others);
    println!("  median: {ratio:.1} times as many");
    if ratio < options.at_least {
        bail!("less than {} times as many", options.at_least);
    }
    Ok(())
}

async fn puts_of(options: &Options, server: Server) -> Result<f64> {
    let rate = puts::rate(&server.endpoint, options.connections, options.seconds).await;
    server.stop().await?;
    rate
}

/// Measures puts with mappings that wait for the shard. Their filters let no record through, so that only the puts are measured,
/// not the functions.
async fn beside_mappings(options: &Options) -> Result<()> {
    let server = Server::devloop(&options.measured.program).await?;
    let aws = Aws::new(&server.endpoint)?;
    let stream = json!({ "StreamName": puts::STREAM, "ShardCount": 1 });
    aws.json("kinesis", "Kinesis_20131202.CreateStream", stream).await?;
    for number in 0..MAPPINGS {
        let name = format!("waits-{number}");
        through::function(&aws, &options.functions, "processor", &name).await?;
        let mapping = json!({
            "EventSourceArn": format!("arn:aws:kinesis:us-east-1:000000000000:stream/{}", puts::STREAM),
            "FunctionName": name, "StartingPosition": "TRIM_HORIZON",
            "FilterCriteria": { "Filters": [{ "Pattern": "{\"data\":{\"a\":[0]}}" }] },
        });
        aws.rest(Method::POST, "/2015-03-31/event-source-mappings", "lambda", mapping).await?;
    }
    let rate = puts_of(options, server).await?;
    println!(
        "  devloop     {rate:.0} into a shard that {MAPPINGS} mappings read, whose filters let nothing through"
    );
    Ok(())
}

async fn functions(options: &Options) -> Result<()> {
    println!(
        "{} records through a function, batches of {}; processor time is the cloud's own:",
        options.records, options.batch_size
    );
    println!(
        "  {:<12}{:>8}{:>8}{:>12}{:>16}{:>10}",
        "", "shards", "factor", "records/s", "cpu a record", "memory"
    );
    for shards in [1, 4] {
        for (function, factor) in [("aggregator", 1), ("processor", 1), ("processor", 10)] {
            let figures = through::measure(options, Case { function, shards, factor }).await?;
            println!(
                "  {function:<12}{shards:>8}{factor:>8}{:>12.0}{:>13.1} µs{:>7} MB",
                figures.rate, figures.cpu, figures.resident
            );
        }
    }
    Ok(())
}

/// What an idle cloud uses that has a stream and mappings.
async fn idle(options: &Options) -> Result<()> {
    let server = Server::devloop(&options.measured.program).await?;
    let aws = Aws::new(&server.endpoint)?;
    let stream = json!({ "StreamName": puts::STREAM, "ShardCount": 4 });
    aws.json("kinesis", "Kinesis_20131202.CreateStream", stream).await?;
    through::function(&aws, &options.functions, "aggregator", "aggregator").await?;
    let mapping = json!({
        "EventSourceArn": format!("arn:aws:kinesis:us-east-1:000000000000:stream/{}", puts::STREAM),
        "FunctionName": "aggregator", "StartingPosition": "TRIM_HORIZON", "TumblingWindowInSeconds": 60,
    });
    aws.rest(Method::POST, "/2015-03-31/event-source-mappings", "lambda", mapping).await?;
    // By then, everything that was created is active.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (began, used) = (Instant::now(), server.cpu());
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    let share = server.cpu().saturating_sub(used).as_secs_f64() / began.elapsed().as_secs_f64();
    println!("idle with four shards and a mapping with windows: {:.1} % of a core", share * 100.0);
    server.stop().await
}

fn shown(rates: &[f64]) -> String {
    rates.iter().map(|rate| format!("{rate:.0}")).collect::<Vec<_>>().join(", ")
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
}
