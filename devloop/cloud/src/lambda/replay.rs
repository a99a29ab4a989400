//! What code in the cloud's own process can do with functions: replace them by a handler, and send their last event again.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use super::{code::Code, function::Function, local::LocalHandler, service::Lambda};
use crate::{context::Context, functions::Invocation};

/// The outcome of an event that was sent again.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The function's name.
    pub function: String,
    /// The number of the event that was sent again, as `devloop events` shows it.
    pub number: u64,
    /// The function's answer, its error document, or why there is none.
    pub answer: String,
    /// Whether the function failed.
    pub is_failure: bool,
}

impl Lambda {
    /// Sends the last event of each function that runs from the hot-reload folder `folder` again; functions without one are left out.
    pub(crate) async fn replay_last(&self, cx: &Context, folder: &Path) -> Vec<Replayed> {
        let mut all = Vec::new();
        for function in self.running_from(folder) {
            let Some((number, payload)) = self.invoker.recent.last_of(&function) else { continue };
            let invocation = Invocation { payload, ..Invocation::default() };
            let (answer, is_failure) = match self.invoke(cx, &function, invocation).await {
                Ok(outcome) => {
                    let answer = String::from_utf8_lossy(&outcome.payload).into_owned();
                    (answer, outcome.function_error.is_some())
                }
                Err(error) => (error.to_string(), true),
            };
            all.push(Replayed { function, number, answer, is_failure });
        }
        all
    }

    /// Lets the function `name` run in this process from now on.
    pub(crate) fn run_here(&self, name: &str, handler: LocalHandler) {
        self.invoker.locals.set(name, handler);
    }

    /// Changes when an invocation ends; the value counts them.
    pub(crate) fn events_ended(&self) -> tokio::sync::watch::Receiver<u64> {
        self.invoker.recent.ended_count()
    }

    /// Lets debuggers attach to the functions that are made from now on; no time limit counts while one does.
    pub(crate) fn wait_for_debuggers(&self) {
        self.debugged.store(true, Ordering::Relaxed);
    }

    /// The processes of each function that runs from the hot-reload folder `folder`.
    pub(crate) fn processes(&self, folder: &Path) -> Vec<(String, Vec<i32>)> {
        let running = self.running_from(folder);
        let of = |one: &Arc<Function>| (one.name.to_string(), one.latest.pool.processes());
        self.all().iter().filter(|one| running.iter().any(|name| **name == *one.name)).map(of).collect()
    }

    /// The names of the functions whose newest version runs from the folder.
    fn running_from(&self, folder: &Path) -> Vec<String> {
        let is_there = |code: &Code| matches!(code, Code::Hot { folder: own, .. } if own == folder);
        let functions = self.all().into_iter().filter(|one| is_there(&one.latest.deployed().code));
        functions.map(|one| one.name.to_string()).collect()
    }
}
