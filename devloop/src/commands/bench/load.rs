//! `devloop bench` itself: one run.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use crate::bench::{Document, Finished, Outcome, Phase, Progress, Sent, Threshold, run, runs};
use crate::cli::{BenchArguments, OutputArguments};
use crate::commands::bench::files::{self, LoadTest};
use crate::commands::bench::place::{Front, kept, order, pipeline_failed, target};
use crate::commands::bench::stop::Stop;
use crate::commands::bench::{ABORTED, PARTIAL, THRESHOLD};
use crate::config::{no_color, terminal_draws, terminal_is_utf8};
use crate::error::UserError;
use crate::output;
use crate::report;
use crate::tui::{LiveScreen, Theme};

/// The least time between two lines of progress.
const STEP: Duration = Duration::from_secs(2);

/// Runs the load, waits until all requests are complete, and reports.
pub(super) async fn load(arguments: &BenchArguments) -> Result<ExitCode, UserError> {
    let output = &arguments.output;
    // All errors of the command line are found before anything is sent.
    let thresholds = thresholds(&output.fail_if)?;
    let before = match &output.against {
        Some(name) => Some((name.clone(), files::read_run(&kept(name).await?)?)),
        None => None,
    };
    let save = match &output.save {
        Some(name) => Some(kept(name).await?),
        None => None,
    };
    let order = order(&arguments.load)?;
    let target = target(&arguments.load.place, Some(Front::of(&arguments.load))).await?;

    let stop = Stop::default();
    let screen = screen(output, &stop)?;
    let lines = Lines::default();
    let watch = |progress: &Progress| match &screen {
        Some(screen) => screen.show(progress),
        None => lines.tell(progress),
    };
    let finished = tokio::select! {
        finished = run(&target, &order, &stop.load, &watch) => finished.map_err(pipeline_failed)?,
        () = stop.listen() => return Ok(ExitCode::from(ABORTED)),
    };
    drop(screen);
    let Finished { mut document, account, samples } = finished;
    document.thresholds = thresholds.iter().map(|threshold| threshold.judge(&document)).collect();
    if let Some((name, before)) = &before {
        document.comparison = runs(name, &before.blocks, &document.blocks);
    }
    let sent = Sent::from_samples(&order.plan.run, &samples);
    files::write(&output.loadtest, &files::json(&LoadTest::new(&sent, document.run.began_ms))?)?;
    if let Some(path) = &output.out {
        files::write(path, &files::latencies_json(&account))?;
    }
    if let Some(path) = &output.detail {
        files::write(path, &files::detail_lines(&account))?;
    }
    write_reports(output, &document, before.as_ref().map(|(_, run)| run))?;
    if let Some(path) = save {
        files::write(&path, &files::json(&document)?)?;
    }
    let text = if output.json { files::json(&document)? } else { report::summary(&document) };
    tell(&text)?;
    if document.outcome == Outcome::TimedOut {
        let missing: Vec<&String> = account.missing().collect();
        told_missing(&missing);
    }
    Ok(exit_code(&document))
}

/// The screen, where there is a terminal that can draw and no flag asks for lines.
fn screen(output: &OutputArguments, stop: &Stop) -> Result<Option<LiveScreen<Progress>>, UserError> {
    if output.json || output.plain || !output::stdout().is_terminal() || !terminal_draws() {
        return Ok(None);
    }
    let theme = Theme { colour: !no_color(), unicode: terminal_is_utf8() };
    let stop = stop.clone();
    LiveScreen::start(theme, report::draw, move || stop.ask()).map(Some).map_err(|error| {
        UserError::failure("terminal_failed", format!("take the terminal: {error}"))
            .with_hint("--plain tells the same as lines")
    })
}

fn write_reports(
    output: &OutputArguments,
    document: &Document,
    before: Option<&Document>,
) -> Result<(), UserError> {
    if let Some(path) = &output.csv {
        files::write(path, &report::csv(document))?;
    }
    if let Some(path) = &output.report {
        files::write(path, &report::html(document, before))?;
    }
    Ok(())
}

/// The conditions, or an error about the first invalid one.
fn thresholds(texts: &[String]) -> Result<Vec<Threshold>, UserError> {
    texts
        .iter()
        .map(|text| {
            Threshold::parse(text).map_err(|reason| {
                UserError::usage("condition_invalid", format!("understand --fail-if {text:?}: {reason}"))
                    .with_hint("such as --fail-if 'p99>50ms' --fail-if 'lost>0'")
            })
        })
        .collect()
}

/// Prints to the standard output. A closed pipe is no error.
pub(super) fn tell(text: &str) -> Result<(), UserError> {
    match output::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(UserError::failure("output_failed", format!("write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// The ids that never came, where the waiting timed out.
pub(super) fn told_missing(missing: &[&String]) {
    let mut errors = output::stderr();
    let _ = writeln!(errors, "{} accepted requests are missing:", missing.len());
    for id in missing {
        let _ = writeln!(errors, "{id}");
    }
}

fn exit_code(run: &Document) -> ExitCode {
    let counts = &run.counts;
    if run.outcome == Outcome::TimedOut {
        ExitCode::from(PARTIAL)
    } else if run.thresholds.iter().any(|judged| judged.failed) {
        ExitCode::from(THRESHOLD)
    } else if counts.lost + counts.duplicated + counts.refused + counts.unexpected > 0 || counts.sent == 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Progress as lines on the standard error.
#[derive(Default)]
pub(super) struct Lines(Mutex<Option<(Instant, Phase)>>);

impl Lines {
    /// Writes the progress, unless a line was written a moment ago.
    pub(super) fn tell(&self, progress: &Progress) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|(at, phase)| at.elapsed() >= STEP || phase != progress.phase);
        if is_due {
            *last = Some((Instant::now(), progress.phase));
            let mut errors = output::stderr();
            let _ = writeln!(errors, "{}", report::progress(progress));
            if errors.is_terminal() {
                let _ = errors.flush();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Document;

    fn code(change: impl FnOnce(&mut Document)) -> String {
        let mut run = Document::default();
        run.counts.sent = 1;
        change(&mut run);
        format!("{:?}", exit_code(&run))
    }

    fn same(code: ExitCode) -> String {
        format!("{code:?}")
    }

    #[test]
    fn the_exit_code_says_how_the_run_ended() {
        assert_eq!(code(|_| {}), same(ExitCode::SUCCESS));
        assert_eq!(code(|run| run.counts.lost = 1), same(ExitCode::FAILURE));
        assert_eq!(code(|run| run.counts.duplicated = 1), same(ExitCode::FAILURE));
        assert_eq!(code(|run| run.counts.refused = 1), same(ExitCode::FAILURE));
        assert_eq!(code(|run| run.counts.sent = 0), same(ExitCode::FAILURE), "nothing was measured");
        let failing = |run: &mut Document| {
            run.thresholds = vec![Threshold::parse("lost==0").unwrap().judge(run)];
        };
        assert_eq!(code(failing), same(ExitCode::from(99)));
        assert_eq!(code(|run| run.outcome = Outcome::TimedOut), same(ExitCode::from(2)));
    }

    #[test]
    fn a_wrong_condition_is_an_error_of_the_command_line() {
        let error = thresholds(&["p99>50ms".to_owned(), "speed>1".to_owned()]).unwrap_err();
        assert!(error.problem.message.starts_with("understand --fail-if \"speed>1\": there is no metric"));
    }
}
