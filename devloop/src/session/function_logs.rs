//! Passes the functions' log lines from the session's cloud to the main loop.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use devloop_cloud::{Cloud, LogEvent, OwnLine};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::bus::Events;
use crate::engine::Fact;

/// How many requests of a function are followed at once. When there are more, the reports of some are not shown.
const MOST_REQUESTS: usize = 64;

/// How long lines are gathered before they are passed on together: waking the main loop for each line took a seventh of devloop's
/// time under load.
const GATHERED: Duration = Duration::from_millis(10);

/// Passes the functions' own lines on, under the binaries' names, and Lambda's report of each request that they name. START, END
/// and other reports stay in CloudWatch Logs.
/// Ends when `stop` is cancelled, after it has passed on the lines that were there.
pub(super) async fn follow(cloud: Cloud, events: Events, stop: CancellationToken) {
    let mut lines = cloud.follow_logs();
    let mut functions: HashMap<Arc<str>, Function> = HashMap::new();
    loop {
        let received = tokio::select! {
            biased;
            received = lines.recv() => received,
            () = stop.cancelled() => return,
        };
        match received {
            Ok(LogEvent { region, group, message, .. }) => {
                let Some(name) = cloud.function_of_group(&region, &group) else { continue };
                let function = functions.entry(Arc::clone(&group)).or_insert_with(|| {
                    let folder = cloud.code_folder(&region, &name);
                    let binary = folder.as_deref().and_then(|folder| folder.file_name()?.to_str());
                    Function { binary: binary.unwrap_or(&name).to_owned(), named: BTreeMap::new() }
                });
                if let Some(fact) = function.takes(&message) {
                    events.send(fact).await;
                }
            }
            Err(RecvError::Lagged(missed)) => {
                let line = format!(
                    "[{missed} lines came faster than they could be shown; CloudWatch Logs has them]"
                );
                events.send(Fact::Log { function: "devloop".to_owned(), line }).await;
            }
            Err(RecvError::Closed) => return,
        }
        if lines.is_empty() {
            let _ = stop.run_until_cancelled(sleep(GATHERED)).await;
        }
    }
}

/// The state of following one function's log.
struct Function {
    binary: String,
    /// Requests in flight, and whether one of the function's own lines has named them.
    named: BTreeMap<String, bool>,
}

impl Function {
    /// Turns a line of the function's log group into a fact; `None` for a line that only CloudWatch Logs keeps.
    fn takes(&mut self, message: &str) -> Option<Fact> {
        let function = || self.binary.clone();
        match OwnLine::parse(message) {
            Some(OwnLine::Start(request)) => {
                if self.named.len() == MOST_REQUESTS {
                    self.named.pop_first();
                }
                self.named.insert(request, false);
                return None;
            }
            Some(OwnLine::Report(report)) => {
                let is_named = self.named.remove(&report.request_id)?;
                let line = message.trim_end().to_owned();
                return is_named.then(|| Fact::Reported { function: function(), line });
            }
            Some(OwnLine::Other) => return None,
            None => {}
        }
        for (request, is_named) in &mut self.named {
            *is_named = *is_named || message.contains(request.as_str());
        }
        Some(Fact::Log { function: function(), line: message.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Function, MOST_REQUESTS};
    use crate::engine::Fact;

    fn of(lines: &[&str]) -> Vec<String> {
        let mut function = Function { binary: "up".to_owned(), named: [].into() };
        let told = lines.iter().filter_map(|line| function.takes(line));
        told.map(|fact| match fact {
            Fact::Log { function, line } => format!("{function} log {line}"),
            Fact::Reported { function, line } => format!("{function} report {line}"),
            other => format!("{other:?}"),
        })
        .collect()
    }

    #[test]
    fn a_request_is_reported_where_the_function_has_named_it() {
        let start = |request: &str| format!("START RequestId: {request} Version: $LATEST\n");
        let report = |request: &str| format!("REPORT RequestId: {request}\tDuration: 1 ms\n");
        let (start_a, start_b, report_a, report_b) = (start("a1"), start("b2"), report("a1"), report("b2"));
        let lines = [
            "INIT_START Runtime Version: x",
            &start_a,
            &start_b,
            "did it for a1",
            "END RequestId: a1",
            &report_a,
            "and on",
            "END RequestId: b2",
            &report_b,
            &report_a,
        ];
        let expected =
            ["up log did it for a1", "up report REPORT RequestId: a1\tDuration: 1 ms", "up log and on"];
        assert_eq!(of(&lines), expected);
    }

    #[test]
    fn requests_without_an_end_are_forgotten() {
        let mut function = Function { binary: "up".to_owned(), named: [].into() };
        for request in 0..1_000 {
            function.takes(&format!("START RequestId: r{request} Version: 1"));
        }
        assert_eq!(function.named.len(), MOST_REQUESTS);
    }
}
