//! `devloop bench wait`: the reference's `wait_requests`, except that it does not take a quiet pipeline for a finished one.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::bench::{
    Account, BenchTarget, Patience, Rows, Sent, WaitState, Waiting, Wanted, describe, latencies,
};
use crate::bus::now;
use crate::cli::WaitArguments;
use crate::commands::bench::files::{self, LoadTest};
use crate::commands::bench::load::{tell, told_missing};
use crate::commands::bench::place::{pipeline_failed, target};
use crate::commands::bench::{ABORTED, PARTIAL};
use crate::engine::Problem;
use crate::error::UserError;
use crate::output;
use crate::report;

/// What the reference's program prints without an argument.
const NO_FILE: &str = "Error: No JSON output file specified.\nUsage: devloop bench wait <latencies.json>";

/// The pause between two looks at the pipeline.
const LOOK: Duration = Duration::from_millis(500);

/// The least time between two lines of progress.
const STEP: Duration = Duration::from_secs(5);

/// Waits, writes the file, and prints a summary of it.
pub(super) async fn wait(arguments: &WaitArguments) -> Result<ExitCode, UserError> {
    let Some(file) = &arguments.file else {
        let _ = writeln!(output::stderr(), "{NO_FILE}");
        return Ok(ExitCode::FAILURE);
    };
    let load = load_test(arguments)?;
    let target = target(&arguments.place, None).await?;
    let run_id = arguments.run_id.clone().or_else(|| load.as_ref().map(|load| load.run_id.clone()));
    // The file does not count when the flag names another run.
    let load = load.filter(|load| run_id.as_ref() == Some(&load.run_id));
    let expected = arguments.expected.or_else(|| load.as_ref().map(|load| load.accepted));
    let began_ms = load.as_ref().and_then(|load| load.began_ms);

    tell("Monitoring CloudWatch metrics for new datapoints...\n")?;
    let sent = load.as_ref().map(LoadTest::sent).unwrap_or_default();
    let sent = Sent { run: run_id.clone().unwrap_or_default(), ..sent };
    let wanted = Wanted { run: run_id, received_from: began_ms };
    let patience = Patience { expected, idle: arguments.idle, timeout: arguments.timeout };
    let (state, account) = tokio::select! {
        seen = follow(&target, &sent, wanted, patience) => seen.map_err(pipeline_failed)?,
        _ = tokio::signal::ctrl_c() => return Ok(ExitCode::from(ABORTED)),
    };
    if state != WaitState::TimedOut {
        tell("No new datapoints added. Exiting.\n")?;
    }
    tell(&format!("Exporting CloudWatch metrics to {}...\n", file.display()))?;
    files::write(file, &files::latencies_json(&account))?;
    if let Some(path) = &arguments.detail {
        files::write(path, &files::detail_lines(&account))?;
    }
    tell(&told(&account, expected))?;
    let complete = account.runs.len() as u64;
    let missing: Vec<&String> = account.missing().collect();
    Ok(match state {
        WaitState::TimedOut => {
            if missing.is_empty() {
                let lacking = expected.unwrap_or(0).saturating_sub(complete);
                let _ = writeln!(
                    output::stderr(),
                    "{lacking} requests are missing; their ids are not known here"
                );
            } else {
                told_missing(&missing);
            }
            ExitCode::from(PARTIAL)
        }
        _ if expected.is_some_and(|expected| complete < expected) || account.duplicates() > 0 => {
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    })
}

fn told(account: &Account, expected: Option<u64>) -> String {
    let complete = account.runs.len() as u64;
    let lost = expected.unwrap_or(complete).saturating_sub(complete);
    let mut text = String::new();
    if let Some(seen) = describe(&latencies(account)) {
        text.push_str(&report::described(&seen));
    }
    let span = match (account.runs.iter().filter_map(|row| row.received).min(), account.runs.last()) {
        (Some(first), Some(last)) => (last.completed - first).max(1) as f64 / 1_000.0,
        _ => 0.0,
    };
    let rate = if span > 0.0 { complete as f64 / span } else { 0.0 };
    text.push_str(&format!("throughput {}/s\n", report::number(rate)));
    text.push_str(&format!("duplicates {}\nlosses {lost}\n", account.duplicates()));
    let coarse = account.runs.iter().filter(|row| row.coarse).count();
    if coarse > 0 {
        text.push_str(&format!(
            "coarse {coarse} (client clocks in seconds; the latencies above do not use them)\n"
        ));
    }
    text
}

async fn follow(
    target: &BenchTarget,
    sent: &Sent,
    wanted: Wanted,
    patience: Patience,
) -> Result<(WaitState, Account), Problem> {
    let failed = |reason: String| Problem::new("bench_failed", format!("follow the run: {reason}"));
    let mut rows = target.rows(wanted.received_from.unwrap_or(0), wanted);
    let began = Instant::now();
    let mut seen = Vec::new();
    let mut keys = std::collections::HashSet::new();
    let mut waiting = Waiting::new(patience, 0);
    let mut told = Instant::now();
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let state = loop {
        ticks.tick().await;
        let (pending, _) = target.pending(now()).await.map_err(failed)?;
        let fresh = match rows.fresh().await {
            Ok(fresh) => fresh,
            // A sink that is down may come back, as long as there is time.
            Err(reason) if began.elapsed() >= patience.timeout => return Err(failed(reason)),
            Err(_) => continue,
        };
        for row in fresh {
            keys.insert((row.run.clone(), row.key.clone()));
            seen.push(row);
        }
        let state = waiting.look(began.elapsed(), keys.len() as u64, &pending);
        if state != WaitState::Waiting {
            break state;
        }
        if told.elapsed() >= STEP {
            told = Instant::now();
            let expected = patience.expected.map_or(String::new(), |expected| format!(" of {expected}"));
            let _ = writeln!(output::stderr(), "{}{expected} requests are through", keys.len());
        }
    };
    let mut state = state;
    if state != WaitState::Complete {
        let rest = rows.rest().await.map_err(failed)?;
        keys.extend(rest.iter().map(|row| (row.run.clone(), row.key.clone())));
        seen.extend(rest);
        if patience.expected.is_some_and(|expected| keys.len() as u64 >= expected) {
            state = WaitState::Complete;
        }
    }
    Ok((state, Account::new(sent, Vec::new(), seen)))
}

fn load_test(arguments: &WaitArguments) -> Result<Option<LoadTest>, UserError> {
    let path = &arguments.loadtest;
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(UserError::usage("loadtest_unreadable", format!("read {}: {error}", path.display())));
        }
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        UserError::usage("loadtest_unreadable", format!("read {}: {error}", path.display()))
            .with_hint("`devloop bench` writes it; --loadtest names another file")
    })
}
