//! The load generator: users that share one schedule, in a thread of their own, so that reading results does not delay them.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

use crate::bench::entry_point::{EntryPoint, Sender};
use crate::bench::http::Client;
use crate::bench::payload::{Payload, Values};
use crate::bench::plan::{Plan, Schedule};
use crate::bench::sample::Sample;
use crate::bus::now;

/// The interval at which samples are handed over. It is long, because each time another thread is woken.
const HAND_OVER: Duration = Duration::from_millis(200);

/// How long a user waits after a request without an answer, so that a server that is down is not flooded.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How long an answer may take, as in k6.
const LIMIT: Duration = Duration::from_secs(60);

/// The number of refusals whose text is kept.
const REFUSALS: usize = 10;

/// A load under way.
pub(crate) struct Running {
    /// When the load began, in ms since the epoch.
    pub(crate) began_ms: u64,
    /// The samples since the last batch; closed when the load is over.
    pub(crate) samples: mpsc::UnboundedReceiver<Vec<Sample>>,
    /// Resolves when the load has ended.
    pub(crate) end: oneshot::Receiver<Ended>,
}

/// A load that is over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ended {
    /// From its beginning to the last answer.
    pub(crate) elapsed: Duration,
    /// Requests that were due and never sent.
    pub(crate) missed: u64,
    /// The text of the first answers that were not a success.
    pub(crate) refusals: Vec<String>,
}

struct Shared {
    schedule: Schedule,
    began: Instant,
    fresh: Vec<Sample>,
    refusals: Vec<String>,
    ended: Instant,
}

/// Sends the load to the entry until it is over or `stop` is cancelled, and waits for the answers that are still due then.
pub(crate) fn start(
    entry: &EntryPoint,
    client: &Client,
    region: &str,
    plan: &Plan,
    payload: &Payload,
    stop: &CancellationToken,
) -> Result<Running, String> {
    let client = client.apart();
    let senders = (0..plan.users).map(|_| entry.sender(&client, region, client.trust()));
    let senders: Vec<Sender> = senders.collect::<Result<_, _>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("start the load's runtime: {error}"))?;
    let (batches, samples) = mpsc::unbounded_channel();
    let (finish, end) = oneshot::channel();
    let (plan, payload, stop, entry) = (plan.clone(), payload.clone(), stop.clone(), entry.clone());
    let began_ms = now();
    thread::Builder::new()
        .name("load".to_owned())
        .spawn(move || {
            let ended = runtime
                .block_on(LocalSet::new().run_until(run(senders, entry, plan, payload, stop, batches)));
            // Without a receiver the run has been given up.
            let _ = finish.send(ended);
        })
        .map_err(|error| format!("start the load's thread: {error}"))?;
    Ok(Running { began_ms, samples, end })
}

async fn run(
    senders: Vec<Sender>,
    entry: EntryPoint,
    plan: Plan,
    payload: Payload,
    stop: CancellationToken,
    batches: mpsc::UnboundedSender<Vec<Sample>>,
) -> Ended {
    let began = Instant::now();
    let shared = Rc::new(RefCell::new(Shared {
        schedule: Schedule::new(&plan),
        began,
        fresh: Vec::new(),
        refusals: Vec::new(),
        ended: began,
    }));
    let (payload, entry) = (Rc::new(payload), Rc::new(entry));
    let users: Vec<_> = senders
        .into_iter()
        .zip(1..)
        .map(|(sender, number)| {
            let user = User {
                number,
                run: plan.run.clone(),
                sender,
                entry: Rc::clone(&entry),
                payload: Rc::clone(&payload),
                shared: Rc::clone(&shared),
                stop: stop.clone(),
            };
            tokio::task::spawn_local(user.work())
        })
        .collect();
    let hand_over = async {
        let mut ticks = tokio::time::interval(HAND_OVER);
        loop {
            ticks.tick().await;
            let fresh = std::mem::take(&mut shared.borrow_mut().fresh);
            if !fresh.is_empty() && batches.send(fresh).is_err() {
                // An error means that the program is ending.
                stop.cancel();
            }
        }
    };
    let all = async {
        for user in users {
            // A user's task ends by itself and is never aborted.
            let _ = user.await;
        }
    };
    tokio::select! {
        () = all => {}
        () = hand_over => {}
    }
    let mut shared = shared.borrow_mut();
    let _ = batches.send(std::mem::take(&mut shared.fresh));
    let elapsed = shared.ended - began;
    Ended {
        elapsed,
        // Requests after an early end do not count as missed.
        missed: if stop.is_cancelled() { 0 } else { shared.schedule.missed(began.elapsed()) },
        refusals: std::mem::take(&mut shared.refusals),
    }
}

struct User {
    number: u32,
    run: String,
    sender: Sender,
    entry: Rc<EntryPoint>,
    payload: Rc<Payload>,
    shared: Rc<RefCell<Shared>>,
    stop: CancellationToken,
}

impl User {
    async fn work(mut self) {
        let began = self.shared.borrow().began;
        for iteration in 0.. {
            let asked = began.elapsed();
            let Some(due) = self.shared.borrow_mut().schedule.next(asked) else { return };
            if due > asked {
                tokio::select! {
                    () = tokio::time::sleep_until((began + due).into()) => {}
                    () = self.stop.cancelled() => return,
                }
            } else if self.stop.is_cancelled() {
                return;
            }
            self.request(iteration, due, due.max(asked), began).await;
        }
    }

    async fn request(&mut self, iteration: u32, due: Duration, free: Duration, began: Instant) {
        let values = Values { run: &self.run, user: self.number, iteration, timestamp: now() };
        let body = self.payload.fill(values);
        let sent = began.elapsed();
        let id = values.id();
        let asked = self.sender.send(&self.entry, body, &id, &self.run);
        let answer = tokio::time::timeout(LIMIT, asked).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs())));
        let ended = began.elapsed();
        let (status, said) = match &answer {
            Ok((status, said)) => (*status, said.as_ref().map(|said| format!("{status} {said}"))),
            Err(reason) => (0, Some(format!("no answer: {reason}"))),
        };
        let micros = |time: Duration| time.as_micros() as u64;
        {
            let mut shared = self.shared.borrow_mut();
            shared.ended = Instant::now();
            shared.fresh.push(Sample {
                user: self.number,
                iteration,
                due: micros(due),
                free: micros(free),
                sent: micros(sent),
                ended: micros(ended),
                status,
            });
            if let Some(said) = said
                && shared.refusals.len() < REFUSALS
            {
                shared.refusals.push(said);
            }
        }
        if answer.is_err() {
            tokio::time::sleep(BACK_OFF).await;
        }
    }
}
