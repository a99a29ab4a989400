//! Templates become stacks of the embedded cloud: when the session starts, and again when one of them changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use devloop_cloud::{Cloud, LeftOut, Options, ResourceChange};
use local_postgres::DatabaseUrl;

use crate::config::Settings;
use crate::engine::{Problem, StackUpdate, TemplatesApplied};
use crate::session::parameters;
use crate::session::prepare::{candidates, known_functions};
use crate::session::templates::{self, Found, Template};
use crate::session::variables::Variables;
use crate::swap;
use crate::workspace;

/// A stack that matches its template.
pub(super) struct Applied {
    /// Its name.
    pub(super) stack: String,
    /// Its outputs by name.
    pub(super) outputs: Vec<(String, String)>,
    /// What the application changed.
    pub(super) changes: Vec<ResourceChange>,
    /// What was left out of it, and of which file, as a part of a sentence.
    pub(super) left_out: Option<String>,
}

/// Brings a template's stack to what it says. With `strict`, what would be left out is an error, and the stack stays as it is.
pub(super) async fn apply(
    cloud: &Cloud,
    template: &Template,
    values: &BTreeMap<String, String>,
    strict: bool,
) -> Result<Applied, Problem> {
    let failed = |error| Problem::new("template_failed", template.explain(&error));
    let values = parameters::of(&template.content, values);
    let stack = template.stack_name();
    if strict {
        let left_out = cloud.left_out(&stack, &template.content, &values).await.map_err(failed)?;
        if let Some(listed) = listed(template, &left_out) {
            let message =
                format!("apply {listed}: the embedded cloud lacks it, and `--strict` leaves nothing out");
            return Err(Problem::new("template_left_out", message));
        }
    }
    let applied = if strict {
        cloud.apply_and_tell(&stack, &template.content, &values).await
    } else {
        cloud.apply_what_runs(&stack, &template.content, &values).await
    };
    let applied = applied.map_err(failed)?;
    let outputs = applied.outputs.iter().map(|(name, value)| (name.to_owned(), reachable(value)));
    let left_out = listed(template, &applied.left_out);
    Ok(Applied { stack, outputs: outputs.collect(), changes: applied.changes, left_out })
}

/// An output as people can use it: a function URL has a host that only public DNS servers know, and the same function is served
/// below a path of the cloud.
fn reachable(value: &str) -> String {
    let path = || {
        let (host, rest) = value.strip_prefix("http://")?.split_once('/')?;
        let (id, host) = host.split_once(".lambda-url.")?;
        let port = host.split_once(".localhost.localstack.cloud")?.1;
        Some(format!("http://127.0.0.1{port}/_aws/lambda-url/{id}/{rest}"))
    };
    path().unwrap_or_else(|| value.to_owned())
}

/// A warning of what would be left out of a template, or the error that it would give; `None` if it can be applied whole.
pub(super) async fn lacking(template: &Template, values: &BTreeMap<String, String>) -> Option<Problem> {
    let cloud = Cloud::new(Options::default());
    let values = parameters::of(&template.content, values);
    match cloud.left_out(&template.stack_name(), &template.content, &values).await {
        Ok(left_out) => warning(listed(template, &left_out).as_slice()),
        Err(error) => Some(Problem::new("template_failed", template.explain(&error))),
    }
}

/// What is left out of a template, each resource with the reason; `None` if it is nothing.
fn listed(template: &Template, left_out: &[LeftOut]) -> Option<String> {
    let listed: Vec<String> = left_out.iter().map(ToString::to_string).collect();
    (!listed.is_empty()).then(|| format!("{} of {}", listed.join("; "), template.path.display()))
}

/// One warning about everything that was left out of all templates; `None` if it is nothing.
pub(super) fn warning(left_out: &[String]) -> Option<Problem> {
    let what = "left out what the embedded cloud lacks and no function or mapping needs";
    (!left_out.is_empty()).then(|| {
        let message = format!("{what}: {}", left_out.join("; and "));
        Problem::new("template_left_out", message).with_hint("`--strict` makes this an error")
    })
}

/// Applies the session's templates once more.
pub(super) struct Stacks {
    pub(super) cloud: Cloud,
    /// The variables from env files, which override those of templates.
    pub(super) variables: Arc<Variables>,
    /// Cargo, and the workspace that it is asked for: functions may have come with the change.
    pub(super) program: PathBuf,
    pub(super) root: PathBuf,
    pub(super) settings: Settings,
    /// The templates' files.
    pub(super) files: Vec<PathBuf>,
    /// Values of parameters.
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) database: Option<DatabaseUrl>,
    pub(super) strict: bool,
}

impl Stacks {
    /// Reads every template and applies what they say now. One that cannot be read or applied ends it; its stack stays as it is.
    pub(super) async fn update(&self) -> TemplatesApplied {
        let mut done =
            TemplatesApplied { stacks: Vec::new(), functions: [].into(), remarks: Vec::new(), failure: None };
        let outcome = self.update_each(&mut done).await;
        done.failure = outcome.err();
        done
    }

    async fn update_each(&self, done: &mut TemplatesApplied) -> Result<(), Problem> {
        let read = self.read().await?;
        let values = parameters::values(&read, &self.parameters, self.database.as_ref());
        let values = values.map_err(|error| error.problem)?;
        let functions = read.iter().flat_map(|template| &template.functions);
        done.functions = functions.map(|code| code.binary.clone()).collect();
        for function in &done.functions {
            // The cloud looks for the folder before its binary comes.
            swap::make_function_directory(&self.settings.dist, function).map_err(|error| error.problem())?;
        }
        let mut left_out = Vec::new();
        for template in &read {
            let applied = apply(&self.cloud, template, &values, self.strict).await?;
            if !applied.changes.is_empty() {
                let changes = applied.changes.iter().map(ToString::to_string).collect();
                done.stacks.push(StackUpdate { stack: applied.stack, changes });
                left_out.extend(applied.left_out);
            }
        }
        done.remarks.extend(warning(&left_out));
        self.variables.give().await?;
        Ok(())
    }

    async fn read(&self) -> Result<Vec<Template>, Problem> {
        let reading = workspace::outline(&self.program, &self.root).await;
        let workspace = reading.map_err(|error| error.problem())?.workspace;
        let known = known_functions(&workspace, self.settings.src.as_deref());
        let found = Found::of(self.files.clone());
        let candidates = candidates(&workspace, &known);
        let read = templates::read(&self.root, &found, &self.settings, &self.parameters, &candidates);
        read.map_err(|error| error.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn function_urls_are_shown_at_the_clouds_own_address() {
        let check = |value: &str, expected: &str| assert_eq!(reachable(value), expected);
        check(
            "http://u1.lambda-url.us-east-1.localhost.localstack.cloud:4566/a?b=c",
            "http://127.0.0.1:4566/_aws/lambda-url/u1/a?b=c",
        );
        for other in
            ["http://127.0.0.1:4566/_aws/execute-api/a1/", "https://u1.lambda-url.us-east-1.on.aws/", "u1"]
        {
            check(other, other);
        }
    }
}
