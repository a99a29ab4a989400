//! The one place where a session starts its cloud.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use devloop_cloud::{Clock, Cloud, LeftOut, Limits, LogEvent, Options};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::bus::Events;
use crate::engine::{Fact, Problem};
use crate::error::{Exit, UserError};
use crate::session::asked::Asked;
use crate::session::templates::Template;
use crate::session::{Conditions, parameters, port, urls};
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
    /// Functions outside of every template, by name, with the directory of their `bootstrap`.
    pub(super) functions: BTreeMap<String, PathBuf>,
    /// A template that asks for what the cloud lacks is refused, even where nothing that runs needs it.
    pub(super) strict: bool,
    /// What it is like.
    pub(super) conditions: Conditions,
    /// Where the e-mails go that topics send.
    pub(super) mail: PathBuf,
    /// Where the functions' log lines and later failures go.
    pub(super) events: Events,
}

/// A cloud that answers.
pub(super) struct RunningCloud {
    /// The URL that clients use.
    pub(super) endpoint: String,
    /// The templates' outputs.
    pub(super) outputs: BTreeMap<String, String>,
    /// Where swapped functions are activated.
    pub(super) target: Arc<dyn Target>,
    /// It ends with the session, and so does all that it serves.
    pub(super) is_ours: bool,
    /// How it is asked how it fares.
    pub(super) asked: Asked,
    /// Resolves when the cloud has stopped and no function process is left, after `stop` was cancelled.
    pub(super) stopped: Pending<'static, ()>,
}

/// Starts the cloud, applies the templates, and creates the functions that no template has.
pub(super) async fn start_cloud(
    request: CloudRequest,
    stop: CancellationToken,
) -> Result<RunningCloud, UserError> {
    let CloudRequest { port, templates, parameters, dist, functions, strict, conditions, mail, events } =
        request;
    let noted = events.clone();
    let listener =
        TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| port::refused(port, &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| UserError::failure("listen_failed", format!("listen on port {port}: {error}")))?;
    let clock = conditions.clock.map_or_else(Clock::real, Clock::scaled);
    let limits = if conditions.aws_limits { Limits::Aws } else { Limits::Machine };
    let cloud = Cloud::new(Options { clock, limits, mail: Some(mail), ..Options::default() });
    cloud.listens_on(address);
    let serving = tokio::spawn({
        let (cloud, stop) = (cloud.clone(), stop.clone());
        async move { cloud.serve(listener, stop.cancelled_owned()).await }
    });
    let mails = follow_mails(cloud.clone(), events.clone());
    tokio::spawn(stop.clone().run_until_cancelled_owned(mails));
    let following = follow_logs(cloud.clone(), events);
    tokio::spawn(stop.clone().run_until_cancelled_owned(following));
    let stopped = Box::pin(async move {
        let _ = serving.await;
    });
    match furnish(&cloud, &templates, &parameters, &functions, strict).await {
        Ok((outputs, remarks)) => {
            for problem in remarks {
                noted.send(Fact::Error { problem }).await;
            }
            let endpoint = cloud.endpoint().to_string();
            let asked = Asked::own(&endpoint);
            let target = Arc::new(Embedded::new(cloud, dist, functions.into_keys()));
            Ok(RunningCloud { endpoint, outputs, target, is_ours: true, asked, stopped })
        }
        Err(problem) => {
            stop.cancel();
            stopped.await;
            Err(UserError { problem, exit: Exit::Cloud })
        }
    }
}

/// Applies the templates and creates the other functions; what clients can call is among the outputs.
async fn furnish(
    cloud: &Cloud,
    templates: &[Template],
    values: &BTreeMap<String, String>,
    functions: &BTreeMap<String, PathBuf>,
    strict: bool,
) -> Result<(BTreeMap<String, String>, Vec<Problem>), Problem> {
    let (mut outputs, mut remarks) = (BTreeMap::new(), Vec::new());
    for template in templates {
        let failed = |error| Problem::new("template_failed", template.explain(&error));
        let values = parameters::of(&template.content, values);
        let applied = cloud.apply_what_runs(&template.stack_name(), &template.content, &values).await;
        let (applied, left_out) = applied.map_err(failed)?;
        if !left_out.is_empty() {
            let remark = remark_on(template, &left_out);
            if strict {
                return Err(remark);
            }
            remarks.push(remark);
        }
        for (name, value) in applied.iter() {
            outputs.insert(name.to_owned(), urls::reachable(value, &cloud.endpoint()));
        }
    }
    for (name, directory) in functions {
        let url = cloud.serve_folder(name, directory).map_err(|error| {
            Problem::new("function_refused", format!("create the function {name}: {error}"))
        })?;
        outputs.insert(format!("{name}Url"), url);
    }
    Ok((outputs, remarks))
}

/// Everything of a template that is left out, in one sentence.
fn remark_on(template: &Template, left_out: &[LeftOut]) -> Problem {
    let listed: Vec<String> = left_out.iter().map(ToString::to_string).collect();
    let message = format!(
        "apply {}: left out what the embedded cloud lacks and no function or mapping needs: {}",
        template.path.display(),
        listed.join("; ")
    );
    Problem::new("template_left_out", message).with_hint("`--strict` makes this an error")
}

/// Tells of every e-mail that a topic sends.
async fn follow_mails(cloud: Cloud, events: Events) {
    let mut mails = cloud.follow_mails();
    loop {
        let line = match mails.recv().await {
            Ok(mail) => format!("mail to {}: {} (devloop mail {})", mail.to, mail.subject, mail.number),
            Err(RecvError::Lagged(missed)) => format!("{missed} more mails (devloop mail)"),
            Err(RecvError::Closed) => return,
        };
        events.send(Fact::Log { function: "devloop".to_owned(), line }).await;
    }
}

/// Passes the functions' own lines on, under the binaries' names. Lambda's START, END and REPORT stay in CloudWatch Logs.
async fn follow_logs(cloud: Cloud, events: Events) {
    let mut lines = cloud.follow_logs();
    let mut binaries: BTreeMap<Arc<str>, String> = BTreeMap::new();
    loop {
        match lines.recv().await {
            Ok(LogEvent { region, group, message, .. }) => {
                let Some(function) = group.strip_prefix("/aws/lambda/") else { continue };
                if ["START ", "END ", "REPORT ", "INIT_START "].iter().any(|start| message.starts_with(start))
                {
                    continue;
                }
                let binary = binaries.entry(Arc::clone(&group)).or_insert_with(|| {
                    let folder = cloud.code_folder(&region, function);
                    let name = folder.as_deref().and_then(|folder| folder.file_name()?.to_str());
                    name.unwrap_or(function).to_owned()
                });
                events.send(Fact::Log { function: binary.clone(), line: message.to_string() }).await;
            }
            Err(RecvError::Lagged(missed)) => {
                let line = format!(
                    "[{missed} lines came faster than they could be shown; CloudWatch Logs has them]"
                );
                events.send(Fact::Log { function: "devloop".to_owned(), line }).await;
            }
            Err(RecvError::Closed) => return,
        }
    }
}
