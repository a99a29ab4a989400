//! Layers: packages that functions share. On Lambda their content is in `/opt`. Here functions are processes of this
//! machine, so the variable `DEVLOOP_OPT` names the folder that stands for `/opt`; its `bin` is in `PATH` and its `lib` in
//! `LD_LIBRARY_PATH` [Managing Lambda dependencies with layers].

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::RwLock;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::code::{self, Code, Unpacked};
use crate::{
    arn::Arn,
    aside::aside,
    error::ApiError,
    kept::{Budget, Kept},
    scratch, wire,
};

/// How many layers a function may have [Lambda quotas].
const LAYERS: usize = 5;

/// The layers of one region by name.
#[derive(Debug, Default)]
pub(crate) struct Layers(pub(super) RwLock<BTreeMap<String, Versions>>);

/// The versions of a layer.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    /// The number of the latest version; numbers are never reused.
    pub(super) latest: u64,
    pub(super) all: BTreeMap<u64, Arc<Layer>>,
}

/// One version of a layer.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The ARN with the version.
    pub(super) arn: String,
    pub(super) version: u64,
    pub(super) created_ms: i64,
    pub(super) code: Code,
    /// Members of the call that the API shows again: description, runtimes, architectures, license.
    pub(super) shown: Value,
}

impl Layer {
    /// What the list operations show of it.
    pub(super) fn show(&self) -> Value {
        let mut shown = self.shown.clone();
        shown["LayerVersionArn"] = self.arn.as_str().into();
        shown["Version"] = self.version.into();
        shown["CreatedDate"] = super::function::last_modified(self.created_ms).into();
        shown
    }

    /// Whether its lists of compatible runtimes and architectures contain the wanted ones.
    pub(super) fn fits(&self, runtime: Option<&str>, architecture: Option<&str>) -> bool {
        let lists = |member: &str, wanted: Option<&str>| {
            let list = self.shown.get(member).and_then(Value::as_array);
            wanted.is_none_or(|wanted| list.is_some_and(|list| list.iter().any(|one| one == wanted)))
        };
        lists("CompatibleRuntimes", runtime) && lists("CompatibleArchitectures", architecture)
    }

    /// What `GetLayerVersion` shows.
    pub(super) fn describe(&self) -> Value {
        let mut shown = self.show();
        shown["LayerArn"] = self.arn.rsplit_once(':').map_or("", |(arn, _)| arn).into();
        shown["Content"] = json!({
            "Location": self.code.location()["Location"],
            "CodeSha256": self.code.sha256(),
            "CodeSize": self.code.size(),
        });
        shown
    }
}

impl Layers {
    /// The version of a layer; `None` when there is none.
    pub(super) fn find(&self, name: &str, version: u64) -> Option<Arc<Layer>> {
        self.0.read().get(name)?.all.get(&version).cloned()
    }

    /// The number of versions of all layers together.
    pub(super) fn count(&self) -> usize {
        self.0.read().values().map(|versions| versions.all.len()).sum()
    }

    /// The layers in the member `Layers` of an input; `None` without that member. A copy of several counts in `budget`.
    pub(super) fn of_function(
        &self,
        input: &Value,
        budget: &Arc<Budget>,
    ) -> Result<Option<FunctionLayers>, ApiError> {
        let Some(list) = input.get("Layers").filter(|list| !list.is_null()) else { return Ok(None) };
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        if list.len() > LAYERS {
            return Err(invalid(format!("Cannot reference more than {LAYERS} layers.")));
        }
        let mut layers = Vec::new();
        for arn in list {
            let arn =
                arn.as_str().ok_or_else(|| invalid(format!("{arn} is not the ARN of a layer version")))?;
            let (name, version) =
                version_of(arn).ok_or_else(|| invalid(format!("{arn} is not the ARN of a layer version")))?;
            let layer = self.find(name, version).filter(|layer| layer.arn == arn);
            layers.push(layer.ok_or_else(|| invalid(format!("Layer version {arn} does not exist.")))?);
        }
        FunctionLayers::new(layers, budget).map(Some)
    }
}

/// Name and number in the ARN of a layer version.
pub(super) fn version_of(arn: &str) -> Option<(&str, u64)> {
    let resource = Arn::of_service("lambda", arn)?.resource;
    let (name, version) = resource.strip_prefix("layer:")?.split_once(':')?;
    Some((name, version.parse().ok()?))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}

/// The layers of a function, in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct FunctionLayers {
    layers: Vec<Arc<Layer>>,
    /// The content of several layers in one folder.
    merged: Option<Arc<Unpacked>>,
}

impl PartialEq for FunctionLayers {
    fn eq(&self, other: &Self) -> bool {
        self.layers.iter().map(|layer| &layer.arn).eq(other.layers.iter().map(|layer| &layer.arn))
    }
}

impl FunctionLayers {
    fn new(layers: Vec<Arc<Layer>>, budget: &Arc<Budget>) -> Result<Self, ApiError> {
        if layers.len() < 2 {
            return Ok(Self { layers, merged: None });
        }
        let folders: Vec<&Path> = layers.iter().map(|layer| layer.code.folder()).collect();
        let mut kept = Kept::within(budget);
        let merged = aside(|| merge(&folders, &mut kept));
        let merged = merged.map_err(|error| match error.kind() {
            io::ErrorKind::QuotaExceeded => code::full(budget),
            _ => ApiError::internal(format!(
                "the layers cannot be brought together in {}: {error}",
                std::env::temp_dir().display()
            )),
        })?;
        Ok(Self { layers, merged: Some(Arc::new(Unpacked::new(merged, kept))) })
    }

    /// The folder that stands for `/opt`; `None` without layers.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        match &self.merged {
            Some(merged) => Some(merged.path().to_owned()),
            None => self.layers.first().map(|layer| layer.code.folder().to_owned()),
        }
    }

    /// The member `Layers` of a function's configuration; `None` without layers.
    pub(super) fn show(&self) -> Option<Value> {
        let show = |layer: &Arc<Layer>| json!({ "Arn": layer.arn, "CodeSize": layer.code.size() });
        (!self.layers.is_empty()).then(|| self.layers.iter().map(show).collect())
    }
}

/// Merges all folders into one, whose bytes are added to `kept`. When two have a file with the same name, the later layer wins, as on Lambda.
fn merge(folders: &[&Path], kept: &mut Kept) -> io::Result<TempDir> {
    let merged = scratch::create(scratch::Purpose::Code)?;
    for folder in folders {
        add(folder, merged.path(), kept)?;
    }
    Ok(merged)
}

fn add(from: &Path, to: &Path, kept: &mut Kept) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            fs::create_dir_all(&target)?;
            add(&entry.path(), &target, kept)?;
        } else if kind.is_file() {
            if !kept.try_add(entry.metadata()?.len() as usize) {
                return Err(io::ErrorKind::QuotaExceeded.into());
            }
            match fs::remove_file(&target) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// The members of `PublishLayerVersion` that the API shows again.
pub(super) fn shown_members(input: &Value) -> Value {
    let names = ["Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"];
    let given = names.into_iter().filter_map(|name| Some((name.to_owned(), input.get(name)?.clone())));
    let mut shown = Value::Object(given.filter(|(_, value)| !wire::says_nothing(value)).collect());
    if shown.get("Description").is_none() {
        shown["Description"] = "".into();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_layers_replace_files_of_earlier_ones() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(one.path().join("bin")).unwrap();
        fs::create_dir_all(other.path().join("bin")).unwrap();
        for (folder, name, content) in
            [(&one, "bin/both", "1"), (&one, "bin/one", "1"), (&other, "bin/both", "2"), (&other, "lib", "2")]
        {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let merged = merge(&[one.path(), other.path()], &mut Kept::default()).unwrap();
        let read = |name: &str| fs::read_to_string(merged.path().join(name)).unwrap();
        assert_eq!((read("bin/both"), read("bin/one"), read("lib")), ("2".into(), "1".into(), "2".into()));
    }

    #[test]
    fn merged_layers_are_deleted_beside_the_worker() {
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            // Blocking work has one thread, which is busy: whatever is deleted meanwhile was deleted by the worker itself.
            let (release, busy) = std::sync::mpsc::channel::<()>();
            let blocked = tokio::task::spawn_blocking(move || busy.recv());
            let merged = Unpacked::new(merge(&[], &mut Kept::default()).unwrap(), Kept::default());
            let layers = FunctionLayers { layers: Vec::new(), merged: Some(Arc::new(merged)) };
            let folder = layers.folder().unwrap();
            drop(layers);
            assert!(folder.exists());
            release.send(()).unwrap();
            blocked.await.unwrap().unwrap();
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            assert!(!folder.exists());
        });
    }

    #[test]
    fn versions_are_found_in_their_arns() {
        let check = |arn: &str, expected: Option<(&str, u64)>| assert_eq!(version_of(arn), expected, "{arn}");
        check("arn:aws:lambda:us-east-1:000000000000:layer:tools:3", Some(("tools", 3)));
        check("arn:aws:lambda:us-east-1:000000000000:layer:tools", None);
        check("arn:aws:lambda:us-east-1:000000000000:function:tools:3", None);
        check("tools:3", None);
    }
}
