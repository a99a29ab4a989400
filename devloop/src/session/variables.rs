//! Variables from files (`--env-file`) over those that functions have: read at the start, and again whenever a file is saved. A function
//! whose variables differ then is given its new ones, which starts its environments anew; no other one is touched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use devloop_cloud::Cloud;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::bus::Events;
use crate::engine::{Fact, Problem, WatchList};
use crate::session::templates::Template;
use crate::watch::{Seen, Watcher};

type Set = BTreeMap<String, String>;

/// What the files say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Given {
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
    /// The variables that it has without the files.
    own: Set,
    /// Those that it has now.
    set: Set,
}

/// The files and the functions of a session.
pub(super) struct Variables {
    cloud: Cloud,
    files: Vec<PathBuf>,
    functions: Vec<Function>,
}

impl Variables {
    /// Reads the files and gives every function what they say.
    pub(super) async fn give(
        cloud: &Cloud,
        files: Vec<PathBuf>,
        templates: &[Template],
        others: impl Iterator<Item = &String>,
    ) -> Result<Self, Problem> {
        let mut variables = Self { cloud: cloud.clone(), files, functions: Vec::new() };
        if variables.files.is_empty() {
            return Ok(variables);
        }
        let mut names: Vec<(String, Option<String>)> = others.map(|name| (name.clone(), None)).collect();
        for template in templates {
            let input = json!({ "StackName": template.stack_name() });
            let found = variables.ask("cloudformation", "DescribeStackResources", input).await?;
            let resources = found["StackResources"].as_array().into_iter().flatten();
            names.extend(resources.filter(|one| one["ResourceType"] == "AWS::Lambda::Function").filter_map(
                |one| {
                    let text = |member: &str| one[member].as_str().map(str::to_owned);
                    Some((text("PhysicalResourceId")?, text("LogicalResourceId")))
                },
            ));
        }
        for (name, logical_id) in names {
            let found =
                variables.ask("lambda", "GetFunctionConfiguration", json!({ "FunctionName": name })).await?;
            let own: Set =
                serde_json::from_value(found["Environment"]["Variables"].clone()).unwrap_or_default();
            variables.functions.push(Function { name, logical_id, set: own.clone(), own });
        }
        variables.renew().await?;
        Ok(variables)
    }

    /// Gives the functions what the files say now; returns the names of those that got something else than they had.
    async fn renew(&mut self) -> Result<Vec<String>, Problem> {
        let given = read(&self.files)?;
        let known = |name: &String| self.functions.iter().any(|function| function.is_called(name));
        if let Some(unknown) = given.one.keys().find(|name| !known(name)) {
            let message = format!("use the env file: there is no function `{unknown}`");
            let ids: Vec<&str> = self
                .functions
                .iter()
                .map(|one| one.logical_id.as_ref().unwrap_or(&one.name).as_str())
                .collect();
            return Err(Problem::new("env_file_invalid", message)
                .with_hint(format!("the functions are {}; `Parameters` means all of them", ids.join(", "))));
        }
        let mut changed = Vec::new();
        for at in 0..self.functions.len() {
            let set = self.functions[at].with(&given);
            if set == self.functions[at].set {
                continue;
            }
            let name = self.functions[at].name.clone();
            let input = json!({ "FunctionName": name, "Environment": { "Variables": set } });
            self.ask("lambda", "UpdateFunctionConfiguration", input).await?;
            self.functions[at].set = set;
            changed.push(name);
        }
        Ok(changed)
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

    /// Follows the files until the watcher fails; tells what was given to whom.
    pub(super) async fn follow(mut self, events: Events) {
        if self.files.is_empty() {
            return;
        }
        // One burst that waits is enough: what it finds is whatever the files say by then.
        let (saved, mut saves) = mpsc::channel(1);
        let watcher = Watcher::start(Vec::new(), move |seen| {
            if matches!(seen, Ok(Seen::Burst(_))) {
                let _ = saved.try_send(());
            }
        });
        let watcher = match watcher {
            Ok(watcher) => watcher,
            Err(error) => return events.send(Fact::Error { problem: error.problem() }).await,
        };
        // As inputs they are watched even where git ignores them, as it does files with secrets.
        watcher.watch(WatchList {
            files: self.files.clone(),
            directories: Vec::new(),
            inputs: self.files.iter().cloned().collect(),
        });
        while saves.recv().await.is_some() {
            match self.renew().await {
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

    /// Its own variables with those of the files over them.
    fn with(&self, given: &Given) -> Set {
        let mut set = self.own.clone();
        set.extend(given.all.clone());
        for (name, variables) in &given.one {
            if self.is_called(name) {
                set.extend(variables.clone());
            }
        }
        set
    }
}

/// What the files say together; of two that name a variable the later one counts.
fn read(files: &[PathBuf]) -> Result<Given, Problem> {
    let mut given = Given::default();
    for file in files {
        let wrong = |why: String| Problem::new("env_file_invalid", format!("read {}: {why}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        if text.trim_start().starts_with('{') {
            let found = by_function(&text).map_err(wrong)?;
            given.all.extend(found.all);
            for (name, variables) in found.one {
                given.one.entry(name).or_default().extend(variables);
            }
        } else {
            given.all.extend(lines(&text).map_err(wrong)?);
        }
    }
    Ok(given)
}

/// The form of `sam local --env-vars` [Environment variable file, AWS SAM Developer Guide].
fn by_function(text: &str) -> Result<Given, String> {
    let document: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut given = Given::default();
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
            given.all = set;
        } else {
            given.one.insert(name, set);
        }
    }
    Ok(given)
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
        let given = by_function(text).unwrap();
        let function = |logical_id: &str, name: &str| {
            let own = set(&[("TABLE", "own"), ("KEPT", "k")]);
            Function { name: name.to_owned(), logical_id: Some(logical_id.to_owned()), set: own.clone(), own }
        };
        let expected = [("TABLE", "t"), ("KEPT", "k")];
        assert_eq!(function("Users", "s-users").with(&given), set(&expected));
        let expected = [("TABLE", "t"), ("KEPT", "k"), ("LIMIT", "3"), ("DEBUG", "true")];
        assert_eq!(function("Orders", "s-orders").with(&given), set(&expected));
        let error = by_function(r#"{ "F": { "A": [] } }"#).unwrap_err();
        assert_eq!(error, "the variable A of F must be a text");
    }
}
