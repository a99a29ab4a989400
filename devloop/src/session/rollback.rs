//! `devloop rollback`: the code before the last update serves again.

use std::io::Write;
use std::path::PathBuf;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::bus::{Events, now};
use crate::config::Settings;
use crate::engine::{Fact, Problem};
use crate::error::{Exit, UserError};
use crate::output;
use crate::session::consent::{agree, say, show};
use crate::session::opening::{Chosen, choose, cloud_error, connect_aws, localstack};
use crate::session::prepare::prepare;
use crate::session::signals::stop_at_signals;
use crate::session::{Options, View};
use crate::target::Target;
use crate::tui::Keymap;

/// Rolls the selected functions back on LocalStack or AWS.
pub(crate) async fn roll_back(options: Options) -> Result<(), UserError> {
    let stop = CancellationToken::new();
    stop_at_signals(stop.clone())
        .map_err(|error| UserError::failure("signals_failed", format!("listen to signals: {error}")))?;
    stop.clone().run_until_cancelled(begin(options, &stop)).await.unwrap_or(Ok(()))
}

async fn begin(options: Options, stop: &CancellationToken) -> Result<(), UserError> {
    let directory = std::env::current_dir()
        .map_err(|error| UserError::usage("directory_missing", format!("use this directory: {error}")))?;
    let prepared = prepare(&PathBuf::from("cargo"), &directory, &options).await?;
    let (events, mut inbox) = Events::channel();
    tokio::spawn(async move {
        while let Some(event) = inbox.recv().await {
            if let Fact::Error { problem } = event.fact {
                say(&problem.message);
            }
        }
    });
    let (mut finished, work) = (None, stop.child_token());
    let target: Box<dyn Target> = match choose(&prepared.settings).await? {
        Chosen::Embedded => return Err(cloud_error(embedded(&prepared.settings)?)),
        Chosen::Localstack(endpoint) => {
            let localstack = localstack(&prepared, &endpoint, &events, &work)?;
            finished = Some(localstack.finished());
            Box::new(localstack)
        }
        Chosen::Aws => {
            let aws = connect_aws(&prepared, &options.deployment, &events, &work).await?;
            let plan = aws.plan_rollback(&prepared.functions).await.map_err(cloud_error)?;
            show(&plan, options.view)?;
            if options.deployment.dry_run || !agree(&options.deployment, "roll back?").await? {
                return Ok(());
            }
            Box::new(aws)
        }
    };
    let result = roll_all_back(&*target, &prepared.functions, options.view).await;
    // The notes about an update are written completely before the process ends.
    work.cancel();
    if let Some(finished) = finished {
        finished.await;
    }
    result
}

async fn roll_all_back(target: &dyn Target, functions: &[String], view: View) -> Result<(), UserError> {
    for function in functions {
        let done = target.roll_back(function).await.map_err(cloud_error)?;
        let line = if view == View::Json {
            json!({
                "event": "rolled_back", "at": now(), "function": function, "name": done.name, "code": done.code,
                "digest": done.digest,
            })
                .to_string()
        } else {
            format!("{function}: {} runs {} again", done.name, done.code)
        };
        writeln!(output::stdout_as(view == View::Json), "{line}")
            .map_err(|error| UserError::failure("output_failed", format!("write the output: {error}")))?;
    }
    Ok(())
}

/// The embedded cloud's former code belongs to the session that runs it, so another process cannot roll it back.
fn embedded(settings: &Settings) -> Result<Problem, UserError> {
    let keymap = Keymap::new(&settings.keys).map_err(|problem| UserError { problem, exit: Exit::Usage })?;
    let way = match keymap.rollback() {
        Some(key) => format!("press {key} at the function, or type `:rollback FUNCTION`"),
        None => "type `:rollback FUNCTION`".to_owned(),
    };
    let message = "roll back: the former code of the embedded cloud belongs to the running session, and cannot be reached from here";
    let hint = format!("{way} on the screen of `devloop watch`; --target localstack or aws rolls back there");
    Ok(Problem::new("rollback_unsupported", message).with_hint(hint))
}
