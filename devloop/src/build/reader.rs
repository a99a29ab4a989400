//! Reads the output of one cargo process.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::build::messages::{self, Said};
use crate::build::process::Words;
use crate::build::run::Builder;
use crate::bus::Events;
use crate::engine::{Artifact, BuildOrder, Ended, Fact};
use crate::linker::Linker;

/// What one run of cargo is for.
pub(super) struct Work<'a> {
    /// The whole order.
    pub(super) order: &'a BuildOrder,
    /// The part of the order that this cargo builds.
    pub(super) binaries: &'a [String],
    /// The target as cargo-zigbuild names it; `None`: cargo builds for this machine.
    pub(super) target: Option<String>,
    /// Whether this cargo builds the whole order.
    pub(super) only: bool,
    /// Whether the artifacts have been sent, which happens while cargo still runs.
    pub(super) told: AtomicBool,
}

impl Work<'_> {
    /// Whether [`Fact::Built`] has been sent.
    pub(super) fn has_told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }

    /// The function that is built apart, with its binary.
    pub(super) fn apart(&self) -> Option<(&str, &str)> {
        let [function] = self.binaries else { return None };
        self.order.apart.get(function).map(|(_, binary)| (function.as_str(), binary.as_str()))
    }

    /// Whether this cargo is to build the binary.
    fn is_wanted(&self, binary: &str) -> bool {
        match self.apart() {
            Some((_, own)) => own == binary,
            None => self.binaries.iter().any(|known| known == binary),
        }
    }
}

/// What was read from cargo's JSON messages.
pub(super) struct Messages {
    pub(super) artifacts: Vec<Artifact>,
    /// Why the chosen linker failed, if it did.
    pub(super) link_failure: Option<String>,
}

/// Reads one cargo's output and sends what it says as events.
pub(super) struct CargoReader<'a> {
    work: &'a Work<'a>,
    builder: &'a Builder,
    events: &'a Events,
    /// Notified at every line of output, for the timeout.
    heard: Notify,
    last_words: std::sync::Mutex<String>,
}

impl<'a> CargoReader<'a> {
    /// A reader that has read nothing yet.
    pub(super) fn new(work: &'a Work<'a>, builder: &'a Builder, events: &'a Events) -> Self {
        Self { work, builder, events, heard: Notify::new(), last_words: std::sync::Mutex::default() }
    }

    /// Resolves when cargo has printed nothing for this long.
    pub(super) async fn silence(&self, limit: Duration) {
        while tokio::time::timeout(limit, self.heard.notified()).await.is_ok() {}
    }

    /// Resolves when cargo is to be killed. A cargo that has made everything is not killed: it would not write its dep-info, which
    /// comes last.
    pub(super) async fn is_unwanted(&self, cancel: &CancellationToken) {
        cancel.cancelled().await;
        if self.work.has_told() {
            std::future::pending::<()>().await;
        }
    }

    /// Sends the artifacts, if all of them are known and usable.
    async fn tell(&self, artifacts: &[Artifact]) {
        let fits = |artifact: &Artifact| self.builder.machines.check(artifact).is_ok();
        if self.work.only && artifacts.iter().all(fits) {
            self.tell_refusals().await;
            let (generation, artifacts) = (self.work.order.generation, artifacts.to_vec());
            self.work.told.store(true, Ordering::Relaxed);
            self.events.send(Fact::Built(Ended { generation, artifacts, failure: None })).await;
        }
    }

    /// Reports functions that were not prelinked, and why, each once a session.
    pub(super) async fn tell_refusals(&self) {
        for problem in self.builder.linking.iter().flat_map(|linking| linking.refusals()) {
            self.events.send(Fact::Error { problem }).await;
        }
    }

    pub(super) fn last_words(&self) -> String {
        let words = self.last_words.lock().map(|words| words.clone()).unwrap_or_default();
        if words.is_empty() { "none".to_owned() } else { words }
    }

    pub(super) async fn listen_to_messages(
        &self,
        output: impl AsyncRead + Unpin,
        linker: Option<Linker>,
    ) -> std::io::Result<Messages> {
        let (work, events) = (self.work, self.events);
        let mut heard = Messages { artifacts: Vec::new(), link_failure: None };
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            self.heard.notify_one();
            match messages::read(&line) {
                Some(Said::Artifact(artifact)) if work.is_wanted(&artifact.function) => {
                    // Binaries that the next cargo overwrites are copied when this one has ended.
                    if !artifact.fresh && work.apart().is_none() {
                        let (function, executable) = (artifact.function.clone(), artifact.executable.clone());
                        let generation = work.order.generation;
                        events.send(Fact::Made { generation, function, executable }).await;
                    }
                    heard.artifacts.push(artifact);
                }
                Some(Said::Diagnostic(diagnostic)) => {
                    if linker.is_some()
                        && let Some(reason) = messages::link_failure(&diagnostic)
                    {
                        heard.link_failure.get_or_insert(reason);
                        continue;
                    }
                    events.send(Fact::Diagnostic { generation: work.order.generation, diagnostic }).await;
                }
                Some(Said::Success) if heard.link_failure.is_none() => self.tell(&heard.artifacts).await,
                _ => {}
            }
        }
        Ok(heard)
    }

    /// `said` are the lines that were read before. Returns cargo's lines from its first error on, as far as they are kept.
    pub(super) async fn listen_to_words(
        &self,
        mut lines: Words,
        said: Vec<String>,
    ) -> std::io::Result<String> {
        let mut remembered = VecDeque::from(said);
        while let Some(line) = lines.next_line().await? {
            self.heard.notify_one();
            if let Ok(mut last_words) = self.last_words.lock() {
                line.trim().clone_into(&mut last_words);
            }
            if is_end(&line) {
                continue;
            }
            if is_progress(&line) {
                let (generation, line) = (self.work.order.generation, line.trim().to_owned());
                self.events.send(Fact::Progress { generation, line }).await;
                continue;
            }
            if remembered.len() >= REMEMBERED_LINES {
                remembered.pop_front();
            }
            remembered.push_back(line);
        }
        let first = remembered.iter().position(|line| line.starts_with("error")).unwrap_or(0);
        Ok(remembered.into_iter().skip(first).collect::<Vec<_>>().join("\n").trim().to_owned())
    }
}

/// How many of cargo's last lines are kept in case it fails.
const REMEMBERED_LINES: usize = 40;

/// Cargo right-aligns the verb of a progress line in twelve columns.
fn is_progress(line: &str) -> bool {
    line.get(..13).is_some_and(|start| {
        start.ends_with(' ') && start.trim().chars().all(char::is_alphabetic) && !start.trim().is_empty()
    })
}

/// Cargo's line with the time it took. The time counts from the start of the process, which may have been waiting for the save.
fn is_end(line: &str) -> bool {
    line.starts_with("    Finished `")
}

#[cfg(test)]
mod tests {
    use super::{is_end, is_progress};

    fn check(line: &str, expected: bool) {
        assert_eq!(is_progress(line), expected, "{line}");
    }

    #[test]
    fn progress_is_told_from_words() {
        check("   Compiling upstream v0.1.0 (/w/upstream)", true);
        check("    Blocking waiting for file lock on build directory", true);
        check("error: could not compile `upstream`", false);
        check("  |", false);
        check("warning: build failed, waiting for other jobs to finish...", false);
        assert!(is_end("    Finished `dev` profile [unoptimized] target(s) in 0.15s"));
        assert!(!is_end("   Compiling finished v0.1.0 (/w/finished)"));
    }
}
