//! Asks whether the toolchain works, and whether it has what the workspace's `rust-toolchain.toml` wants.

use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;

use crate::cargo::{self, Toolchain, refusal, without_backtrace};
use crate::engine::Problem;

/// The versions of cargo and its compiler.
pub(crate) async fn versions(toolchain: &Toolchain, directory: &Path) -> Result<String, Problem> {
    let mut seen = Vec::new();
    for program in [toolchain.cargo.clone(), toolchain.rustc()] {
        let mut command = toolchain.command_of(&program, directory);
        command.arg("--version").stderr(Stdio::piped()).kill_on_drop(true);
        // Rustup would now download the missing toolchain without telling the user.
        command.env("RUSTUP_AUTO_INSTALL", "0");
        let output = command.output().await;
        let (words, hint) = match output {
            Ok(output) if output.status.success() => {
                seen.push(String::from_utf8_lossy(&output.stdout).trim().to_owned());
                continue;
            }
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                match refusal(&said) {
                    Some(refusal) => (refusal.cause, refusal.advice),
                    None => (
                        without_backtrace(&said).to_owned(),
                        "see that `cargo --version` and `rustc --version` work in this directory".to_owned(),
                    ),
                }
            }
            Err(error) => (
                error.to_string(),
                "install Rust from https://rustup.rs, or put cargo and rustc on the PATH".to_owned(),
            ),
        };
        let message = format!("start {}: {words}", program.display());
        return Err(Problem::new("toolchain_missing", message).with_hint(hint));
    }
    Ok(seen.join(", "))
}

/// What a toolchain file wants besides the toolchain [Overrides: the toolchain file, rustup book].
#[derive(Debug, Default, Deserialize)]
struct File {
    #[serde(default)]
    toolchain: Wanted,
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    components: Vec<String>,
}

/// What the toolchain file of the directory wants and the toolchain does not have; `None` where nothing is missing, or where
/// rustup does not answer.
pub(crate) async fn lacks(toolchain: &Toolchain, directory: &Path) -> Option<Problem> {
    let (rustup, name) = toolchain.rustup()?;
    lacks_of(&rustup, name, directory).await
}

async fn lacks_of(rustup: &Path, name: &str, directory: &Path) -> Option<Problem> {
    let shown = ask(rustup, directory, &["show", "active-toolchain", "-v"]).await?;
    // A variable or an override for the directory comes before the file, and the file then counts for nothing.
    let (file, _) = shown.split_once("overridden by '")?.1.split_once('\'')?;
    let File { toolchain: wanted } = toml::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    let list =
        async |kind: &str| ask(rustup, directory, &[kind, "list", "--installed", "--toolchain", name]).await;
    let mut missing = Vec::new();
    if !wanted.targets.is_empty() {
        let installed = list("target").await?;
        missing
            .extend(absent("target", &wanted.targets, |target| installed.lines().any(|line| line == target)));
    }
    if !wanted.components.is_empty() {
        let installed = list("component").await?;
        missing.extend(absent("component", &wanted.components, |component| {
            installed.lines().any(|line| is_component(line, component, name))
        }));
    }
    if missing.is_empty() {
        return None;
    }
    let what: Vec<String> = missing.iter().map(|(kind, names)| format!("the {kind} {names}")).collect();
    let steps: Vec<String> = missing
        .iter()
        .map(|(kind, names)| format!("`rustup {kind} add --toolchain {name} {names}`"))
        .collect();
    let message = format!("{file} asks for what the toolchain {name} does not have: {}", what.join(" and "));
    Some(Problem::new("toolchain_incomplete", message).with_hint(format!("run {}", steps.join(" and "))))
}

/// The names that are not there, joined by spaces.
fn absent(
    kind: &'static str,
    wanted: &[String],
    is_there: impl Fn(&str) -> bool,
) -> Option<(&'static str, String)> {
    let names: Vec<&str> = wanted.iter().map(String::as_str).filter(|name| !is_there(name)).collect();
    (!names.is_empty()).then(|| (kind, names.join(" ")))
}

/// Whether a line of the installed components names this one. The line may end with the machine for which it is, as the
/// toolchain's name does; names of components once ended with `-preview`, and rustup still takes that.
fn is_component(line: &str, component: &str, toolchain: &str) -> bool {
    let component = component.strip_suffix("-preview").unwrap_or(component);
    line.strip_prefix(component)
        .map(|rest| rest.strip_prefix("-preview").unwrap_or(rest))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-') && toolchain.ends_with(rest))
}

/// What rustup answers; it downloads nothing.
async fn ask(rustup: &Path, directory: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = cargo::command(rustup, directory);
    command.args(arguments).env("RUSTUP_AUTO_INSTALL", "0");
    command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{is_component, lacks_of};

    #[tokio::test]
    async fn what_the_toolchain_file_wants_and_nobody_installed_is_a_problem() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("rust-toolchain.toml");
        let rustup = home.path().join("rustup");
        // A stand-in for rustup, so that the test depends on nothing that is installed.
        let script = format!(
            "#!/bin/sh\n[ \"$RUSTUP_AUTO_INSTALL\" = 0 ] || exit 1\n\
             case \"$*\" in\n\
             'show active-toolchain -v') echo \"s-host\"; echo \"active because: overridden by '{}'\";;\n\
             'target list --installed --toolchain s-host') echo host;;\n\
             'component list --installed --toolchain s-host') printf 'clippy-host\\nrust-src\\n';;\n\
             *) exit 1;;\nesac\n",
            file.display()
        );
        std::fs::write(&rustup, script).unwrap();
        std::fs::set_permissions(&rustup, PermissionsExt::from_mode(0o755)).unwrap();
        let check = async |wanted: &str, expected: Option<(&str, &str)>| {
            std::fs::write(&file, format!("[toolchain]\n{wanted}\n")).unwrap();
            let problem = lacks_of(&rustup, "s-host", home.path()).await;
            let found = problem.as_ref().map(|problem| {
                let (_, what) = problem.message.rsplit_once(": ").unwrap();
                (what, problem.hint.as_deref().unwrap())
            });
            assert_eq!(found, expected, "{wanted}");
        };
        check("channel = \"s\"", None).await;
        check("targets = [\"host\"]\ncomponents = [\"clippy\", \"rust-src\"]", None).await;
        check(
            "targets = [\"host\", \"aarch64-unknown-linux-musl\"]",
            Some((
                "the target aarch64-unknown-linux-musl",
                "run `rustup target add --toolchain s-host aarch64-unknown-linux-musl`",
            )),
        )
        .await;
        check(
            "targets = [\"far\"]\ncomponents = [\"miri\", \"clippy\", \"rustfmt\"]",
            Some((
                "the target far and the component miri rustfmt",
                "run `rustup target add --toolchain s-host far` and `rustup component add --toolchain s-host miri rustfmt`",
            )),
        )
        .await;
    }

    #[test]
    fn a_component_is_listed_with_or_without_its_machine() {
        let check = |line: &str, component: &str, expected: bool| {
            assert_eq!(is_component(line, component, "stable-x86_64-unknown-linux-gnu"), expected, "{line}");
        };
        check("clippy-x86_64-unknown-linux-gnu", "clippy", true);
        check("rust-src", "rust-src", true);
        check("llvm-tools-x86_64-unknown-linux-gnu", "llvm-tools-preview", true);
        check("rust-std-aarch64-unknown-linux-musl", "rust-std", false);
        check("rustc-x86_64-unknown-linux-gnu", "rust", false);
    }
}
