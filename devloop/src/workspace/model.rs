//! From cargo's metadata to the model of `graph`.

use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, TargetKind};

use crate::cargo;
use crate::graph::{Package, Workspace};

/// Dependencies that make a package's binaries Lambda functions.
const RUNTIMES: [&str; 2] = ["lambda_runtime", "lambda_http"];

/// Files beside the manifest that decide how everything is built.
const GOVERNING: [&str; 5] =
    ["Cargo.lock", ".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"];

/// The packages on this disk; registry packages never change and are left out.
pub(super) fn workspace(metadata: &Metadata, offline: bool) -> Workspace {
    let root = metadata.workspace_root.clone().into_std_path_buf();
    let packages = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none())
        .map(|package| package_model(package, metadata.workspace_members.contains(&package.id)))
        .collect();
    Workspace {
        governing: governing(&root),
        target_directory: metadata.target_directory.clone().into_std_path_buf(),
        root,
        packages,
        offline,
        outline: false,
    }
}

fn package_model(package: &cargo_metadata::Package, member: bool) -> Package {
    let directory = package.manifest_path.parent().unwrap_or(&package.manifest_path);
    let built_with =
        |dependency: &&cargo_metadata::Dependency| dependency.kind != DependencyKind::Development;
    let serves_lambda = package.dependencies.iter().any(|dependency| {
        dependency.kind == DependencyKind::Normal && RUNTIMES.contains(&dependency.name.as_str())
    });
    let functions = package
        .targets
        .iter()
        .filter(|target| member && serves_lambda && target.kind.contains(&TargetKind::Bin))
        .filter(|target| target.required_features.is_empty())
        .map(|target| target.name.clone())
        .collect();
    Package {
        name: package.name.to_string(),
        directory: directory.as_std_path().to_owned(),
        dependencies: package
            .dependencies
            .iter()
            .filter(built_with)
            .filter_map(|dependency| dependency.path.as_ref())
            .map(|path| path.as_std_path().to_owned())
            .collect(),
        functions,
        roots: package
            .targets
            .iter()
            .filter(|target| target.kind.contains(&TargetKind::Bin))
            .map(|target| target.src_path.as_std_path().to_owned())
            .collect(),
    }
}

/// The root's own files, present or not, and what cargo finds in the directories above.
fn governing(root: &Path) -> Vec<PathBuf> {
    let own = GOVERNING.iter().map(|file| root.join(file));
    let above = root
        .ancestors()
        .skip(1)
        .flat_map(|directory| GOVERNING[1..].iter().map(|file| directory.join(file)))
        .filter(|file| file.is_file());
    own.chain(above).chain(of_the_user()).collect()
}

/// The configuration in cargo's home, if there is one; it holds for every workspace.
fn of_the_user() -> Option<PathBuf> {
    cargo::file_in(&cargo::home()?)
}
