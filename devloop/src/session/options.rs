//! The options that a command starts a session with.

use std::collections::BTreeMap;

use crate::config::Layer;
use local_postgres::DatabaseUrl;

/// The options of a session.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The settings of the command line.
    pub(crate) flags: Layer,
    /// What is built and served.
    pub(crate) selection: Selection,
    /// The database that the functions get.
    pub(crate) database: Option<Database>,
    /// The port of the page for Prometheus, if one is wanted.
    pub(crate) metrics: Option<u16>,
    /// Values for the templates' parameters.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Whether templates that use what the embedded cloud does not support are refused.
    pub(crate) strict: bool,
    /// The embedded cloud's clock, limits and fallback.
    pub(crate) conditions: Conditions,
    /// How the session shows what happens.
    pub(crate) view: View,
    /// Whether saves are built.
    pub(crate) watch: bool,
    /// How to deploy to an account.
    pub(crate) deployment: Deployment,
}

/// The embedded cloud's clock, limits and fallback; no other cloud has such settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Conditions {
    /// How many times as fast as real time the cloud's clock runs.
    pub(crate) clock: Option<f64>,
    /// Whether AWS's quotas bound the cloud's throughput.
    pub(crate) aws_limits: bool,
    /// The URL of another AWS on this machine, which takes requests for services that the cloud lacks.
    pub(crate) fallback: Option<String>,
    /// It answers programs of this user alone.
    pub(crate) only_me: bool,
    /// Files with variables for its functions.
    pub(crate) env_files: Vec<std::path::PathBuf>,
    /// A debugger may hold its functions.
    pub(crate) debugger: bool,
    /// A function's last event is sent again when its new code is live.
    pub(crate) replay_last: bool,
}

/// How to deploy to an account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deployment {
    /// Whether the user has agreed beforehand.
    pub(crate) yes: bool,
    /// Whether changes are only shown.
    pub(crate) dry_run: bool,
    /// Whether every update publishes a version.
    pub(crate) publish: bool,
    /// The alias that is pointed at the published version.
    pub(crate) alias: Option<String>,
    /// The bucket for large zips.
    pub(crate) bucket: Option<String>,
}

/// What is built and served.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Functions by name, or `all`; empty: those of the template, or all without a template.
    pub(crate) named: Vec<String>,
    /// Whether no template is applied, and only named functions are built.
    pub(crate) no_template: bool,
}

/// Where functions write rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// The session starts a server of its own.
    Own,
    /// A database that runs already.
    Given(DatabaseUrl),
}

/// How the session shows what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Lines for people.
    Plain,
    /// Lines for programs.
    Json,
    /// A screen of panes.
    Screen,
}
