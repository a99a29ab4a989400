//! Manifests, inputs, and functions that come and go.

use super::*;

#[test]
fn a_manifest_edit_reads_the_workspace_first() {
    let reading = Session::live().check(vec![saved(&["up/Cargo.toml"])], &["read 2"]);
    let mut changed = workspace();
    changed.packages[2].dependencies.clear();
    reading
        .check(vec![read(2, Ok(changed))], &["tell build 2: up for Cargo.toml", "build 2 mid+up of up+mid"])
        .check(
            vec![built(2, &["=mid", "up"], None), swapped(2, "up", "up2"), live(2, "up")],
            &["tell live 2 up up2"],
        );
}

#[test]
fn a_new_path_dependency_is_watched() {
    let mut grown = workspace();
    grown.packages.push(package("extra", &[], &[]));
    grown.packages[1].dependencies.push("/w/extra".into());
    Session::live().check(
        vec![saved(&["up/Cargo.toml"]), read(2, Ok(grown))],
        &[
            "watch extra+mid+model+up and Cargo.lock+Cargo.toml",
            "tell build 2: up for Cargo.toml",
            "build 2 mid+up of up+mid",
        ],
    );
}

#[test]
fn a_broken_manifest_is_a_failed_build() {
    Session::live()
        .check(
            vec![saved(&["up/Cargo.toml"]), read(2, Err("bad TOML"))],
            &["tell failed 2 up, 0 diagnostics, bad TOML"],
        )
        .function("up", "failed 2, up1 serves")
        .check(vec![saved(&["up/Cargo.toml"])], &["read 3"]);
}

#[test]
fn the_lock_file_that_cargo_writes_after_a_manifest_edit_is_no_second_save() {
    Session::live()
        .check(vec![saved(&["up/Cargo.toml"]), saved(&["Cargo.lock"])], &[])
        .check(vec![read(2, Ok(workspace())), saved(&["Cargo.lock"])], &[])
        .check(vec![built(2, &["up"], None)], &["swap 2 up unless up1"]);
    Session::live().check(vec![saved(&["Cargo.lock"])], &["read 2"]);
}

#[test]
fn inputs_outside_of_packages_are_watched_from_the_first_build_on() {
    let read = ["/w/schema.json".into(), "/w/target/out.rs".into()].into_iter().collect();
    Session::new()
        .slow()
        .check(
            vec![ready(), built(1, &["up"], Some("mid fails"))],
            &["swap 1 up", "tell failed 1 mid, 0 diagnostics, mid fails"],
        )
        .check(
            vec![inputs_read(1, [("up", Some(read))])],
            &["watch mid+model+up and Cargo.lock+Cargo.toml+schema.json"],
        )
        .check(
            vec![swapped(1, "up", "up1"), live(1, "up"), saved(&["schema.json"])],
            &[
                "tell build 2: mid for failed before; up for build input schema.json",
                "build 2 mid+up of up+mid",
            ],
        );
}

/// A live session that has every function, with what the workspace is after the change.
fn following() -> Session {
    let mut session = Session::live();
    session.state.following = Some(Following::default());
    session
}

fn with(functions: &[&str]) -> Workspace {
    let mut packages = vec![package("model", &[], &[])];
    packages.extend(functions.iter().map(|name| package(name, &["model"], &[name])));
    Workspace { packages, ..workspace() }
}

#[test]
fn a_new_function_is_taken_in_and_built() {
    following()
        .check(vec![saved(&["new/Cargo.toml"])], &["read 2"])
        .check(
            vec![read(2, Ok(with(&["mid", "new", "up"])))],
            &[
                "adopt new",
                "watch .+mid+model+new+up and Cargo.lock+Cargo.toml",
                "tell build 2: new for new function",
                "build 2 mid+new+up of mid+new+up",
            ],
        )
        .function("new", "building 2, nothing serves")
        .function("up", "live up1")
        .check(
            vec![Fact::Adopted { function: "new".to_owned(), url: "http://e/new".to_owned() }],
            &["tell added new http://e/new"],
        );
}

#[test]
fn a_session_for_some_functions_takes_no_other_in() {
    Session::live().check(vec![saved(&["new/Cargo.toml"])], &[]);
    Session::live().check(vec![saved(&["up/Cargo.toml"])], &["read 2"]).check(
        vec![read(2, Ok(with(&["mid", "new", "up"])))],
        &["tell build 2: up for Cargo.toml", "build 2 mid+up of mid+new+up"],
    );
}

#[test]
fn a_deleted_function_is_named_and_built_no_more() {
    let session = Session::live()
        .check(vec![deleted(&["up/src/main.rs"])], &["read 2"])
        .check(
            vec![read(2, Ok(with(&["mid"])))],
            &["dismiss up, up1 serves", "watch mid+model and Cargo.lock+Cargo.toml"],
        )
        .check(
            vec![Fact::Dismissed { function: "up".to_owned(), removed: true, serving: None }],
            &["tell gone up, removed"],
        )
        .check(
            vec![saved(&["mid/src/main.rs"])],
            &["tell build 3: mid for src/main.rs", "build 3 mid of mid"],
        );
    assert!(!session.state.functions.contains_key("up"));
}

#[test]
fn a_renamed_function_is_a_deleted_and_a_new_one() {
    following().check(vec![deleted(&["up/src/main.rs"])], &["read 2"]).check(
        vec![read(2, Ok(with(&["down", "mid"])))],
        &[
            "dismiss up, up1 serves",
            "adopt down",
            "watch .+down+mid+model and Cargo.lock+Cargo.toml",
            "tell build 2: down for new function",
            "build 2 down+mid of down+mid",
        ],
    );
}

#[test]
fn a_manifest_that_changes_nothing_for_the_functions_builds_nothing() {
    following()
        .check(
            vec![saved(&["tool/Cargo.toml"]), read(2, Ok(workspace()))],
            &["watch .+mid+model+up and Cargo.lock+Cargo.toml"],
        )
        .check(
            vec![saved(&["up/src/main.rs"])],
            &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
        );
}

#[test]
fn a_directory_that_a_build_reads_is_watched() {
    let mut read = sources("up");
    read.directories = ["/w/schemas".into(), "/w/target/out".into()].into();
    Session::live()
        .slow()
        .check(vec![saved(&["up/src/main.rs"]), built(2, &["=mid", "up"], None)], &["swap 2 up unless up1"])
        .check(
            vec![inputs_read(2, [("up", Some(read))])],
            &["watch mid+model+schemas+up and Cargo.lock+Cargo.toml"],
        )
        .check(vec![unchanged(2, "up", "up1")], &["tell unchanged 2 up"])
        .check(
            vec![saved(&["schemas/new.json"])],
            &["tell build 3: up for build input schemas/new.json", "build 3 mid+up of up+mid"],
        );
}
