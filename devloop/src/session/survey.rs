//! What a session in this directory would use, without starting one. `doctor` checks it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::build::{Builder, Machines, Standby};
use crate::cargo;
use crate::config::{Layer, Settings};
use crate::engine::{Problem, State};
use crate::error::UserError;
use crate::graph::Workspace;
use crate::machine::{Demands, Purpose};
use crate::session::prepare::{demands, prepare};
use crate::session::templates::Template;
use crate::session::{Conditions, Deployment, Options, Selection, View, event_paths, stacks};
use crate::status::Hop;

/// What a session would use.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) settings: Settings,
    /// The members of the workspace.
    pub(crate) workspace: Workspace,
    /// What would be built and served.
    pub(crate) functions: Vec<String>,
    /// The machines that the stack asks for.
    pub(crate) demands: Demands,
    /// What would be watched.
    pub(crate) sources: Vec<PathBuf>,
    /// The stacks that would be applied.
    pub(crate) stacks: Vec<Stack>,
    /// Remarks for the user about the templates.
    pub(crate) remarks: Vec<Problem>,
    /// The paths of events, each as the names of what it passes.
    pub(crate) ways: Vec<Vec<String>>,
    templates: Vec<Template>,
    /// Values of the templates' parameters.
    parameters: BTreeMap<String, String>,
}

/// A template that would be applied.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    /// Its functions by logical id, each with the name of its binary's function.
    pub(crate) functions: Vec<(String, String)>,
}

impl Survey {
    /// What the embedded cloud would leave out of each template, or why it would not apply it.
    pub(crate) async fn lacking(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        for template in &self.templates {
            found.extend(stacks::lacking(template, &self.parameters).await);
        }
        found
    }

    /// How cargo would be called, without the choice of a linker.
    pub(crate) fn builder(&self, program: &Path) -> Builder {
        Builder {
            program: program.to_owned(),
            root: self.workspace.root.clone(),
            target_directory: self.workspace.target_directory.clone(),
            profile: self.settings.profile.clone(),
            lookup: cargo::Lookup::default(),
            timeout: self.settings.build.timeout,
            linking: None,
            machines: Arc::new(Machines::new(self.demands.clone())),
            standby: Standby::new(false),
        }
    }
}

/// Reads what a `devloop watch` in the directory would read.
pub(crate) async fn survey(program: &Path, directory: &Path, flags: Layer) -> Result<Survey, UserError> {
    let options = Options {
        flags,
        selection: Selection::default(),
        database: None,
        metrics: None,
        parameters: BTreeMap::new(),
        strict: false,
        conditions: Conditions::default(),
        view: View::Plain,
        watch: false,
        deployment: Deployment::default(),
    };
    let prepared = prepare(program, directory, &options).await?;
    let demands = demands(&prepared.templates, Purpose::RunHere);
    let state = State::new(prepared.workspace.clone(), prepared.functions.clone());
    let sources = state.watch_list().directories;
    let stacks = prepared.templates.iter().map(|template| {
        let functions =
            template.functions.iter().map(|code| (code.logical_id.clone(), code.binary.clone())).collect();
        Stack { path: template.path.clone(), name: template.stack_name(), functions }
    });
    let ways = event_paths::of_templates(&prepared.templates).into_iter();
    let name = |hop: Hop| match hop {
        Hop::Resource { name, .. } | Hop::Function(name) => name,
    };
    Ok(Survey {
        stacks: stacks.collect(),
        remarks: prepared.remarks,
        ways: ways.map(|way| way.into_iter().map(name).collect()).collect(),
        settings: prepared.settings,
        workspace: prepared.workspace,
        functions: prepared.functions,
        demands,
        sources,
        templates: prepared.templates,
        parameters: prepared.parameters,
    })
}
