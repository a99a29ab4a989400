//! The workspace, reduced to what the edit loop needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Packages on this disk and the edges between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Workspace {
    /// The directory of the root manifest.
    pub(crate) root: PathBuf,
    /// Cargo's output directory.
    pub(crate) target_directory: PathBuf,
    /// Files outside of packages that decide how everything is built: the lock, cargo's configuration, the toolchain.
    pub(crate) governing: Vec<PathBuf>,
    /// Workspace members and path dependencies.
    pub(crate) packages: Vec<Package>,
    /// Everything in the lock file is on disk, so cargo needs no network.
    pub(crate) offline: bool,
    /// Only the members are known, and `offline` is not set. That is enough to serve functions, not to build them.
    pub(crate) outline: bool,
}

/// A package on this disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// Unique among the members of a workspace; a dependency from elsewhere may have the same name.
    pub(crate) name: String,
    /// What cargo is told to name this package and no other one [Package ID Specifications, The Cargo Book].
    pub(crate) spec: String,
    /// Its directory.
    pub(crate) directory: PathBuf,
    /// The directories of the local packages it is compiled with; those that only its tests use are left out.
    pub(crate) dependencies: Vec<PathBuf>,
    /// The names of its functions; empty unless it depends on a Lambda runtime.
    pub(crate) functions: Vec<String>,
    /// The binary of each function whose binary's name occurs in another package too, by the function's name.
    pub(crate) renamed: BTreeMap<String, String>,
    /// The features that its functions' binaries require.
    pub(crate) features: Vec<String>,
    /// The first source file of each of its binaries, functions or not.
    pub(crate) roots: Vec<PathBuf>,
}

impl Workspace {
    /// Every function's name, in order.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &str> {
        let names: BTreeSet<&str> =
            self.packages.iter().flat_map(|package| &package.functions).map(String::as_str).collect();
        names.into_iter()
    }

    /// Gives functions different names when binaries of several packages have the same name: the package's name, or package and
    /// binary where that is taken.
    pub(crate) fn tell_apart(&mut self) {
        let shared: BTreeSet<String> = self.ambiguous().into_keys().map(str::to_owned).collect();
        let mut taken: BTreeSet<String> =
            self.functions().filter(|name| !shared.contains(*name)).map(str::to_owned).collect();
        for package in &mut self.packages {
            for function in &mut package.functions {
                if !shared.contains(function) {
                    continue;
                }
                let binary = function.clone();
                *function = if taken.insert(package.name.clone()) {
                    package.name.clone()
                } else {
                    format!("{}-{binary}", package.name)
                };
                taken.insert(function.clone());
                package.renamed.insert(function.clone(), binary);
            }
        }
    }

    /// What cargo calls a function: its package and its binary.
    pub(crate) fn binary_of(&self, function: &str) -> Option<(&str, &str)> {
        let package = self.package_of(function)?;
        let name = package.functions.iter().find(|name| *name == function)?;
        Some((package.name.as_str(), package.renamed.get(name).unwrap_or(name).as_str()))
    }

    /// Functions whose binaries cannot be built in one run, because cargo writes them to the same file; each with its package and
    /// binary.
    pub(crate) fn apart(&self) -> BTreeMap<String, (String, String)> {
        self.packages
            .iter()
            .flat_map(|package| package.renamed.iter().map(move |it| (package, it)))
            .map(|(package, (function, binary))| (function.clone(), (package.name.clone(), binary.clone())))
            .collect()
    }

    /// The features that functions' binaries require, as `package/feature`.
    pub(crate) fn required_features(&self) -> Vec<String> {
        self.packages
            .iter()
            .flat_map(|package| package.features.iter().map(move |it| format!("{}/{it}", package.name)))
            .collect()
    }

    /// Names that more than one package gives to a function, with those packages.
    pub(crate) fn ambiguous(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for package in &self.packages {
            for function in &package.functions {
                owners.entry(function).or_default().push(&package.name);
            }
        }
        owners.retain(|_, packages| packages.len() > 1);
        owners
    }

    /// The packages that hold functions.
    pub(crate) fn function_packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| !package.functions.is_empty())
    }

    /// The package whose binary the function is.
    pub(crate) fn package_of(&self, function: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.functions.iter().any(|name| name == function))
    }

    /// The innermost package that holds the path.
    pub(crate) fn package_at(&self, path: &Path) -> Option<&Package> {
        self.packages
            .iter()
            .filter(|package| path.starts_with(&package.directory))
            .max_by_key(|package| package.directory.components().count())
    }

    /// The directories of every package that the function is compiled from, its own among them.
    pub(crate) fn sources(&self, function: &str) -> BTreeSet<&Path> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&Package> = self.package_of(function).into_iter().collect();
        while let Some(package) = open.pop() {
            if found.insert(package.directory.as_path()) {
                let next = package.dependencies.iter().filter_map(|directory| self.package_in(directory));
                open.extend(next);
            }
        }
        found
    }

    fn package_in(&self, directory: &Path) -> Option<&Package> {
        self.packages.iter().find(|package| package.directory == directory)
    }

    /// The root manifest and the other files that concern every function.
    pub(crate) fn governs_everything(&self, path: &Path) -> bool {
        path == self.root.join("Cargo.toml") || self.governing.iter().any(|file| file == path)
    }
}
