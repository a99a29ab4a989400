//! The distributed system beside the single function that does the same work: how long until every word is answered, and until it
//! is stored. `devloop/benches/README.md` says how to run this.

#![expect(clippy::print_stdout, reason = "the report is the program's output")]

#[path = "../peer/aws.rs"]
#[allow(dead_code, reason = "another benchmark uses more of this module")]
mod aws;
mod options;
mod stack;

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hyper::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::aws::Aws;
use crate::options::Options;
use crate::stack::Stack;

/// How long the queue may take to be empty after the client has ended.
const DRAINED_WITHIN: Duration = Duration::from_secs(120);
/// The pause between two looks at the queue.
const STEP: Duration = Duration::from_millis(5);
/// The width of the longest bar of the chart, in characters.
const WIDTH: f64 = 50.0;

/// One of the two systems.
#[derive(Debug, Clone, Copy)]
pub(crate) struct System {
    stack: &'static str,
    /// A part of the name of the function that transforms words.
    function: &'static str,
    /// Its functions' binaries.
    pub(crate) binaries: &'static [&'static str],
}

pub(crate) const SYSTEMS: [System; 2] = [
    System {
        stack: "distributed",
        function: "Process",
        binaries: &["distributed-data", "distributed-process", "distributed-dead"],
    },
    System { stack: "single", function: "Single", binaries: &["distributed-single"] },
];

/// The medians of a system with one delay, in seconds.
#[derive(Debug)]
struct Row {
    stack: &'static str,
    delay: u64,
    words: u64,
    answered: f64,
    stored: f64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    options.check()?;
    let mut rows = Vec::new();
    for system in SYSTEMS {
        let stack = Stack::make(&options, system.stack, system.binaries).await?;
        let measured = measure(&options, system, &stack).await;
        stack.stop().await?;
        rows.extend(measured?);
    }
    print(&rows);
    if let Some(file) = &options.keep {
        std::fs::write(file, document(&rows)).with_context(|| format!("write {}", file.display()))?;
    }
    Ok(())
}

async fn measure(options: &Options, system: System, stack: &Stack) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &delay in &options.delays {
        set_delay(&stack.aws, system.function, delay).await?;
        // The first run starts the environments and is not counted.
        load(options, system, stack).await?;
        let (mut words, mut answered, mut stored) = (0, Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let began = Instant::now();
            let summary = load(options, system, stack).await?;
            stored.push(began.elapsed().as_secs_f64());
            answered.push(summary["elapsed_s"].as_f64().context("elapsed_s of the client")?);
            words = summary["succeeded"].as_u64().context("succeeded of the client")?;
        }
        let [answered, stored] = [answered, stored].map(median);
        rows.push(Row { stack: system.stack, delay, words, answered, stored });
    }
    Ok(rows)
}

/// Runs the client, and waits until every word is stored. Returns the client's summary.
async fn load(options: &Options, system: System, stack: &Stack) -> Result<Value> {
    let distributed = system.stack == "distributed";
    let mut client = Command::new(options.binaries.join(if distributed { "dist" } else { "single" }));
    if distributed {
        client.arg(options.at_once.to_string());
    }
    client.arg(&options.words).arg("--json").stdin(Stdio::null()).stderr(Stdio::null());
    client.env("AWS_ENDPOINT_URL", &stack.aws.endpoint).env_remove("API_ENDPOINT").env_remove("API_KEY");
    // Its exit code is not zero, because the file has words that are refused.
    let ended = client.kill_on_drop(true).output().await?;
    let text = String::from_utf8_lossy(&ended.stdout);
    let last: Value = serde_json::from_str(text.lines().last().context("the client printed nothing")?)?;
    if distributed {
        drained(&stack.aws, stack.output("QueueUrl")?).await?;
    }
    Ok(last["summary"].clone())
}

/// Waits until the queue is empty.
async fn drained(aws: &Aws, url: &str) -> Result<()> {
    let began = Instant::now();
    loop {
        let input = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
        let answer = aws.json("sqs", "AmazonSQS.GetQueueAttributes", input).await?;
        let counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        if counts.iter().all(|name| answer["Attributes"][name] == "0") {
            return Ok(());
        }
        ensure!(began.elapsed() < DRAINED_WITHIN, "not empty within {DRAINED_WITHIN:?}: {answer}");
        tokio::time::sleep(STEP).await;
    }
}

/// Sets how long the work on a word takes.
async fn set_delay(aws: &Aws, function: &str, ms: u64) -> Result<()> {
    let listed = aws.rest(Method::GET, "/2015-03-31/functions/", "lambda", Value::Null).await?;
    let mut all = listed["Functions"].as_array().into_iter().flatten();
    let shown = all
        .find(|one| one["FunctionName"].as_str().is_some_and(|name| name.contains(function)))
        .with_context(|| format!("no function is called {function}"))?;
    let mut variables = shown["Environment"]["Variables"].clone();
    variables["DELAY_MS"] = ms.to_string().into();
    let path =
        format!("/2015-03-31/functions/{}/configuration", shown["FunctionName"].as_str().unwrap_or(""));
    let input = json!({ "Environment": { "Variables": variables } });
    aws.rest(Method::PUT, &path, "lambda", input).await.map(drop)
}

/// Prints the table and the chart.
fn print(rows: &[Row]) {
    println!("| system | work on a word | words stored | all answered after | all stored after | words/s |");
    println!("|---|---|---|---|---|---|");
    for row in rows {
        println!(
            "| {} | {} ms | {} | {:.2} s | {:.2} s | {:.0} |",
            row.stack,
            row.delay,
            row.words,
            row.answered,
            row.stored,
            row.words as f64 / row.stored
        );
    }
    let longest = rows.iter().map(|row| row.stored).fold(0.0, f64::max);
    println!("\nuntil every word is stored:");
    for row in rows {
        let bar = "█".repeat((row.stored / longest * WIDTH).ceil() as usize);
        println!("{:<12}{:>4} ms  {bar} {:.2} s", row.stack, row.delay, row.stored);
    }
}

/// The rows as JSON, one a line.
fn document(rows: &[Row]) -> String {
    let rows = rows.iter().map(|Row { stack, delay, words, answered, stored }| {
        format!(
            r#"  {{ "system": "{stack}", "delay_ms": {delay}, "words": {words}, "answered_s": {answered:.4}, "stored_s": {stored:.4} }}"#
        )
    });
    format!("[\n{}\n]\n", rows.collect::<Vec<_>>().join(",\n"))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
