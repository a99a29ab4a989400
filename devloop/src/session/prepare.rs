//! Reads everything that a session needs before its cloud starts: workspace, settings, templates, functions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::{Environment, Settings};
use crate::engine::{Following, Problem};
use crate::error::{Exit, UserError, suggestion};
use crate::graph::Workspace;
use crate::machine::{Architecture, Demand, Demands, Purpose};
use crate::session::templates::{self, Template};
use crate::session::{Options, Selection};
use crate::target::Candidate;
use crate::workspace::{self, Reading};

/// A session that can begin.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) settings: Settings,
    /// The packages and their edges.
    pub(super) workspace: Workspace,
    /// What is built and served.
    pub(super) functions: Vec<String>,
    /// The templates to apply.
    pub(super) templates: Vec<Template>,
    /// Values of the templates' parameters: those of the command line before those of `samconfig.toml`.
    pub(super) parameters: BTreeMap<String, String>,
    /// Remarks for the user about the templates.
    pub(super) remarks: Vec<Problem>,
    /// Set when the session has every function, also those that appear later.
    pub(super) following: Option<Following>,
}

/// Reads what the session needs from the directory's workspace. An empty cloud needs none.
pub(super) async fn prepare(
    program: &Path,
    directory: &Path,
    options: &Options,
) -> Result<Prepared, UserError> {
    let selection = &options.selection;
    let reading = if selection.no_template && selection.named.is_empty() {
        Reading { workspace: nowhere(directory), settings: Value::Null }
    } else {
        workspace::outline(program, directory)
            .await
            .map_err(|error| UserError { problem: error.problem(), exit: Exit::Workspace })?
    };
    let Reading { workspace, settings } = reading;
    let (root, target) = (&workspace.root, &workspace.target_directory);
    let settings =
        Settings::resolve(root, target, settings, &Environment::of_process(), options.flags.clone())?;
    let known = known_functions(&workspace, settings.src.as_deref());
    let (templates, parameters, remarks) = if selection.no_template {
        (Vec::new(), options.parameters.clone(), Vec::new())
    } else {
        let found = templates::find(&workspace.root, &settings)?;
        let parameters = found.parameters(&options.parameters);
        let candidates = candidates(&workspace, &known);
        let read = templates::read(&workspace.root, &found, &settings, &parameters, &candidates)?;
        let parameters = found.declared(&options.parameters, &read);
        (read, parameters, found.remarks)
    };
    let functions = select(selection, &workspace, &known, &templates)?;
    let following = takes_all(selection, &templates).then(|| Following { below: settings.src.clone() });
    Ok(Prepared { settings, workspace, functions, templates, parameters, remarks, following })
}

fn nowhere(directory: &Path) -> Workspace {
    Workspace {
        root: directory.to_owned(),
        target_directory: directory.join("target"),
        ..Workspace::default()
    }
}

pub(super) fn known_functions<'a>(workspace: &'a Workspace, src: Option<&Path>) -> Vec<&'a str> {
    workspace
        .functions()
        .filter(|function| {
            src.is_none_or(|src| {
                workspace.package_of(function).is_some_and(|package| package.directory.starts_with(src))
            })
        })
        .collect()
}

/// The binaries that the templates' functions may run.
pub(super) fn candidates(workspace: &Workspace, known: &[&str]) -> Vec<Candidate> {
    let candidate = |name: &&str| {
        let (package, binary) = workspace.binary_of(name)?;
        let directory = workspace.package_of(name)?.directory.clone();
        Some(Candidate {
            name: (*name).to_owned(),
            binary: binary.to_owned(),
            package: package.to_owned(),
            directory,
        })
    };
    known.iter().filter_map(candidate).collect()
}

fn select(
    selection: &Selection,
    workspace: &Workspace,
    known: &[&str],
    templates: &[Template],
) -> Result<Vec<String>, UserError> {
    let all = || known.iter().map(|&name| name.to_owned()).collect();
    if selection.named.is_empty() {
        let of_templates: BTreeSet<String> = templates
            .iter()
            .flat_map(|template| &template.functions)
            .map(|code| code.binary.clone())
            .collect();
        return match (selection.no_template, templates.is_empty()) {
            (true, _) => Ok(Vec::new()),
            (false, false) => Ok(of_templates.into_iter().collect()),
            (false, true) if known.is_empty() => Err(no_functions()),
            (false, true) => Ok(all()),
        };
    }
    if selection.named.iter().any(|name| name == "all") {
        return if known.is_empty() { Err(no_functions()) } else { Ok(all()) };
    }
    let candidates = candidates(workspace, known);
    let mut named = BTreeSet::new();
    for name in &selection.named {
        let by_full_name = candidates.iter().find(|candidate| candidate.is_called(name));
        match known.iter().find(|known| *known == name) {
            Some(_) => named.insert(name.clone()),
            None => named.insert(by_full_name.ok_or_else(|| wrong_name(name, known))?.name.clone()),
        };
    }
    Ok(named.into_iter().collect())
}

/// Whether the session is for the whole workspace rather than for named functions or a template's.
fn takes_all(selection: &Selection, templates: &[Template]) -> bool {
    match selection.named.as_slice() {
        [] => !selection.no_template && templates.is_empty(),
        named => named.iter().any(|name| name == "all"),
    }
}

fn wrong_name(wrong: &str, known: &[&str]) -> UserError {
    if known.is_empty() {
        return no_functions();
    }
    let message = format!("there is no function `{wrong}`; the functions are {}", known.join(", "));
    let error = UserError::usage("function_unknown", message);
    match suggestion(wrong, known.iter().copied()) {
        Some(nearest) => error.with_hint(format!("did you mean `{nearest}`?")),
        None => error,
    }
}

fn no_functions() -> UserError {
    let problem = Problem::new("no_functions", "find a function: the workspace has none").with_hint(
        "a function is a binary of a workspace package that reaches lambda_runtime, itself or through another package; \
         `--no-template` starts an empty cloud",
    );
    UserError { problem, exit: Exit::Workspace }
}

/// The machines that the templates ask for, by binary. Of several functions with the same binary, the first that names a machine
/// counts.
pub(super) fn demands(templates: &[Template], purpose: Purpose) -> Demands {
    let mut demands = Demands { purpose, ..Demands::default() };
    for code in templates.iter().flat_map(|template| &template.functions) {
        let usual = Demand::default();
        let architecture = Architecture::from_stack(&code.architecture).unwrap_or(usual.architecture);
        let runtime = code.runtime.clone().unwrap_or(usual.runtime);
        demands.functions.entry(code.binary.clone()).or_insert(Demand { architecture, runtime });
    }
    demands
}

/// The directories of functions that no template has.
pub(super) fn outside_of_templates(prepared: &Prepared) -> BTreeMap<String, PathBuf> {
    let in_templates: BTreeSet<&str> = prepared
        .templates
        .iter()
        .flat_map(|template| &template.functions)
        .map(|code| code.binary.as_str())
        .collect();
    prepared
        .functions
        .iter()
        .filter(|function| !in_templates.contains(function.as_str()))
        .map(|function| (function.clone(), prepared.settings.dist.join(function)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{demands, select, takes_all};
    use crate::graph::Workspace;
    use crate::machine::{Demand, Purpose};
    use crate::session::Selection;
    use crate::session::templates::Template;
    use crate::target::FunctionCode;

    const KNOWN: [&str; 3] = ["downstream", "midstream", "upstream"];

    fn template(binary: &str) -> Template {
        let code = FunctionCode {
            logical_id: "F".to_owned(),
            binary: binary.to_owned(),
            architecture: "arm64".to_owned(),
            runtime: Some("provided.al2".to_owned()),
        };
        let template = devloop_cloud::Template::parse("Resources: {}").unwrap();
        Template { path: "t.json".into(), text: String::new(), content: template, functions: vec![code] }
    }

    fn check(named: &[&str], no_template: bool, templates: &[Template], expected: Result<&[&str], &str>) {
        let named = named.iter().map(|&name| name.to_owned()).collect();
        let found = select(&Selection { named, no_template }, &Workspace::default(), &KNOWN, templates);
        match expected {
            Ok(names) => assert_eq!(found.unwrap(), names),
            Err(text) => assert_eq!(found.unwrap_err().to_string(), text),
        }
    }

    #[test]
    fn the_template_decides_unless_functions_are_named() {
        let templates = [template("midstream")];
        check(&[], false, &templates, Ok(&["midstream"]));
        check(&[], false, &[], Ok(&KNOWN));
        check(&[], true, &[], Ok(&[]));
        check(&["upstream", "upstream"], false, &templates, Ok(&["upstream"]));
        check(&["all"], false, &templates, Ok(&KNOWN));
        check(&["upstream"], true, &[], Ok(&["upstream"]));
    }

    #[test]
    fn a_session_for_the_whole_workspace_takes_what_appears() {
        let takes = |named: &[&str], no_template, templates: &[Template]| {
            let named = named.iter().map(|&name| name.to_owned()).collect();
            takes_all(&Selection { named, no_template }, templates)
        };
        assert!(takes(&[], false, &[]));
        assert!(takes(&["all"], false, &[template("midstream")]));
        assert!(!takes(&[], false, &[template("midstream")]));
        assert!(!takes(&["upstream"], false, &[]));
        assert!(!takes(&[], true, &[]));
    }

    #[test]
    fn the_stack_s_machine_is_asked_of_its_functions() {
        let demands = demands(&[template("midstream")], Purpose::RunHere);
        let asked = demands.of("midstream");
        assert_eq!(
            (asked.architecture.to_string(), asked.runtime.as_str()),
            ("arm64".to_owned(), "provided.al2")
        );
        assert_eq!(demands.of("other"), Demand::default());
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        let message =
            "error: there is no function `upsteam`; the functions are downstream, midstream, upstream";
        check(&["upsteam"], false, &[], Err(&format!("{message}\nhint: did you mean `upstream`?")));
    }
}
