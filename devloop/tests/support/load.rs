//! Clients that post while something else happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::wait::pause;
use super::{Answer, message, send};

/// The pause between two requests of one client: ten clients at this pace leave the processors to cargo.
const PACE: Duration = Duration::from_millis(100);

/// The results of a load.
#[derive(Debug, Default)]
pub struct Load {
    /// The ids of accepted messages.
    pub accepted: Vec<String>,
    /// The bodies of 200s in the order in which one client saw them, without repetitions.
    pub bodies: Vec<String>,
    /// Every answer other than 200.
    pub refused: Vec<String>,
}

impl Load {
    fn add(&mut self, id: String, answer: std::io::Result<Answer>) {
        match answer {
            Ok(answer) if answer.status == 200 => {
                if self.bodies.last() != Some(&answer.body) {
                    self.bodies.push(answer.body);
                }
                self.accepted.push(id);
            }
            other => self.refused.push(format!("{id}: {other:?}")),
        }
    }

    fn join(clients: Vec<JoinHandle<Self>>) -> Self {
        let mut all = Self::default();
        for client in clients {
            let load = client.join().unwrap();
            all.accepted.extend(load.accepted);
            all.bodies.extend(load.bodies);
            all.refused.extend(load.refused);
        }
        all
    }

    /// Makes clients post messages as fast as they are answered. Ids are `<client>-<message>`, the same in every run.
    pub fn run(url: &str, run: &str, clients: usize, each: usize) -> Self {
        let client = |client: usize| {
            let (url, run) = (url.to_owned(), run.to_owned());
            std::thread::spawn(move || {
                let mut load = Self::default();
                for number in 0..each {
                    let id = format!("{client}-{number}");
                    let answer = send("POST", &url, &[("x-run-id", run.as_str())], message(&id).to_string());
                    load.add(id, answer);
                }
                load
            })
        };
        Self::join((0..clients).map(client).collect())
    }
}

/// Clients that post until they are stopped.
pub struct Poster {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Load>>,
}

impl Poster {
    /// Starts the clients.
    pub fn start(url: &str, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |client: usize| {
            let (url, stop) = (url.to_owned(), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut load = Load::default();
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let id = format!("p{client}-{number}");
                    load.add(id.clone(), send("POST", &url, &[], message(&id).to_string()));
                    pause(PACE);
                }
                load
            })
        };
        let clients = (0..clients).map(client).collect();
        Self { stop, clients }
    }

    /// Ends the load once all sent requests are answered.
    pub fn stop(self) -> Load {
        self.stop.store(true, Ordering::Relaxed);
        Load::join(self.clients)
    }
}
