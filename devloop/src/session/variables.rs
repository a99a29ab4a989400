//! Variables from files (`--env-file`), which override those of the functions. They are set when the session starts, when a file
//! is saved, when a function appears, and after a template's update. Only functions whose variables differ are updated, because
//! an update starts their environments anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use devloop_cloud::Cloud;
use devloop_system::files::read_text;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

use crate::bus::Events;
use crate::engine::{Fact, Problem, WatchList};
use crate::session::pipe;
use crate::watch::{Seen, Watcher};

/// The pause between two looks at an update.
const PAUSE: Duration = Duration::from_millis(20);

type Set = BTreeMap<String, String>;

/// What the files say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// For every function.
    all: Set,
    /// For one function, by its logical id or its name.
    one: BTreeMap<String, Set>,
}

/// A function that the files may concern.
#[derive(Debug)]
struct Function {
    /// Its name in the cloud.
    name: String,
    /// Its logical id in its template.
    logical_id: Option<String>,
    /// The variables that it has now.
    now: Set,
}

/// What a function had before the files, and what it was given.
#[derive(Debug)]
struct Given {
    own: Set,
    set: Set,
}

/// The files of a session, and what functions were given of them.
pub(super) struct Variables {
    cloud: Cloud,
    files: Vec<PathBuf>,
    /// What pipes among the files said; they say it once.
    piped: Mutex<BTreeMap<PathBuf, String>>,
    given: Mutex<BTreeMap<String, Given>>,
}

impl Variables {
    /// Nothing is given yet.
    pub(super) fn new(cloud: &Cloud, files: Vec<PathBuf>) -> Self {
        Self { cloud: cloud.clone(), files, piped: Mutex::default(), given: Mutex::default() }
    }

    /// Gives every function of the cloud what the files say now; returns the names of those whose variables changed. To be called
    /// after functions were created or updated: a template's update sets the template's own variables.
    pub(super) async fn give(&self) -> Result<Vec<String>, Problem> {
        if self.files.is_empty() {
            return Ok(Vec::new());
        }
        let mut given = self.given.lock().await;
        let said = self.said().await?;
        let functions = self.functions().await?;
        said.check(&functions)?;
        given.retain(|name, _| functions.iter().any(|function| function.name == *name));
        let mut changed = Vec::new();
        for function in functions {
            // If the function has other variables than the ones set here, somebody else has set them since.
            let own = match given.get(&function.name) {
                Some(known) if known.set == function.now => known.own.clone(),
                _ => function.now.clone(),
            };
            let set = said.over(&own, &function);
            let is_new = set != function.now;
            if is_new {
                // An update is refused while another one is in progress.
                self.updated(&function.name).await?;
                let input = json!({ "FunctionName": function.name, "Environment": { "Variables": set } });
                self.ask("lambda", "UpdateFunctionConfiguration", input).await?;
            }
            given.insert(function.name.clone(), Given { own, set });
            if is_new {
                if let Some(why) = self.updated(&function.name).await? {
                    let message =
                        format!("start {} with the variables of the env file: {why}", function.name);
                    return Err(Problem::new("env_file_refused", message));
                }
                changed.push(function.name);
            }
        }
        Ok(changed)
    }

    /// What the files say together; of two that name a variable the later one counts.
    async fn said(&self) -> Result<Said, Problem> {
        let mut said = Said::default();
        for file in &self.files {
            let wrong =
                |why: String| Problem::new("env_file_invalid", format!("read {}: {why}", file.display()));
            let text = self.text(file).await.map_err(|error| wrong(error.to_string()))?;
            said.add(&text).map_err(wrong)?;
        }
        Ok(said)
    }

    /// A pipe is read once, as shells make them for `<(...)`, and its text is kept.
    async fn text(&self, file: &Path) -> std::io::Result<String> {
        if !pipe::is_pipe(file) {
            return read_text(file);
        }
        let mut piped = self.piped.lock().await;
        if let Some(text) = piped.get(file) {
            return Ok(text.clone());
        }
        let text = pipe::read(file, pipe::PATIENCE).await?;
        piped.insert(file.to_owned(), text.clone());
        Ok(text)
    }

    /// Waits until no update of the function is in progress: after one its environments have the newest variables. Returns why the last
    /// one failed, if it did.
    async fn updated(&self, function: &str) -> Result<Option<String>, Problem> {
        loop {
            let input = json!({ "FunctionName": function });
            let found = self.ask("lambda", "GetFunctionConfiguration", input).await?;
            match found["LastUpdateStatus"].as_str() {
                Some("InProgress") => tokio::time::sleep(PAUSE).await,
                Some("Failed") => {
                    let why = found["LastUpdateStatusReason"].as_str();
                    return Ok(Some(why.unwrap_or("the function does not start").to_owned()));
                }
                _ => return Ok(None),
            }
        }
    }

    /// All functions of the cloud, with the logical ids of those that stacks have.
    async fn functions(&self) -> Result<Vec<Function>, Problem> {
        let mut ids = BTreeMap::new();
        let stacks = self.ask("cloudformation", "DescribeStacks", json!({})).await?;
        for stack in stacks["Stacks"].as_array().into_iter().flatten() {
            let input = json!({ "StackName": stack["StackName"] });
            let found = self.ask("cloudformation", "DescribeStackResources", input).await?;
            let resources = found["StackResources"].as_array().into_iter().flatten();
            ids.extend(resources.filter(|one| one["ResourceType"] == "AWS::Lambda::Function").filter_map(
                |one| {
                    let text = |member: &str| one[member].as_str().map(str::to_owned);
                    Some((text("PhysicalResourceId")?, text("LogicalResourceId")?))
                },
            ));
        }
        let mut functions = Vec::new();
        let mut input = json!({});
        loop {
            let page = self.ask("lambda", "ListFunctions", input.take()).await?;
            let shown = page["Functions"].as_array().into_iter().flatten();
            functions.extend(shown.filter_map(|one| {
                let name = one["FunctionName"].as_str()?.to_owned();
                let now = serde_json::from_value(one["Environment"]["Variables"].clone()).unwrap_or_default();
                Some(Function { logical_id: ids.get(&name).cloned(), name, now })
            }));
            match page["NextMarker"].as_str() {
                Some(next) if !next.is_empty() => input = json!({ "Marker": next }),
                _ => return Ok(functions),
            }
        }
    }

    async fn ask(&self, service: &str, operation: &str, input: Value) -> Result<Value, Problem> {
        let cx = self.cloud.context(self.cloud.region());
        self.cloud.call(&cx, service, operation, input).await.map_err(|error| {
            Problem::new(
                "env_file_refused",
                format!("give a function the variables of the env file: {error}"),
            )
        })
    }

    /// Follows the files until the watcher fails, and reports which functions got new variables.
    pub(super) async fn follow(self: Arc<Self>, events: Events) {
        let saved: Vec<PathBuf> = self.files.iter().filter(|file| !pipe::is_pipe(file)).cloned().collect();
        if saved.is_empty() {
            return;
        }
        // One waiting burst is enough, because the files are read when it is handled.
        let (told, mut saves) = mpsc::channel(1);
        let watcher = Watcher::start(Vec::new(), move |seen| {
            // Also when the watch begins: a file may have been saved since it was read.
            if matches!(seen, Ok(Seen::Burst(_) | Seen::Watching)) {
                let _ = told.try_send(());
            }
        });
        let watcher = match watcher {
            Ok(watcher) => watcher,
            Err(error) => return events.send(Fact::Error { problem: error.problem() }).await,
        };
        // As inputs they are watched even where git ignores them, as it does files with secrets.
        watcher.watch(WatchList {
            inputs: saved.iter().cloned().collect(),
            files: saved,
            directories: Vec::new(),
        });
        while saves.recv().await.is_some() {
            match self.give().await {
                Ok(changed) => {
                    for name in changed {
                        let line = format!("{name} has new variables from the env file");
                        events.send(Fact::Log { function: "devloop".to_owned(), line }).await;
                    }
                }
                Err(problem) => events.send(Fact::Error { problem }).await,
            }
        }
    }
}

impl Function {
    fn is_called(&self, name: &String) -> bool {
        self.name == *name || self.logical_id.as_ref() == Some(name)
    }
}

impl Said {
    /// Adds what another file says.
    fn add(&mut self, text: &str) -> Result<(), String> {
        if !text.trim_start().starts_with('{') {
            self.all.extend(lines(text)?);
            return Ok(());
        }
        let found = by_function(text)?;
        self.all.extend(found.all);
        for (name, variables) in found.one {
            self.one.entry(name).or_default().extend(variables);
        }
        Ok(())
    }

    /// Refuses a name that no function has.
    fn check(&self, functions: &[Function]) -> Result<(), Problem> {
        let is_known = |name: &String| functions.iter().any(|function| function.is_called(name));
        let Some(unknown) = self.one.keys().find(|name| !is_known(name)) else { return Ok(()) };
        let message = format!("use the env file: there is no function `{unknown}`");
        let names = functions.iter().map(|one| one.logical_id.as_ref().unwrap_or(&one.name).as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        Err(Problem::new("env_file_invalid", message)
            .with_hint(format!("the functions are {names}; `Parameters` means all of them")))
    }

    /// The function's own variables with those of the files over them.
    fn over(&self, own: &Set, function: &Function) -> Set {
        let mut set = own.clone();
        set.extend(self.all.clone());
        for (_, variables) in self.one.iter().filter(|(name, _)| function.is_called(name)) {
            set.extend(variables.clone());
        }
        set
    }
}

/// The form of `sam local --env-vars` [Environment variable file, AWS SAM Developer Guide].
fn by_function(text: &str) -> Result<Said, String> {
    let document: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut said = Said::default();
    for (name, variables) in document {
        let mut set = Set::new();
        for (variable, value) in variables {
            let value = match value {
                Value::String(text) => text,
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => return Err(format!("the variable {variable} of {name} must be a text")),
            };
            set.insert(variable, value);
        }
        if name == "Parameters" {
            said.all = set;
        } else {
            said.one.insert(name, set);
        }
    }
    Ok(said)
}

/// `NAME=VALUE` a line, as shells read it: `export`, quotes and comments are allowed, and nothing is replaced.
fn lines(text: &str) -> Result<Set, String> {
    let mut set = Set::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line
            .split_once('=')
            .filter(|(name, _)| !name.trim().is_empty())
            .ok_or_else(|| format!("line {} must look like NAME=VALUE", at + 1))?;
        set.insert(name.trim().to_owned(), unquoted(value.trim()).to_owned());
    }
    Ok(set)
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inner, rest)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote))
            && (rest.trim().is_empty() || rest.trim_start().starts_with('#'))
        {
            return inner;
        }
    }
    value.split_once(" #").map_or(value, |(before, _)| before.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> Set {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn lines_are_read_as_shells_read_them() {
        let text =
            "# a comment\n\nA=1\nexport B = two words # and a comment\nC='a # b'\nD=\"x\" # y\nE=\nF=a=b#c\n";
        let expected =
            [("A", "1"), ("B", "two words"), ("C", "a # b"), ("D", "x"), ("E", ""), ("F", "a=b#c")];
        assert_eq!(lines(text), Ok(set(&expected)));
        assert_eq!(lines("A=1\nB"), Err("line 2 must look like NAME=VALUE".to_owned()));
    }

    #[test]
    fn the_file_of_sam_names_functions() {
        let text = r#"{ "Parameters": { "TABLE": "t" }, "Orders": { "LIMIT": 3, "DEBUG": true } }"#;
        let said = by_function(text).unwrap();
        let own = set(&[("TABLE", "own"), ("KEPT", "k")]);
        let check = |logical_id: &str, name: &str, expected: &[(&str, &str)]| {
            let function =
                Function { name: name.to_owned(), logical_id: Some(logical_id.to_owned()), now: Set::new() };
            assert_eq!(said.over(&own, &function), set(expected), "{name}");
            function
        };
        let users = check("Users", "s-users", &[("TABLE", "t"), ("KEPT", "k")]);
        let expected = [("TABLE", "t"), ("KEPT", "k"), ("LIMIT", "3"), ("DEBUG", "true")];
        let orders = check("Orders", "s-orders", &expected);
        check("Other", "Orders", &expected);
        assert_eq!(said.check(&[orders]), Ok(()));
        let problem = said.check(&[users]).unwrap_err();
        assert!(problem.message.contains("there is no function `Orders`"), "{problem:?}");
        assert!(problem.hint.unwrap().starts_with("the functions are Users; "));
        let error = by_function(r#"{ "F": { "A": [] } }"#).unwrap_err();
        assert_eq!(error, "the variable A of F must be a text");
    }
}
