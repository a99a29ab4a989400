//! Starts the embedded cloud of a session.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use devloop_cloud::{Clock, Cloud, Limits, Options};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::bus::{self, Events};
use crate::engine::{Fact, Problem};
use crate::error::{Exit, UserError};
use crate::output;
use crate::session::status_access::StatusAccess;
use crate::session::templates::Template;
use crate::session::variables::Variables;
use crate::session::{Conditions, api_calls, function_logs, mails, port, stacks};
use crate::status::ApiCall;
use crate::target::{Embedded, Pending, Target};

/// What the cloud is started with.
pub(super) struct CloudRequest {
    /// The port; 0 takes a free one.
    pub(super) port: u16,
    /// The templates to apply, their functions pointing at their directories already.
    pub(super) templates: Vec<Template>,
    /// Values of the templates' parameters.
    pub(super) parameters: BTreeMap<String, String>,
    /// The directory of the functions' directories.
    pub(super) dist: PathBuf,
    /// Functions that no template has, by name, with the directory of their `bootstrap`.
    pub(super) functions: BTreeMap<String, PathBuf>,
    /// Whether a template that uses what the cloud does not support is refused, even where nothing that runs needs it.
    pub(super) strict: bool,
    /// The cloud's clock, limits and fallback.
    pub(super) conditions: Conditions,
    /// Whether saves are followed.
    pub(super) watch: bool,
    /// Where functions on Node.js find the AWS SDK.
    pub(super) node_packages: Vec<PathBuf>,
    /// Where the e-mails go that topics send.
    pub(super) mail: PathBuf,
    /// Takes the functions' log lines and later failures.
    pub(super) events: Events,
}

/// A cloud that answers.
pub(super) struct RunningCloud {
    /// The URL that clients use.
    pub(super) endpoint: String,
    /// The templates' outputs.
    pub(super) outputs: BTreeMap<String, String>,
    /// A request that each API among the outputs takes, by the output's URL; empty for any other cloud than the embedded one.
    pub(super) calls: BTreeMap<String, ApiCall>,
    /// Where swapped functions are activated.
    pub(super) target: Arc<dyn Target>,
    /// Whether the cloud ends with the session, with everything that it serves.
    pub(super) is_ours: bool,
    /// The embedded cloud, if it is that, and the variables from env files for its functions.
    pub(super) embedded: Option<(Cloud, Arc<Variables>)>,
    /// How the status pane asks the cloud.
    pub(super) status: StatusAccess,
    /// Passes the functions' log lines on; ends when the last one was, after `stop` was cancelled. None where they are not followed.
    pub(super) lines: Option<JoinHandle<()>>,
    /// Resolves when the cloud has stopped and no function process is left, after `stop` was cancelled.
    pub(super) stopped: Pending<'static, ()>,
}

/// Starts the cloud, applies the templates, and creates the functions that no template has. None if `stop` was cancelled meanwhile.
pub(super) async fn start_cloud(
    request: CloudRequest,
    stop: CancellationToken,
) -> Result<Option<RunningCloud>, UserError> {
    let CloudRequest {
        port,
        templates,
        parameters,
        dist,
        functions,
        strict,
        conditions,
        watch,
        node_packages,
        mail,
        events,
    } = request;
    let noted = events.clone();
    let listener =
        TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| port::refused(port, &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| UserError::failure("listen_failed", format!("listen on port {port}: {error}")))?;
    let clock = conditions.clock.map_or_else(Clock::real, Clock::scaled);
    let limits = if conditions.aws_limits { Limits::Aws } else { Limits::Machine };
    let cloud = Cloud::new(Options { clock, limits, mail: Some(mail), node_packages, ..Options::default() });
    if let Some(endpoint) = &conditions.fallback {
        cloud
            .fall_back_to(endpoint)
            .map_err(|why| UserError::usage("fallback_invalid", format!("use --fallback: {why}")))?;
    }
    if conditions.only_me {
        cloud.answer_own_user_only();
    }
    cloud.listens_on(address);
    if conditions.debugger {
        cloud.wait_for_debuggers();
    }
    let serving = tokio::spawn({
        let (cloud, stop) = (cloud.clone(), stop.clone());
        async move { cloud.serve(listener, stop.cancelled_owned()).await }
    });
    tokio::spawn(stop.clone().run_until_cancelled_owned(tell_shortages(cloud.clone(), events.clone())));
    let following_mails = mails::follow(cloud.clone(), events.clone());
    tokio::spawn(stop.clone().run_until_cancelled_owned(following_mails));
    let lines = tokio::spawn(function_logs::follow(cloud.clone(), events.clone(), stop.clone()));
    let ending = cloud.clone();
    let stopped = Box::pin(async move {
        let _ = serving.await;
        for (function, count) in ending.waiting_events() {
            let lost = match count {
                1 => "1 asynchronous event was still waiting; it is lost with the session".to_owned(),
                _ => {
                    format!("{count} asynchronous events were still waiting; they are lost with the session")
                }
            };
            // Written to the standard error, because the screen and the sinks have ended by now.
            let _ = writeln!(output::stderr(), "warning    {function}: {lost}");
        }
    });
    let furnished = async {
        let furnished = furnish(&cloud, &templates, &parameters, &functions, strict, &noted).await?;
        let variables = Arc::new(Variables::new(&cloud, conditions.env_files.clone()));
        variables.give().await?;
        Ok::<_, Problem>((furnished, variables))
    };
    // A function that a template's resource waits for may never answer, and a pipe may never end.
    let Some(furnished) = stop.run_until_cancelled(furnished).await else {
        stopped.await;
        return Ok(None);
    };
    match furnished {
        Ok((mut outputs, variables)) => {
            if watch {
                let following = Arc::clone(&variables).follow(events.clone());
                tokio::spawn(stop.clone().run_until_cancelled_owned(following));
            }
            if let Some(cleared) = clear_leftovers().await {
                outputs.insert("Cleared".to_owned(), cleared);
            }
            let endpoint = cloud.endpoint().to_string();
            let calls = api_calls::of_outputs(&cloud, &outputs).await;
            let status = StatusAccess::own(&endpoint);
            let embedded = Some((cloud.clone(), variables));
            let mut target = Embedded::new(cloud, dist, functions.into_keys());
            if conditions.debugger {
                target = target.debugged(events.clone());
            }
            if conditions.replay_last {
                target = target.replaying(events);
            }
            let target = Arc::new(target);
            Ok(Some(RunningCloud {
                endpoint,
                outputs,
                calls,
                target,
                is_ours: true,
                embedded,
                status,
                lines: Some(lines),
                stopped,
            }))
        }
        Err(problem) => {
            stop.cancel();
            stopped.await;
            Err(UserError { problem, exit: Exit::Cloud })
        }
    }
}

/// Applies the templates, tells of each stack and of what was left out, and creates the other functions. Returns the outputs, with the
/// addresses that clients can call.
async fn furnish(
    cloud: &Cloud,
    templates: &[Template],
    values: &BTreeMap<String, String>,
    functions: &BTreeMap<String, PathBuf>,
    strict: bool,
    events: &Events,
) -> Result<BTreeMap<String, String>, Problem> {
    let (mut shown, mut left_out) = (Vec::new(), Vec::new());
    for template in templates {
        let began = bus::now();
        let applied = stacks::apply(cloud, template, values, strict).await?;
        let resources = applied.changes.iter().map(ToString::to_string).collect();
        let (stack, took_ms) = (applied.stack.clone(), bus::now().saturating_sub(began));
        events.send(Fact::StackMade { stack, resources, took_ms }).await;
        left_out.extend(applied.left_out);
        shown.push((applied.stack, applied.outputs));
    }
    if let Some(problem) = stacks::warning(&left_out) {
        events.send(Fact::Warning { problem }).await;
    }
    let mut outputs = one_list(shown);
    for (name, directory) in functions {
        let url = cloud.serve_folder(name, directory).map_err(|error| {
            Problem::new("function_refused", format!("create the function {name}: {error}"))
        })?;
        outputs.insert(format!("{name}Url"), url);
    }
    Ok(outputs)
}

/// The outputs of all stacks. A name that several stacks have is written as `stack.name`.
fn one_list(stacks: Vec<(String, Vec<(String, String)>)>) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::<String, usize>::new();
    for (name, _) in stacks.iter().flat_map(|(_, outputs)| outputs) {
        *owners.entry(name.clone()).or_default() += 1;
    }
    let mut list = BTreeMap::new();
    for (stack, outputs) in stacks {
        for (name, value) in outputs {
            let shown = if owners[&name] > 1 { format!("{stack}.{name}") } else { name };
            list.insert(shown, value);
        }
    }
    list
}

/// Clears what killed sessions have left. Returns a sentence about it.
async fn clear_leftovers() -> Option<String> {
    let cleared = tokio::task::spawn_blocking(devloop_cloud::clear_leftovers).await.ok()?;
    let count = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let folders = count(cleared.folders, "folder", "folders")
        .map(|folders| format!("{folders} of code and objects in {}", std::env::temp_dir().display()));
    let processes = count(cleared.processes, "process", "processes")
        .map(|processes| format!("{processes} that functions had started"));
    let all: Vec<String> = folders.into_iter().chain(processes).collect();
    (!all.is_empty()).then(|| format!("{}, left by sessions that were killed", all.join(" and ")))
}

/// Reports, at most once a minute, that the cloud turned clients away because it may have no more connections open.
async fn tell_shortages(cloud: Cloud, events: Events) {
    let mut shortages = cloud.shortages();
    while shortages.changed().await.is_ok() {
        let problem = Problem::new(
            "descriptor_limit",
            "accept a client: devloop has as many files and connections open as it may have",
        )
        .with_hint("start devloop where `ulimit -Hn` is higher; `devloop doctor` tells how high it is");
        events.send(Fact::Error { problem }).await;
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::one_list;

    #[test]
    fn an_output_that_two_stacks_have_is_shown_for_each() {
        let stack = |name: &str, outputs: &[&str]| {
            let outputs = outputs.iter().map(|output| ((*output).to_owned(), format!("{name}'s"))).collect();
            (name.to_owned(), outputs)
        };
        let list = one_list(vec![stack("one", &["Api", "Table"]), stack("two", &["Api", "Queue"])]);
        let shown: Vec<_> = list.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [("Queue", "two's"), ("Table", "one's"), ("one.Api", "one's"), ("two.Api", "two's")];
        assert_eq!(shown, expected);
    }
}
