//! Turns cargo's metadata into the model of `graph`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{DependencyKind, Metadata, TargetKind};

use crate::cargo;
use crate::graph::{Package, Workspace};

/// Dependencies that make a package's binaries Lambda functions.
const RUNTIMES: [&str; 5] = ["axum-aws-lambda", "lambda-web", "lambda_http", "lambda_runtime", "poem-lambda"];

/// Files beside the manifest that decide how everything is built.
const GOVERNING: [&str; 5] =
    ["Cargo.lock", ".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"];

/// The model of the packages on this disk. Registry packages never change and are left out.
pub(super) fn workspace(metadata: &Metadata, offline: bool) -> Workspace {
    let root = metadata.workspace_root.clone().into_std_path_buf();
    let reaching = reaching(metadata);
    let packages = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none())
        .map(|package| {
            let serves = metadata.workspace_members.contains(&package.id)
                && reaching.contains(package.manifest_path.as_path());
            package_model(package, serves)
        })
        .collect();
    let mut workspace = Workspace {
        governing: governing(&root),
        target_directory: metadata.target_directory.clone().into_std_path_buf(),
        root,
        packages,
        offline,
        outline: false,
    };
    workspace.tell_apart();
    workspace
}

/// The manifests of the packages that depend on a Lambda runtime, themselves or through other packages on this disk.
fn reaching(metadata: &Metadata) -> BTreeSet<&Utf8Path> {
    let used = |package: &'_ cargo_metadata::Package| -> Vec<(String, Option<Utf8PathBuf>)> {
        let normal = package.dependencies.iter().filter(|it| it.kind == DependencyKind::Normal);
        normal.map(|it| (it.name.clone(), it.path.as_ref().map(|path| path.join("Cargo.toml")))).collect()
    };
    let mut found: BTreeSet<&Utf8Path> = BTreeSet::new();
    loop {
        let before = found.len();
        for package in metadata.packages.iter().filter(|package| package.source.is_none()) {
            let reaches = used(package).into_iter().any(|(name, manifest)| {
                RUNTIMES.contains(&name.as_str())
                    || manifest.is_some_and(|manifest| found.contains(manifest.as_path()))
            });
            if reaches {
                found.insert(&package.manifest_path);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// `serves` says whether the package's binaries are functions.
fn package_model(package: &cargo_metadata::Package, serves: bool) -> Package {
    let directory = package.manifest_path.parent().unwrap_or(&package.manifest_path);
    let built_with =
        |dependency: &&cargo_metadata::Dependency| dependency.kind != DependencyKind::Development;
    let functions =
        || package.targets.iter().filter(|target| serves && target.kind.contains(&TargetKind::Bin));
    let features: BTreeSet<&String> = functions().flat_map(|target| &target.required_features).collect();
    Package {
        name: package.name.to_string(),
        spec: spec(package),
        directory: directory.as_std_path().to_owned(),
        dependencies: package
            .dependencies
            .iter()
            .filter(built_with)
            .filter_map(|dependency| dependency.path.as_ref())
            .map(|path| path.as_std_path().to_owned())
            .collect(),
        functions: functions().map(|target| target.name.clone()).collect(),
        renamed: BTreeMap::new(),
        features: features.into_iter().cloned().collect(),
        roots: package
            .targets
            .iter()
            .filter(|target| target.kind.contains(&TargetKind::Bin))
            .map(|target| target.src_path.as_std_path().to_owned())
            .collect(),
    }
}

/// The package's id, which holds where a dependency has the package's name too. Cargos before 1.77 do not read ids, and every cargo takes
/// a text with these characters for a pattern: then the name has to do.
fn spec(package: &cargo_metadata::Package) -> String {
    let id = &package.id.repr;
    let is_read = id.starts_with("path+file://") && !id.contains(['*', '?', '[', ']']);
    if is_read { id.clone() } else { package.name.to_string() }
}

/// The files that govern every build: the root's own, present or not, and those that cargo finds in the directories above.
fn governing(root: &Path) -> Vec<PathBuf> {
    let own = GOVERNING.iter().map(|file| root.join(file));
    let above = root
        .ancestors()
        .skip(1)
        .flat_map(|directory| GOVERNING[1..].iter().map(|file| directory.join(file)))
        .filter(|file| file.is_file());
    own.chain(above).chain(of_the_user()).collect()
}

/// The configuration in cargo's home, if there is one; it applies to every workspace.
fn of_the_user() -> Option<PathBuf> {
    cargo::file_in(&cargo::home()?)
}
