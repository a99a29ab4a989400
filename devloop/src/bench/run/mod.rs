//! One run, from its warm-up to its document: sends the load, waits until every accepted request is complete, and reads the
//! functions' logs.

mod load;
mod read;

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::bench::account::{Account, Sent};
use crate::bench::assemble::{Parts, assemble};
use crate::bench::document::Document;
use crate::bench::entry_point::EntryPoint;
use crate::bench::http::{Connection, address};
use crate::bench::payload::Payload;
use crate::bench::plan::Plan;
use crate::bench::progress::{Phase, Progress};
use crate::bench::run::load::Load;
use crate::bench::sample::Sample;
use crate::bench::target::BenchTarget;
use crate::bench::usage::Moment;
use crate::bus::now;
use crate::engine::Problem;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The parameters of a run.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The load.
    pub(crate) plan: Plan,
    /// The body of its requests.
    pub(crate) payload: Payload,
    /// How long the pipeline is loaded before the measurement.
    pub(crate) warm_up: Duration,
    /// When no request has become complete for this long and nothing is pending, the rest is lost.
    pub(crate) idle: Duration,
    /// The waiting ends after this time in any case.
    pub(crate) timeout: Duration,
    /// Whether the run's name was made for this run, so that every line with it belongs to the run. Otherwise older lines do not
    /// count.
    pub(crate) is_new_name: bool,
}

/// A run that is over.
pub(crate) struct Finished {
    pub(crate) document: Document,
    /// What became of each request.
    pub(crate) account: Account,
    /// The generator's sample of each request.
    pub(crate) samples: Vec<Sample>,
}

/// Runs the order against the target. `stop` ends the load early; requests that were accepted until then are still waited for. `watch`
/// gets the progress about four times a second.
pub(crate) async fn run(
    target: &BenchTarget,
    order: &Order,
    stop: &CancellationToken,
    watch: &dyn Fn(&Progress),
) -> Result<Finished, Problem> {
    shake_hands(target).await?;
    if !order.warm_up.is_zero() && !stop.is_cancelled() {
        let plan = Plan {
            run: format!("{}-warm-up", order.plan.run),
            duration: Some(order.warm_up),
            requests: None,
            ..order.plan.clone()
        };
        let warm_up = Order { plan, warm_up: Duration::ZERO, ..order.clone() };
        Load::new(target, &warm_up, Phase::WarmUp).go(stop, watch).await?;
    }
    Box::pin(measure(target, order, stop, watch)).await
}

/// Makes one TLS connection before the load, so that a certificate that is not trusted is reported once and not by every request.
async fn shake_hands(target: &BenchTarget) -> Result<(), Problem> {
    let Some(server) = target.entry.as_ref().and_then(EntryPoint::server) else { return Ok(()) };
    let unreachable =
        |reason: String| Problem::new("api_unreachable", format!("connect to {server}: {reason}"));
    if !address(server).map_err(unreachable)?.encrypted {
        return Ok(());
    }
    let mut connection = Connection::new(server, target.client.trust()).map_err(unreachable)?;
    let opened = tokio::time::timeout(HANDSHAKE, connection.open()).await;
    opened.unwrap_or_else(|_| Err(format!("no answer within {} s", HANDSHAKE.as_secs()))).map_err(unreachable)
}

async fn measure(
    target: &BenchTarget,
    order: &Order,
    stop: &CancellationToken,
    watch: &dyn Fn(&Progress),
) -> Result<Finished, Problem> {
    let before = Moment::read(target.process);
    let pending_before = target.pending(now()).await.map_err(failed)?.0;
    let errors_before = read::Errors::since(target, now()).await;
    let began = Instant::now();
    let Load { mut progress, samples, mut rows, .. } = {
        let mut load = Load::new(target, order, Phase::Load);
        load.go(stop, watch).await?;
        load
    };
    let after = Moment::read(target.process);
    let elapsed = began.elapsed();
    let through = rows.through.take().unwrap_or_default();
    progress.phase = Phase::Reading;
    progress.at(now());
    watch(&progress);

    let sent = Sent::from_samples(&order.plan.run, &samples);
    let reading = read::Reading { target, rows: &rows, through: &through, sent: &sent, samples: &samples };
    let read::Read { account, seen, outcome } = match target.followed() {
        None => reading.pipeline(rows.sink.clone()).await,
        Some(followed) => reading.chain(followed, errors_before).await,
    }
    .map_err(failed)?;
    let given_up = target.pending(now()).await.map_err(failed)?.0.given_up;
    let parts = Parts {
        target,
        plan: &order.plan,
        samples: &samples,
        ended: &through.ended,
        began_ms: rows.began_ms,
        interrupted: stop.is_cancelled(),
        outcome,
        account: &account,
        seen,
        given_up: given_up.zip(pending_before.given_up).map(|(after, before)| after.saturating_sub(before)),
        moments: [before, through.at_end, after],
        elapsed,
    };
    let document = assemble(&parts);
    Ok(Finished { document, account, samples })
}

fn failed(reason: String) -> Problem {
    Problem::new("bench_failed", format!("follow the run: {reason}"))
        .with_hint("the pipeline has to stay reachable until all accepted requests are complete")
}
