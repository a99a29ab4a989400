//! Tables: a changed path and the functions it concerns.

use std::path::{Path, PathBuf};

use crate::graph::{Inputs, Package, Read, Workspace, affected, changes_model, is_mere_source};

fn package(name: &str, dependencies: &[&str], functions: &[&str]) -> Package {
    Package {
        name: name.to_owned(),
        spec: name.to_owned(),
        directory: Path::new("/w").join(name),
        dependencies: dependencies.iter().map(|name| Path::new("/w").join(name)).collect(),
        functions: functions.iter().map(|&name| name.to_owned()).collect(),
        renamed: [].into(),
        features: vec![],
        roots: match functions {
            [] => vec![],
            [_] => vec![Path::new("/w").join(name).join("src/main.rs")],
            more => {
                more.iter().map(|bin| Path::new("/w").join(name).join(format!("src/bin/{bin}.rs"))).collect()
            }
        },
    }
}

/// `up` and `mid` share `model`, which is made by `codegen`; `many` holds two binaries and stands alone.
fn workspace() -> Workspace {
    Workspace {
        root: PathBuf::from("/w"),
        target_directory: PathBuf::from("/w/target"),
        governing: ["Cargo.lock", ".cargo/config.toml", "rust-toolchain.toml"]
            .iter()
            .map(|file| Path::new("/w").join(file))
            .collect(),
        packages: vec![
            package("codegen", &[], &[]),
            package("model", &["codegen"], &[]),
            package("up", &["model"], &["up"]),
            package("mid", &["model"], &["mid"]),
            package("many", &[], &["one", "two"]),
            package("tool", &[], &[]),
        ],
        offline: true,
        outline: false,
    }
}

fn inputs(known: &[(&str, &[&str])]) -> Inputs {
    known
        .iter()
        .map(|(function, files)| {
            let (directories, files): (Vec<_>, Vec<_>) = files.iter().partition(|path| path.ends_with('/'));
            let below =
                |paths: Vec<&&str>| paths.into_iter().map(|path| Path::new("/w").join(path)).collect();
            ((*function).to_owned(), Read { files: below(files), directories: below(directories) })
        })
        .collect()
}

/// Compares `function: reason` lines.
fn check(known: &[(&str, &[&str])], changed: &[&str], expected: &[&str]) {
    let workspace = workspace();
    let paths: Vec<PathBuf> = changed.iter().map(|path| Path::new("/w").join(path)).collect();
    let found: Vec<String> = affected(&workspace, workspace.functions(), &inputs(known), &paths)
        .iter()
        .map(|(function, reason)| format!("{function}: {reason}"))
        .collect();
    assert_eq!(found, expected, "changed {changed:?}");
}

#[test]
fn a_leaf_edit_concerns_its_function_only() {
    check(&[], &["up/src/main.rs"], &["up: src/main.rs"]);
}

#[test]
fn a_shared_edit_concerns_exactly_its_dependents() {
    let because = "path dependency model, src/lib.rs";
    check(&[], &["model/src/lib.rs"], &[&format!("mid: {because}"), &format!("up: {because}")]);
}

#[test]
fn a_dependency_of_a_dependency_counts() {
    let because = "path dependency codegen, src/lib.rs";
    check(&[], &["codegen/src/lib.rs"], &[&format!("mid: {because}"), &format!("up: {because}")]);
}

#[test]
fn what_no_function_uses_concerns_none() {
    check(&[], &["tool/src/main.rs", "tool/Cargo.toml", "stack/app.ts", "notes.txt"], &[]);
}

#[test]
fn documents_tests_examples_and_benches_concern_none() {
    check(
        &[],
        &["up/README.md", "README.md", "up/tests/it.rs", "up/examples/a.rs", "model/benches/b.rs", "up/.env"],
        &[],
    );
}

#[test]
fn a_manifest_concerns_what_it_governs() {
    check(&[], &["up/Cargo.toml"], &["up: Cargo.toml"]);
    let because = "path dependency model, Cargo.toml";
    check(&[], &["model/Cargo.toml"], &[&format!("mid: {because}"), &format!("up: {because}")]);
}

#[test]
fn workspace_files_concern_everything() {
    for file in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "rust-toolchain.toml"] {
        let all = ["mid", "one", "two", "up"].map(|function| format!("{function}: workspace file {file}"));
        check(&[], &[file], &all.each_ref().map(String::as_str));
    }
}

#[test]
fn an_unknown_binary_of_a_package_concerns_all_its_binaries() {
    check(&[], &["many/src/bin/one.rs"], &["one: src/bin/one.rs", "two: src/bin/one.rs"]);
}

#[test]
fn exact_inputs_tell_the_binaries_of_a_package_apart() {
    let known: &[(&str, &[&str])] = &[
        ("one", &["many/src/bin/one.rs", "many/src/lib.rs"]),
        ("two", &["many/src/bin/two.rs", "many/src/lib.rs"]),
    ];
    check(known, &["many/src/bin/one.rs"], &["one: src/bin/one.rs"]);
    check(known, &["many/src/lib.rs"], &["one: src/lib.rs", "two: src/lib.rs"]);
    check(known, &["many/src/new.rs"], &["one: src/new.rs", "two: src/new.rs"]);
}

#[test]
fn an_included_file_outside_of_packages_is_an_input() {
    check(&[("up", &["schema.json"])], &["schema.json"], &["up: build input schema.json"]);
}

#[test]
fn an_included_document_is_an_input() {
    check(&[("up", &["up/README.md"])], &["up/README.md"], &["up: README.md"]);
}

#[test]
fn a_function_whose_inputs_are_unknown_is_concerned_even_if_another_function_read_the_file() {
    check(
        &[("one", &["many/src/shared.rs"])],
        &["many/src/shared.rs"],
        &["one: src/shared.rs", "two: src/shared.rs"],
    );
}

#[test]
fn a_new_binary_concerns_no_function_that_is_known_not_to_read_it() {
    let known: &[(&str, &[&str])] = &[("one", &["many/src/bin/one.rs"])];
    check(known, &["many/src/bin/three.rs"], &["two: src/bin/three.rs"]);
    let known: &[(&str, &[&str])] = &[("one", &["many/src/bin/one.rs"]), ("two", &["many/src/bin/two.rs"])];
    check(known, &["many/src/bin/three.rs", "many/src/bin/four/main.rs", "many/src/main.rs"], &[]);
    check(known, &["many/src/bin/four/part.rs"], &["one: src/bin/four/part.rs", "two: src/bin/four/part.rs"]);
}

#[test]
fn a_directory_that_a_build_script_reads_counts_with_what_appears_in_it() {
    let known: &[(&str, &[&str])] = &[("up", &["up/src/main.rs", "schemas/"])];
    check(known, &["schemas/new.json"], &["up: build input schemas/new.json"]);
    check(known, &["schemas"], &["up: build input schemas"]);
    check(known, &["schemas.json"], &[]);
}

#[test]
fn a_binary_that_appears_or_vanishes_changes_the_model() {
    fn changes(path: &str, gone: bool, expected: bool) {
        let path = Path::new("/w").join(path);
        let gone = if gone { vec![path.clone()] } else { vec![] };
        assert_eq!(
            changes_model(&workspace(), std::slice::from_ref(&path), &gone),
            expected,
            "{path:?} {gone:?}"
        );
    }
    changes("many/src/bin/three.rs", false, true);
    changes("many/src/bin/four/main.rs", false, true);
    changes("model/src/main.rs", false, true);
    changes("many/src/bin/one.rs", false, false);
    changes("many/src/bin/one/part.rs", false, false);
    changes("up/src/main.rs", false, false);
    changes("up/examples/main.rs", false, false);
    changes("many/src/bin/one.rs", true, true);
    changes("many/src/bin", true, true);
    changes("many", true, true);
    changes("many/src/bin/three.rs", true, false);
    changes("many/src/lib.rs", true, false);
}

#[test]
fn manifests_change_the_model() {
    let changes = |path: &str| changes_model(&workspace(), &[Path::new("/w").join(path)], &[]);
    assert!(changes("Cargo.toml"));
    assert!(changes("up/Cargo.toml"));
    assert!(changes("Cargo.lock"));
    assert!(changes("rust-toolchain.toml"), "another cargo may see another workspace");
    assert!(!changes(".cargo/config.toml"));
    assert!(!changes("up/Cargo.lock"));
    assert!(!changes("up/src/main.rs"));
}

#[test]
fn cargo_does_not_look_for_an_ordinary_source_before_it_compiles() {
    let mere = |path: &str| is_mere_source(&workspace(), &Path::new("/w").join(path));
    for path in ["up/src/part.rs", "up/src/a/main.rs", "model/src/4913", "up/tests/all.rs", "up/README.md"] {
        assert!(mere(path), "{path}");
    }
    for path in [
        "up/src/main.rs",
        "model/src/lib.rs",
        "many/src/bin/one.rs",
        "many/src/bin",
        "up/src",
        "up",
        "up/build.rs",
        "up/schema.json",
        "up/Cargo.toml",
        "up/examples/inner/Cargo.toml",
        "Cargo.lock",
        ".cargo/config.toml",
        "elsewhere/src/part.rs",
    ] {
        assert!(!mere(path), "{path}");
    }
}

#[test]
fn a_function_name_in_two_packages_is_ambiguous() {
    let mut workspace = workspace();
    workspace.packages.push(package("other", &[], &["one"]));
    assert_eq!(workspace.ambiguous().into_iter().collect::<Vec<_>>(), [("one", vec!["many", "other"])]);
}

#[test]
fn functions_of_one_name_are_told_apart_by_their_packages() {
    let mut workspace = workspace();
    workspace.packages.push(package("a", &[], &["bootstrap"]));
    workspace.packages.push(package("b", &[], &["bootstrap"]));
    workspace.packages.push(package("other", &[], &["one", "other"]));
    workspace.tell_apart();
    let functions: Vec<&str> = workspace.functions().collect();
    assert_eq!(functions, ["a", "b", "many", "mid", "other", "other-one", "two", "up"]);
    assert_eq!(workspace.binary_of("a"), Some(("a", "bootstrap")));
    assert_eq!(workspace.binary_of("other-one"), Some(("other", "one")));
    assert_eq!(workspace.binary_of("up"), Some(("up", "up")));
    assert!(workspace.ambiguous().is_empty());
    assert_eq!(workspace.apart()["many"], ("many".to_owned(), "one".to_owned()));
}
