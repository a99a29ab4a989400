//! Before an account is changed: shows what would be changed, and asks whether the user agrees.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::bus::now;
use crate::error::UserError;
use crate::output;
use crate::session::building::build_all;
use crate::session::opening::cloud_error;
use crate::session::prepare::Prepared;
use crate::session::{Deployment, Options, View};
use crate::target::{Aws, Plan};

/// Builds, shows what a deployment would change, and asks. Returns whether to go on.
pub(super) async fn agree_to_deploy(
    options: &Options,
    program: &Path,
    prepared: &Prepared,
    aws: &Aws,
    stop: &CancellationToken,
) -> Result<bool, UserError> {
    let instead = "nothing was deployed";
    let Some(built) = build_all(program, prepared, stop, instead).await? else { return Ok(false) };
    let plan = aws.plan(&built).await.map_err(cloud_error)?;
    show(&plan, options.view)?;
    if options.deployment.dry_run {
        return Ok(false);
    }
    if !plan.changes() && !options.watch {
        say("nothing to deploy: the code is the same");
        return Ok(false);
    }
    if options.watch {
        return agree(&options.deployment, "deploy this and every later save?").await;
    }
    aws.only(&built);
    agree(&options.deployment, "deploy?").await
}

/// Whether the user agrees, now or with `--yes`. Without a terminal to ask on, this is an error.
pub(crate) async fn agree(deployment: &Deployment, question: &str) -> Result<bool, UserError> {
    if deployment.yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() || !output::stderr().is_terminal() {
        let message = "change the account: nobody agreed to it, and there is no terminal to ask on";
        let hint = "--yes agrees beforehand, --dry-run changes nothing";
        return Err(UserError::usage("consent_missing", message).with_hint(hint));
    }
    let _ = write!(output::stderr(), "{question} [y/N] ");
    let (sender, answer) = oneshot::channel();
    // Read in a thread of its own, so that Ctrl-C does not wait for a line that never comes.
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = io::stdin().read_line(&mut line);
        let _ = sender.send(["y", "yes"].contains(&line.trim().to_lowercase().as_str()));
    });
    let agreed = answer.await.unwrap_or(false);
    if !agreed {
        say("nothing was changed");
    }
    Ok(agreed)
}

/// Shows the plan: as lines for people on the standard error, or as one JSON line on the standard output.
pub(super) fn show(plan: &Plan, view: View) -> Result<(), UserError> {
    if view != View::Json {
        for line in plan.lines() {
            say(&line);
        }
        return Ok(());
    }
    let failed = |error: &dyn std::fmt::Display| {
        UserError::failure("output_failed", format!("write the plan: {error}"))
    };
    let mut line = serde_json::to_value(plan).map_err(|error| failed(&error))?;
    if let Value::Object(members) = &mut line {
        members.insert("event".to_owned(), json!("plan"));
        members.insert("at".to_owned(), json!(now()));
    }
    writeln!(output::json(), "{line}").map_err(|error| failed(&error))
}

pub(super) fn say(line: &str) {
    let _ = writeln!(output::stderr(), "{line}");
}
