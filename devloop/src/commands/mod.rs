//! One file a subcommand. `main` calls them; nothing else does.

mod doctor;
mod status;
mod up;
mod watch;

use std::io::IsTerminal;

use crate::cli::SessionArguments;
use crate::config::{Layer, terminal_draws};
use crate::session::{Selection, View};

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
    Layer { templates, port, endpoint, profile, ..Layer::default() }
}

/// Paths on the command line are relative to where it is typed, those in files to the workspace's root.
fn absolute(path: &std::path::Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn selection(arguments: &SessionArguments) -> Selection {
    Selection { named: arguments.functions.clone(), no_template: arguments.no_template }
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
