//! `devloop bench swap`: how long new code takes to go live under load, and how that affects requests.
//!
//! Without `--edit`, two copies of the same program with different digests alternate. Nothing is built and no source is touched;
//! measured is the time from Lambda's `UpdateFunctionCode` to the first answer of the new code. With `--edit`, a source file is
//! saved and put back, which a running `devloop watch` builds and swaps; measured is the time from the save.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::bench::{
    BenchTarget, Build, Distribution, Document, Edit, Figures, Finished, Order, Outcome, Progress, Replaced,
    run,
};
use crate::cli::SwapArguments;
use crate::commands::bench::load::{Lines, tell};
use crate::commands::bench::place::{Front, order, pipeline_failed, target};
use crate::commands::bench::stop::Stop;
use crate::commands::bench::{ABORTED, PARTIAL, files};
use crate::engine::Problem;
use crate::error::UserError;
use crate::report;

/// How long requests are served between the end of one swap and the beginning of the next.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a save may take to go live, which includes a build.
const BUILD: Duration = Duration::from_mins(5);

/// The result of the swaps.
#[derive(Debug, Serialize)]
struct Swaps {
    function: String,
    /// `swap` or `save`: what the time to live is measured from.
    from: &'static str,
    /// The time from `from` to the first answer of the new code, in ms.
    to_live_ms: Figures,
    /// The same time for each swap.
    each_ms: Vec<f64>,
    /// Requests that were not answered with 200.
    refused: u64,
    /// Accepted requests that never came through.
    lost: u64,
    /// The whole run.
    run: Document,
}

/// Swaps under load and reports.
pub(super) async fn swap(arguments: &SwapArguments) -> Result<ExitCode, UserError> {
    let mut order = order(&arguments.load)?;
    let edit = match (&arguments.edit, &arguments.from, &arguments.to) {
        (Some(path), Some(from), Some(to)) => {
            let usage = |problem: Problem| UserError { problem, exit: crate::error::Exit::Usage };
            Some(Edit::new(path, from, to).map_err(usage)?)
        }
        _ => None,
    };
    // The load lasts as long as the swaps take.
    if arguments.load.duration.is_none() && arguments.load.requests.is_none() {
        order.plan.duration = None;
    }
    let target = target(&arguments.load.place, Some(Front::of(&arguments.load))).await?;
    let replaced = Replaced::new(&target, &arguments.function).map_err(pipeline_failed)?;
    let stop = Stop::default();
    let lines = Lines::default();
    let watch = |progress: &Progress| lines.tell(progress);
    let both = async {
        tokio::join!(
            load(&target, &order, &stop, &watch),
            swaps(&replaced, arguments.swaps, edit.as_ref(), &order, &stop),
        )
    };
    let ended = tokio::select! {
        both = both => Some(both),
        () = stop.listen() => None,
    };
    // Whatever went wrong, the function gets its own code back.
    if edit.is_none() {
        replaced.put_back().await.map_err(pipeline_failed)?;
    }
    drop(edit);
    let Some((finished, each_ms)) = ended else { return Ok(ExitCode::from(ABORTED)) };
    let (Finished { document, .. }, each_ms) =
        (finished.map_err(pipeline_failed)?, each_ms.map_err(pipeline_failed)?);
    let swaps = Swaps {
        function: replaced.label().to_owned(),
        from: if arguments.edit.is_some() { "save" } else { "swap" },
        to_live_ms: Distribution::fine().with(each_ms.iter().copied()).figures(),
        each_ms,
        refused: document.counts.refused,
        lost: document.counts.lost,
        run: document,
    };
    tell(&if arguments.json { files::json(&swaps)? } else { text(&swaps) })?;
    Ok(if swaps.run.outcome == Outcome::TimedOut {
        ExitCode::from(PARTIAL)
    } else if swaps.refused + swaps.lost + swaps.run.counts.duplicated > 0 || swaps.each_ms.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn load(
    target: &BenchTarget,
    order: &Order,
    stop: &Stop,
    watch: &dyn Fn(&Progress),
) -> Result<Finished, Problem> {
    run(target, order, &stop.load, watch).await
}

/// Swaps that many times, each time after the last code is live, and then ends the load. Returns the times in ms.
async fn swaps(
    replaced: &Replaced<'_>,
    times: u32,
    edit: Option<&Edit>,
    order: &Order,
    stop: &Stop,
) -> Result<Vec<f64>, Problem> {
    let swapping = async {
        tokio::time::sleep(order.warm_up + PAUSE).await;
        match edit {
            Some(edit) => edits(replaced, times, edit).await,
            None => builds(replaced, times).await,
        }
    };
    let swapped = stop.load.run_until_cancelled(swapping).await.unwrap_or_else(|| Ok(Vec::new()));
    stop.load.cancel();
    swapped
}

async fn builds(replaced: &Replaced<'_>, times: u32) -> Result<Vec<f64>, Problem> {
    let (own, name) = (replaced.own(), replaced.label().to_owned());
    let made =
        tokio::task::spawn_blocking(move || Ok([Build::twin(&own, &name)?, Build::copy(&own, &name)?]));
    let made =
        made.await.map_err(|error| Problem::new("swap_failed", format!("copy the build: {error}")))??;
    let mut each = Vec::new();
    for build in made.iter().cycle().take(times as usize) {
        let began = Instant::now();
        replaced.switch(build).await?;
        replaced.answering(&build.digest).await?;
        each.push(began.elapsed().as_secs_f64() * 1_000.0);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(each)
}

async fn edits(replaced: &Replaced<'_>, times: u32, edit: &Edit) -> Result<Vec<f64>, Problem> {
    let mut answering = replaced.answering_now().await?.unwrap_or_default();
    let mut each = Vec::new();
    for time in 0..times {
        let began = Instant::now();
        edit.save(time % 2 == 0)?;
        answering = replaced.other_than(&answering, BUILD).await?;
        each.push(began.elapsed().as_secs_f64() * 1_000.0);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(each)
}

fn text(swaps: &Swaps) -> String {
    let seen = &swaps.to_live_ms;
    let run = &swaps.run;
    let refusals: String = run.http.refusals.iter().map(|said| format!("  {said}\n")).collect();
    format!(
        "{}: {} swaps under load, {}\u{2192}live p50 {} ms, p95 {} ms, max {} ms\n\
         {} requests ({}/s), {} not answered with 200, {} lost, {} came twice; end to end p50 {} ms, p99 {} ms\n{refusals}",
        swaps.function,
        seen.count,
        swaps.from,
        report::number(seen.p50),
        report::number(seen.p95),
        report::number(seen.max),
        run.counts.sent,
        report::number(run.rates.accepted),
        swaps.refused,
        swaps.lost,
        run.counts.duplicated,
        report::number(run.end_to_end_ms.p50),
        report::number(run.end_to_end_ms.p99),
    )
}
