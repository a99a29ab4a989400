//! Where a test's functions find their code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::symlink,
    path::PathBuf,
};

use serde_json::{Value, json};

use super::{STACK, Source, TestCloud, TestError};
use crate::{lambda::is_interpreted, template::Template};

/// How many hexadecimal digits the CDK appends to a construct's name in a logical id [Identifiers and the AWS CDK, Logical IDs].
const DIGITS_OF_THE_CDK: usize = 8;

/// What the test calls a function: its logical id, with or without the digits of the CDK, or its name.
fn name_said<'a>(
    code: &BTreeMap<String, Source>,
    logical_id: &'a str,
    name: Option<&'a str>,
) -> Option<&'a str> {
    let construct = logical_id.split_at_checked(logical_id.len().saturating_sub(DIGITS_OF_THE_CDK));
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    let construct =
        construct.filter(|(_, digits)| digits.len() == DIGITS_OF_THE_CDK && digits.bytes().all(is_digit));
    let names = [Some(logical_id), name, construct.map(|(construct, _)| construct)];
    names.into_iter().flatten().find(|name| code.contains_key(*name))
}

impl TestCloud {
    /// Points the template's functions at what the test has named for them.
    pub(super) fn place(&self, template: &mut Template) -> Result<(), TestError> {
        let mut places = Vec::new();
        for (logical_id, resource) in template.resources() {
            if resource.kind() != "AWS::Lambda::Function" {
                continue;
            }
            let text = |name: &str| resource.properties().get(name).and_then(Value::as_str);
            let known = self.known.lock();
            let said = name_said(&known.code, logical_id, text("FunctionName"));
            let source = said.and_then(|name| known.code.get(name)).cloned();
            drop(known);
            match source {
                Some(source) => places.push((logical_id.to_owned(), self.folder(logical_id, &source)?)),
                // Its code is in the template, or in a folder that the template names.
                None if text("Runtime").is_some_and(is_interpreted) => {}
                None => return Err(TestError::NoCode(logical_id.to_owned())),
            }
        }
        for (logical_id, folder) in places {
            template.run_from(&logical_id, &folder.to_string_lossy());
        }
        Ok(())
    }

    /// The folder of a function: with a link to its binary, or with nothing for one that runs in this process.
    fn folder(&self, function: &str, source: &Source) -> io::Result<PathBuf> {
        let folder = self.home.path().join(function);
        fs::create_dir_all(&folder)?;
        if let Source::Binary(binary) = source {
            let bootstrap = folder.join("bootstrap");
            if bootstrap.exists() {
                fs::remove_file(&bootstrap)?;
            }
            symlink(fs::canonicalize(binary)?, bootstrap)?;
        }
        Ok(folder)
    }

    /// Learns the names of the template's functions, and tells the cloud which of them run in this process.
    pub(super) async fn note_what_was_made(&self) -> Result<(), TestError> {
        let found =
            self.call("cloudformation", "DescribeStackResources", json!({ "StackName": STACK })).await?;
        let resources = found["StackResources"].as_array().into_iter().flatten();
        let mut known = self.known.lock();
        for resource in resources.filter(|one| one["ResourceType"] == "AWS::Lambda::Function") {
            let text = |member: &str| resource[member].as_str().unwrap_or_default().to_owned();
            let (logical_id, name) = (text("LogicalResourceId"), text("PhysicalResourceId"));
            if let Some(said) = name_said(&known.code, &logical_id, Some(&name)).map(str::to_owned) {
                if let Some(Source::Handler(handler)) = known.code.get(&said) {
                    self.cloud.run_here(&name, handler.clone());
                }
                known.made.insert(said, name.clone());
            }
            known.made.insert(logical_id, name);
        }
        Ok(())
    }

    /// The name in the cloud of what the test calls `function`; one that no template has is made here.
    pub(super) fn name_of(&self, function: &str) -> Result<String, TestError> {
        let mut known = self.known.lock();
        if let Some(name) = known.made.get(function) {
            return Ok(name.clone());
        }
        if known.made.values().any(|name| name == function) {
            return Ok(function.to_owned());
        }
        let Some(source) = known.code.get(function).cloned() else {
            let names = known.made.keys().chain(known.code.keys()).map(String::as_str);
            let there: BTreeSet<&str> = names.collect();
            let there: Vec<&str> = there.into_iter().collect();
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            return Err(TestError::NoFunction { name: function.to_owned(), there });
        };
        self.cloud.serve_folder(function, &self.folder(function, &source)?)?;
        if let Source::Handler(handler) = source {
            self.cloud.run_here(function, handler);
        }
        known.made.insert(function.to_owned(), function.to_owned());
        Ok(function.to_owned())
    }
}
