//! The CDK stack's own tests, run with the Rust ones.

use std::path::Path;

#[test]
fn the_stacks_own_tests_pass() {
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stack");
    if !stack.join("node_modules").is_dir() {
        test_tools::not_run("the packages of stack/package-lock.json");
    }
    let tested = test_tools::command("npm").arg("test").current_dir(&stack).output().unwrap();
    let [said, errors] = [&tested.stdout, &tested.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(tested.status.success(), "npm test in stack/ failed:\n{said}{errors}");
}
