//! Runs the CDK stack's own tests with the Rust ones, and cfn-lint on the committed templates.

use std::path::{Path, PathBuf};

fn stack() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../stack")
}

#[test]
fn the_stacks_own_tests_pass() {
    let stack = stack();
    if !stack.join("node_modules").is_dir() {
        test_tools::not_run("the packages of stack/package-lock.json");
    }
    let tested = test_tools::command("npm").arg("test").current_dir(&stack).output().unwrap();
    let [said, errors] = [&tested.stdout, &tested.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(tested.status.success(), "npm test in stack/ failed:\n{said}{errors}");
}

/// Rules that are switched off are in `.cfnlintrc`, with the reason.
#[test]
fn cfn_lint_finds_nothing_in_the_committed_templates() {
    let checked = test_tools::command("cfn-lint").current_dir(stack()).output().unwrap();
    let [said, errors] = [&checked.stdout, &checked.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(checked.status.success(), "cfn-lint in stack/:\n{said}{errors}");
}
