//! Sends a load in a closed loop, and counts the complete requests by `downstream`'s metric in CloudWatch.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::handshake;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use crate::aws::Aws;
use crate::options::Options;
use crate::side::Side;

/// The namespace that downstream measures in.
const NAMESPACE: &str = "ServerlessDataProcessingPipeline/Latencies";

/// When no request has become complete for this long, the rest is lost.
const QUIET: Duration = Duration::from_secs(30);

/// The pause between two requests for the count: long enough that they cost almost nothing.
const STEP: Duration = Duration::from_millis(250);

/// The result of a load.
#[derive(Debug)]
pub(crate) struct Figures {
    accepted: u64,
    complete: u64,
    at_end: u64,
    load: Duration,
    until_last: Duration,
    cpu: Duration,
}

impl Figures {
    /// Whether every accepted request came out exactly once.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete == self.accepted
    }

    /// Accepted requests that did not come out.
    pub(crate) fn lost(&self) -> u64 {
        self.accepted.saturating_sub(self.complete)
    }

    /// Complete runs a second, until the last one; what came twice counts once.
    pub(crate) fn complete_rate(&self) -> f64 {
        self.complete.min(self.accepted) as f64 / self.until_last.as_secs_f64()
    }

    /// A line of the table.
    pub(crate) fn row(&self, name: String) -> String {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        format!(
            "{name:<12}{:>10}{:>12.0}{:>12.0}{:>9}{:>7}{:>7}{:>8.2} ms{:>11}",
            self.accepted,
            self.accepted as f64 / self.load.as_secs_f64(),
            self.complete_rate(),
            self.accepted.saturating_sub(self.at_end),
            self.lost(),
            self.complete.saturating_sub(self.accepted),
            self.cpu.as_secs_f64() * 1000.0 / self.complete.max(1) as f64,
            load.split(' ').next().unwrap_or("?"),
        )
    }
}

/// Warms the pipeline up, loads it, and waits until what was accepted is complete or nothing comes any more.
pub(crate) async fn measure(options: &Options, aws: &Aws, side: &Side, api: &str) -> Result<Figures> {
    let warmed = users(options.vus, Duration::from_secs(3), "warm-up", api).await?;
    settle(aws, "warm-up", warmed).await.context("the warm-up")?;
    let (before, began) = (side.cpu(), Instant::now());
    let accepted = users(options.vus, Duration::from_secs(options.seconds), "load", api).await?;
    let load = began.elapsed();
    let at_end = complete(aws, "load").await?;
    let (complete, last) = settle(aws, "load", accepted).await?;
    let cpu = side.cpu().saturating_sub(before);
    Ok(Figures { accepted, complete, at_end, load, until_last: last.duration_since(began), cpu })
}

/// Waits for the run's requests; returns how many came out and when the last of them was seen.
async fn settle(aws: &Aws, run: &str, accepted: u64) -> Result<(u64, Instant)> {
    let mut seen = (0, Instant::now());
    loop {
        let now = complete(aws, run).await?;
        if now > seen.0 {
            seen = (now, Instant::now());
        }
        if now >= accepted || seen.1.elapsed() > QUIET {
            return Ok(seen);
        }
        tokio::time::sleep(STEP).await;
    }
}

/// How many requests of the run downstream has measured.
async fn complete(aws: &Aws, run: &str) -> Result<u64> {
    let now = now_ms() / 1000;
    let form = format!(
        "Action=GetMetricStatistics&Version=2010-08-01&Namespace={}&MetricName=Latency&Period=60&Statistics.member.1=SampleCount\
         &Dimensions.member.1.Name=RunId&Dimensions.member.1.Value={run}&StartTime={}&EndTime={}",
        NAMESPACE.replace('/', "%2F"),
        iso(now - 3600)?.replace(':', "%3A"),
        iso(now + 120)?.replace(':', "%3A"),
    );
    let answer = aws.query("monitoring", form).await?;
    let counts = answer.split("<SampleCount>").skip(1);
    let counts = counts.map(|rest| rest.split('<').next().unwrap_or_default().parse::<f64>());
    Ok(counts.sum::<std::result::Result<f64, _>>().with_context(|| format!("the counts in {answer}"))? as u64)
}

/// Sends requests from this many users; returns how many were answered with 200.
async fn users(count: usize, duration: Duration, run: &'static str, api: &str) -> Result<u64> {
    let (accepted, sent, ends) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)), Instant::now() + duration);
    let tasks = LocalSet::new();
    let all: Vec<_> = (0..count)
        .map(|_| tasks.spawn_local(user(api.to_owned(), run, ends, Rc::clone(&accepted), Rc::clone(&sent))))
        .collect();
    tasks
        .run_until(async {
            for one in all {
                one.await.context("a user panicked")??;
            }
            Ok::<_, anyhow::Error>(())
        })
        .await?;
    ensure!(accepted.get() > 0, "nothing was accepted: {} requests were sent to {api}", sent.get());
    Ok(accepted.get())
}

async fn user(
    api: String,
    run: &'static str,
    ends: Instant,
    accepted: Rc<Cell<u64>>,
    sent: Rc<Cell<u64>>,
) -> Result<()> {
    let uri: Uri = api.parse()?;
    let host = uri.authority().context("the API's host")?.to_string();
    let mut sender = None;
    while Instant::now() < ends {
        if sender.is_none() {
            let stream = TcpStream::connect(&host).await?;
            stream.set_nodelay(true)?;
            let (connected, connection) = handshake(TokioIo::new(stream)).await?;
            tokio::task::spawn_local(connection);
            sender = Some(connected);
        }
        let number = sent.replace(sent.get() + 1);
        let body =
            json!({ "id": format!("{run}-{number}"), "message": "Hello World", "timestamp": now_ms() });
        let request = Request::post(uri.path())
            .header("host", &host)
            .header("content-type", "application/json")
            .header("x-run-id", run)
            .body(Full::new(Bytes::from(body.to_string())))?;
        let Some(open) = &mut sender else { continue };
        // A server may close a connection; the next request then opens another.
        let answer = match open.ready().await {
            Ok(()) => open.send_request(request).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => {
                let status = answer.status();
                answer.into_body().collect().await?;
                if status == 200 {
                    accepted.set(accepted.get() + 1);
                }
            }
            Err(_) => sender = None,
        }
    }
    Ok(())
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

fn iso(seconds: i64) -> Result<String> {
    Ok(jiff::Timestamp::from_second(seconds)?.to_string())
}
