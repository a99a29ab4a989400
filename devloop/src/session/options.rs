//! What a command asks of a session.

use std::collections::BTreeMap;

use crate::config::Layer;
use local_postgres::DatabaseUrl;

/// A session's orders.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The settings of the command line.
    pub(crate) flags: Layer,
    /// What is built and served.
    pub(crate) selection: Selection,
    /// The database that the functions get.
    pub(crate) database: Option<Database>,
    /// The port of the page for Prometheus, if there is to be one.
    pub(crate) metrics: Option<u16>,
    /// Values for the templates' parameters.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Templates that ask for what the embedded cloud lacks are refused.
    pub(crate) strict: bool,
    /// What the embedded cloud is like.
    pub(crate) conditions: Conditions,
    /// How the user is told.
    pub(crate) view: View,
    /// Whether saves are followed.
    pub(crate) watch: bool,
    /// How an account is dealt with.
    pub(crate) deployment: Deployment,
}

/// What the embedded cloud is like; no other cloud can be asked for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Conditions {
    /// How many times as fast as the machine's its time passes.
    pub(crate) clock: Option<f64>,
    /// AWS's quotas bound its throughput.
    pub(crate) aws_limits: bool,
    /// The other AWS on this machine that takes the requests for services that it lacks.
    pub(crate) fallback: Option<String>,
}

/// How an account is dealt with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deployment {
    /// The user has agreed beforehand.
    pub(crate) yes: bool,
    /// Nothing is changed.
    pub(crate) dry_run: bool,
    /// A version of every update.
    pub(crate) publish: bool,
    /// The alias that follows the versions.
    pub(crate) alias: Option<String>,
    /// Where large zips go.
    pub(crate) bucket: Option<String>,
}

/// What is built and served.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Functions by name, or `all`; empty: those of the template, or all without a template.
    pub(crate) named: Vec<String>,
    /// No template is applied, and only what is named is built.
    pub(crate) no_template: bool,
}

/// Where functions write rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// A server of the session's own.
    Own,
    /// One that runs already.
    Given(DatabaseUrl),
}

/// How the user is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Lines for people.
    Plain,
    /// Lines for programs.
    Json,
    /// A screen of panes.
    Screen,
}
