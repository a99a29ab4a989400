//! The load generator: users that share one schedule.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::task::LocalSet;

use crate::client::Connection;
use crate::usage::now_ms;

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The run that the requests are counted for.
    pub(crate) run: &'static str,
    /// Users, and connections.
    pub(crate) users: usize,
    /// When requests are sent.
    pub(crate) pace: Pace,
    /// No request begins later.
    pub(crate) duration: Option<Duration>,
    /// No more requests are sent.
    pub(crate) requests: Option<u64>,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each user waits for its answer.
    Closed,
    /// So many a second.
    Open(u32),
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Load {
    /// Answers with status 200.
    pub(crate) accepted: u64,
    /// Other answers.
    pub(crate) refused: u64,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Answer times in microseconds; in the open model from the time a request was due.
    pub(crate) latency: Histogram<u64>,
    /// The same span in ms since the epoch.
    pub(crate) began_ms: i64,
    pub(crate) ended_ms: i64,
}

struct Shared {
    plan: Plan,
    began: Instant,
    sent: u64,
    accepted: u64,
    refused: u64,
    latency: Histogram<u64>,
}

impl Shared {
    /// The next request's number and when it is due; none when the load is over.
    fn next(&mut self) -> Option<(u64, Instant)> {
        let number = self.sent;
        let due = match self.plan.pace {
            Pace::Closed => Instant::now(),
            Pace::Open(rate) => self.began + Duration::from_secs(1).mul_f64(number as f64 / f64::from(rate)),
        };
        let over = self.plan.requests.is_some_and(|limit| number >= limit)
            || self.plan.duration.is_some_and(|limit| due.duration_since(self.began) >= limit);
        if over {
            return None;
        }
        self.sent += 1;
        Some((number, due))
    }

    fn note(&mut self, status: u16, took: Duration) {
        if status == 200 {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
        // Saturates at the histogram's highest value.
        self.latency.saturating_record(took.as_micros() as u64);
    }
}

/// Sends the load to the API's URL.
pub(crate) async fn run(url: &str, plan: Plan) -> Result<Load> {
    let users = plan.users;
    let shared = Rc::new(RefCell::new(Shared {
        plan,
        began: Instant::now(),
        sent: 0,
        accepted: 0,
        refused: 0,
        latency: Histogram::new_with_bounds(1, 60_000_000, 3)?,
    }));
    let began_ms = now_ms();
    let tasks = LocalSet::new();
    let all: Vec<_> =
        (0..users).map(|_| tasks.spawn_local(user(url.to_owned(), Rc::clone(&shared)))).collect();
    tasks
        .run_until(async {
            for one in all {
                one.await.context("a user panicked")??;
            }
            Ok::<_, anyhow::Error>(())
        })
        .await?;
    let shared = Rc::try_unwrap(shared).map_err(|_| anyhow!("a user is still at work"))?.into_inner();
    Ok(Load {
        accepted: shared.accepted,
        refused: shared.refused,
        elapsed: shared.began.elapsed(),
        latency: shared.latency,
        began_ms,
        ended_ms: now_ms(),
    })
}

async fn user(url: String, shared: Rc<RefCell<Shared>>) -> Result<()> {
    let mut connection = Connection::open(&url).await?;
    let run = shared.borrow().plan.run;
    loop {
        let Some((number, due)) = shared.borrow_mut().next() else { return Ok(()) };
        tokio::time::sleep_until(due.into()).await;
        let body =
            json!({ "id": format!("{run}-{number}"), "message": "Hello World", "timestamp": now_ms() });
        let status = connection.post(run, Bytes::from(body.to_string())).await?;
        shared.borrow_mut().note(status, due.elapsed());
    }
}
