//! The whole run, from the file to the summary.

use std::{fs, io::Write as _, process::ExitCode, time::Instant};

use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};

use crate::{
    discover,
    lines::words,
    options::Common,
    report::Report,
    send::{Sender, http},
};

/// Sends every line of the file, `parallel` at a time.
///
/// `app` names the application whose API is looked up if the options name none.
pub fn run(parallel: usize, app: &str, options: &Common) -> ExitCode {
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the async runtime did not start")
        .and_then(|runtime| runtime.block_on(send_all(parallel, app, options)));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // A closed standard error is ignored.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn send_all(parallel: usize, app: &str, options: &Common) -> anyhow::Result<bool> {
    let text = fs::read_to_string(&options.file)
        .with_context(|| format!("cannot read {}", options.file.display()))?;
    let (words, skipped) = words(&text);
    let client = http()?;
    let api = discover::api(&client, app, options).await?;
    let sender = Sender::new(client, api, options.retries)?;
    let mut report = Report::new(options.json, words.len(), skipped);
    let began = Instant::now();
    let sending = words.iter().enumerate().map(|(at, word)| sender.send(at + 1, word));
    let mut answers = stream::iter(sending).buffer_unordered(parallel);
    while let Some(answer) = answers.next().await {
        report.add(&answer)?;
    }
    Ok(report.end(began.elapsed())?)
}
