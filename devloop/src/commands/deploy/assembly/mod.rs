//! Reads what a CDK app wrote: its cloud assembly [Cloud assembly schema, AWS CDK API Reference].

mod choose;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cloud::Object;
use super::placeholders::Place;
use crate::error::UserError;

pub(super) use choose::{Related, choose};

/// Account and region of a stack whose app names none.
const UNKNOWN: [&str; 2] = ["unknown-account", "unknown-region"];

/// The deepest nesting of assemblies. The CDK nests stages in stages.
const DEEPEST: usize = 16;

/// The stacks of an app, each after those that it depends on.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    pub(super) stacks: Vec<Stack>,
}

/// A stack of an app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stack {
    /// Its id in the assembly, which no other stack has.
    pub(super) id: String,
    /// Its name in CloudFormation.
    pub(super) name: String,
    /// Its name with those of the stages that it lies in.
    pub(super) shown: String,
    pub(super) region: String,
    /// The account that the app names; `None` if any will do.
    pub(super) account: Option<String>,
    /// The file with its template.
    pub(super) template: PathBuf,
    /// Where its template is uploaded, if it is one of its assets.
    pub(super) template_object: Option<Object>,
    /// The files that list its assets.
    pub(super) asset_manifests: Vec<PathBuf>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) is_protected: bool,
    /// The bootstrap that it needs.
    pub(super) bootstrap: Option<Needed>,
    /// The ids of the stacks that it depends on.
    pub(super) needs: BTreeSet<String>,
    /// What the app warns of, and what it says is wrong.
    pub(super) warnings: Vec<String>,
    pub(super) errors: Vec<String>,
}

/// A bootstrap that a stack needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needed {
    /// The parameter in the parameter store that holds its version.
    pub(super) parameter: String,
    pub(super) version: u64,
}

impl Assembly {
    /// Reads the assembly in a folder.
    pub(super) fn read(folder: &Path, place: Place<'_>) -> Result<Self, UserError> {
        let mut reading = Reading { place, stacks: Vec::new(), missing: Vec::new() };
        reading.folder(folder, &BTreeSet::new(), 0)?;
        if !reading.missing.is_empty() {
            let message = format!(
                "read the CDK app's output: it asks for values of an account, which the embedded cloud does not have: {}",
                reading.missing.join("; ")
            );
            return Err(UserError::usage("cdk_context_missing", message).with_hint(
                "`npx cdk synth` with the account's keys looks them up, and keeps them in cdk.context.json for every later run",
            ));
        }
        Ok(Self { stacks: choose::in_order(reading.stacks)? })
    }
}

/// The assembly as far as it has been read.
struct Reading<'a> {
    place: Place<'a>,
    stacks: Vec<Stack>,
    /// Values that the app asks for.
    missing: Vec<String>,
}

impl Reading<'_> {
    /// Reads a folder and the assemblies in it; gives back the ids of their stacks. All of them need the stacks `before`.
    fn folder(
        &mut self,
        folder: &Path,
        before: &BTreeSet<String>,
        depth: usize,
    ) -> Result<BTreeSet<String>, UserError> {
        let file = folder.join("manifest.json");
        let manifest = read_json(&file)?;
        if depth > DEEPEST {
            return Err(invalid(&file, "assemblies nest too deeply"));
        }
        for missing in manifest["missing"].as_array().into_iter().flatten() {
            let text = |name: &str| missing[name].as_str().unwrap_or("?");
            self.missing.push(format!("{} ({})", text("key"), text("provider")));
        }
        let artifacts = manifest["artifacts"].as_object().cloned().unwrap_or_default();
        // The stacks behind each artifact: none for a file, those of the folder for a nested assembly.
        let mut behind: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut all = BTreeSet::new();
        let mut open: Vec<(&String, &Value)> = artifacts.iter().collect();
        while !open.is_empty() {
            let is_ready = |artifact: &Value| {
                let mut waits = texts(&artifact["dependencies"]);
                waits.all(|id| behind.contains_key(id) || !artifacts.contains_key(id))
            };
            let Some(next) = open.iter().position(|(_, artifact)| is_ready(artifact)) else {
                return Err(invalid(&file, "its artifacts depend on each other in a circle"));
            };
            let (id, artifact) = open.remove(next);
            let mut needs = before.clone();
            needs.extend(texts(&artifact["dependencies"]).filter_map(|id| behind.get(id)).flatten().cloned());
            let made = match artifact["type"].as_str() {
                Some("aws:cloudformation:stack") => {
                    let stack = self.stack(folder, id, artifact, &artifacts, needs)?;
                    self.stacks.push(stack);
                    BTreeSet::from([id.clone()])
                }
                Some("cdk:cloud-assembly") => {
                    let Some(name) = artifact["properties"]["directoryName"].as_str() else {
                        return Err(invalid(&file, &format!("{id} names no folder")));
                    };
                    self.folder(&folder.join(name), &needs, depth + 1)?
                }
                // Whatever waits for another artifact, such as a list of assets, waits for what that waits for.
                _ => needs,
            };
            if artifact["type"] == "aws:cloudformation:stack" || artifact["type"] == "cdk:cloud-assembly" {
                all.extend(made.iter().cloned());
            }
            behind.insert(id, made);
        }
        Ok(all)
    }

    fn stack(
        &self,
        folder: &Path,
        id: &str,
        artifact: &Value,
        artifacts: &serde_json::Map<String, Value>,
        needs: BTreeSet<String>,
    ) -> Result<Stack, UserError> {
        let file = folder.join("manifest.json");
        let properties = &artifact["properties"];
        let text = |name: &str| properties[name].as_str();
        let Some(template) = text("templateFile") else {
            return Err(invalid(&file, &format!("the stack {id} names no template")));
        };
        let place = artifact["environment"].as_str().and_then(|place| place.strip_prefix("aws://"));
        let (account, region) =
            place.and_then(|place| place.split_once('/')).unwrap_or((UNKNOWN[0], UNKNOWN[1]));
        let known = |text: &str| (!UNKNOWN.contains(&text)).then(|| text.to_owned());
        let region = known(region).unwrap_or_else(|| self.place.region.to_owned());
        let place = Place { region: &region, ..self.place };
        let object = text("stackTemplateAssetObjectUrl").and_then(|url| {
            let (bucket, key) = url.strip_prefix("s3://")?.split_once('/')?;
            Some(Object { bucket: place.fill(bucket), key: place.fill(key) })
        });
        let assets = texts(&artifact["dependencies"])
            .filter_map(|id| artifacts.get(id))
            .filter(|other| other["type"] == "cdk:asset-manifest");
        let bootstrap = text("bootstrapStackVersionSsmParameter").map(|parameter| Needed {
            parameter: parameter.to_owned(),
            version: properties["requiresBootstrapStackVersion"].as_u64().unwrap_or(1),
        });
        let metadata = match artifact["additionalMetadataFile"].as_str() {
            Some(name) => read_json(&folder.join(name))?,
            None => Value::Null,
        };
        let said = |kind: &str| {
            let parts = [&artifact["metadata"], &metadata];
            parts.into_iter().flat_map(|part| said(part, kind)).collect()
        };
        Ok(Stack {
            id: id.to_owned(),
            name: text("stackName").unwrap_or(id).to_owned(),
            shown: artifact["displayName"].as_str().unwrap_or(id).to_owned(),
            account: known(account),
            template: folder.join(template),
            template_object: object,
            asset_manifests: assets
                .filter_map(|one| one["properties"]["file"].as_str())
                .map(|name| folder.join(name))
                .collect(),
            tags: pairs(&properties["tags"]),
            parameters: pairs(&properties["parameters"]),
            is_protected: properties["terminationProtection"] == true,
            bootstrap,
            needs,
            warnings: said("aws:cdk:warning"),
            errors: said("aws:cdk:error"),
            region,
        })
    }
}

/// What constructs of the app say of this kind, each with the construct's path.
fn said(metadata: &Value, kind: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (path, entries) in metadata.as_object().into_iter().flatten() {
        for entry in entries.as_array().into_iter().flatten().filter(|entry| entry["type"] == kind) {
            all.push(format!("{path}: {}", entry["data"].as_str().unwrap_or_default()));
        }
    }
    all
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn pairs(object: &Value) -> Vec<(String, String)> {
    let members = object.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// The JSON document in a file of the assembly.
pub(super) fn read_json(file: &Path) -> Result<Value, UserError> {
    let text = std::fs::read_to_string(file).map_err(|error| invalid(file, &error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| invalid(file, &error.to_string()))
}

fn invalid(file: &Path, why: &str) -> UserError {
    UserError::failure("cdk_output", format!("read the CDK app's output {}: {why}", file.display()))
}

#[cfg(test)]
mod tests;
