//! `devloop build`: the functions' binaries for the machines of their stack, where a deployment takes them.

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::{BuildArguments, SessionArguments};
use crate::commands::{conditions, layer, selection};
use crate::error::UserError;
use crate::output;
use crate::session::{self, Deployment, Options, View};

/// Builds the functions and puts each in `<function>/bootstrap` of the dist folder. Each line of the standard output is a function
/// and the path of its binary.
pub(crate) async fn build(arguments: &BuildArguments) -> Result<ExitCode, UserError> {
    let BuildArguments { functions, template, stack, profile, release, parameter, json } = arguments.clone();
    let session =
        SessionArguments { functions, template, stack, profile, release, ..SessionArguments::default() };
    let options = Options {
        flags: layer(&session),
        selection: selection(&session),
        database: None,
        metrics: None,
        parameters: parameter.into_iter().collect(),
        strict: false,
        conditions: conditions(&session),
        view: View::Plain,
        watch: false,
        deployment: Deployment::default(),
    };
    let Some(built) = session::build(&options).await? else { return Ok(ExitCode::SUCCESS) };
    let mut out = output::stdout_as(json);
    for binary in built {
        let path = binary.path.display().to_string();
        let line = if json {
            json!({ "function": binary.function, "path": path, "digest": binary.digest.to_string() })
                .to_string()
        } else {
            format!("{} {path}", binary.function)
        };
        if writeln!(out, "{line}").is_err() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}
