//! One file a subcommand. `main` calls them; nothing else does.

mod bench;
mod doctor;
mod status;
mod up;
mod watch;

use std::io::IsTerminal;

use crate::cli::SessionArguments;
use crate::config::{BuildLayer, Layer, terminal_draws};
use crate::error::UserError;
use crate::postgres::DatabaseUrl;
use crate::session::{Database, Selection, View};

pub(crate) use bench::bench;
pub(crate) use doctor::doctor;
pub(crate) use status::status;
pub(crate) use up::up;
pub(crate) use watch::watch;

/// The settings that the flags make.
fn layer(arguments: &SessionArguments) -> Layer {
    let templates = (!arguments.template.is_empty()).then(|| {
        arguments.template.iter().map(|path| absolute(path).to_string_lossy().into_owned()).collect()
    });
    let profile = arguments.release.then(|| "release".to_owned()).or_else(|| arguments.profile.clone());
    let (port, endpoint) = (arguments.port, arguments.endpoint.clone());
    let mouse = arguments.no_mouse.then_some(false);
    let build = BuildLayer { prelink: arguments.prelink.then_some(true), ..BuildLayer::default() };
    Layer { templates, port, endpoint, profile, build, mouse, ..Layer::default() }
}

/// Paths on the command line are relative to where it is typed, those in files to the workspace's root.
fn absolute(path: &std::path::Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn selection(arguments: &SessionArguments) -> Selection {
    Selection { named: arguments.functions.clone(), no_template: arguments.no_template }
}

/// The database that the functions get, if one is asked for.
fn database(arguments: &SessionArguments) -> Result<Option<Database>, UserError> {
    match &arguments.database_url {
        Some(url) => DatabaseUrl::parse(url).map(Database::Given).map(Some).map_err(|why| {
            UserError::usage("database_url_invalid", format!("read the value of --database-url: {why}"))
        }),
        None => Ok(arguments.postgres.then_some(Database::Own)),
    }
}

fn view(arguments: &SessionArguments) -> View {
    if arguments.json {
        View::Json
    } else if arguments.plain || !std::io::stdout().is_terminal() || !terminal_draws() {
        View::Plain
    } else {
        View::Screen
    }
}
