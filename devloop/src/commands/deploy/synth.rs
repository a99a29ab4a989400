//! Runs the CDK app, as its own command line would: variables tell it the context and the folder for its output.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::app::{App, read_object};
use super::cdk::Surroundings;
use super::placeholders::Place;
use crate::error::UserError;

/// The largest context in a variable, in bytes; a larger one is handed over in a file. Linux allows 128 KiB for a variable.
const LARGEST: usize = 100 << 10;

/// Where nothing else is said, the app writes into this folder.
const OUTPUT: &str = "cdk.out";

/// Runs the app; gives back the folder with its cloud assembly.
pub(super) async fn synthesise(
    app: &App,
    typed: &[(String, String)],
    place: Place<'_>,
    surroundings: &Surroundings,
) -> Result<PathBuf, UserError> {
    let user = match std::env::var_os("HOME") {
        Some(home) => read_object(&Path::new(&home).join(".cdk.json"))?,
        None => Map::new(),
    };
    let kept = read_object(&app.folder.join("cdk.context.json"))?;
    let settings = Settings { user: &user.into(), app: &app.settings };
    let Some(line) = settings.command_line() else {
        let message = format!("run the CDK app: {} has no `app`", app.folder.join("cdk.json").display());
        return Err(UserError::usage("no_cdk_app", message)
            .with_hint("`app` is the command that runs it, such as `node app.js`"));
    };
    // A folder is an assembly that was written before.
    if app.folder.join(&line).is_dir() {
        return Ok(app.folder.join(line));
    }
    let output = app.folder.join(settings.get("output").and_then(Value::as_str).unwrap_or(OUTPUT));
    let unwritable = |error: std::io::Error| {
        UserError::failure("cdk_output", format!("write {}: {error}", output.display()))
    };
    std::fs::create_dir_all(&output).map_err(unwritable)?;
    let mut command = Command::new("sh");
    // The line is written for a shell, by the app's author.
    command.arg("-c").arg(line_for_shell(&app.folder, &line)).current_dir(&app.folder).kill_on_drop(true);
    surroundings.give(&mut command);
    command.env("CDK_OUTDIR", &output);
    command.env("CDK_DEFAULT_ACCOUNT", place.account).env("CDK_DEFAULT_REGION", place.region);
    let context = Value::from(settings.context(kept, typed)).to_string();
    // The file is there as long as the app runs.
    let mut overflow = None;
    if context.len() > LARGEST {
        let file = tempfile::NamedTempFile::new().map_err(unwritable)?;
        std::fs::write(file.path(), context).map_err(unwritable)?;
        command.env("CDK_CONTEXT_JSON", "{}").env("CONTEXT_OVERFLOW_LOCATION_ENV", file.path());
        overflow = Some(file);
    } else {
        command.env("CDK_CONTEXT_JSON", context).env_remove("CONTEXT_OVERFLOW_LOCATION_ENV");
    }
    // What the app prints is for people; the standard output is for templates.
    command.stdin(Stdio::null()).stdout(Stdio::from(std::io::stderr()));
    let status = command.status().await;
    drop(overflow);
    let status = status
        .map_err(|error| UserError::failure("cdk_app_failed", format!("run the CDK app with sh: {error}")))?;
    if status.success() {
        return Ok(output);
    }
    let how = match status.code() {
        Some(code) => format!("ended with the exit code {code}"),
        None => format!("was ended: {status}"),
    };
    let error = UserError::failure("cdk_app_failed", format!("run the CDK app: `{line}` {how}"));
    Err(match next_step(&app.folder, status.code()) {
        Some(hint) => error.with_hint(hint),
        None => error,
    })
}

/// What may help an app that failed.
fn next_step(folder: &Path, code: Option<i32>) -> Option<String> {
    if folder.join("package.json").is_file() && !folder.join("node_modules").is_dir() {
        return Some(format!("run `npm ci` in {}", folder.display()));
    }
    // The shell's exit code for a program that it did not find.
    (code == Some(127))
        .then(|| "install the program that it names; Node 20 or newer runs apps in JavaScript".to_owned())
}

/// The line; with `node` before a script that nobody made executable.
fn line_for_shell(folder: &Path, line: &str) -> String {
    let first = line.split_whitespace().next().unwrap_or_default();
    let script = [line, first].into_iter().find(|file| {
        let path = folder.join(file);
        path.extension().is_some_and(|end| end == "js") && path.is_file() && !is_executable(&path)
    });
    if script.is_some() { format!("node {line}") } else { line.to_owned() }
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

/// The settings of the user's `~/.cdk.json` and the app's `cdk.json`, whose entries count first.
struct Settings<'a> {
    user: &'a Value,
    app: &'a Value,
}

impl Settings<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.app.get(name).or_else(|| self.user.get(name))
    }

    /// The command that runs the app: a text, or a list of its words.
    fn command_line(&self) -> Option<String> {
        let line = match self.get("app")? {
            Value::String(line) => line.clone(),
            Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
            _ => return None,
        };
        (!line.trim().is_empty()).then_some(line)
    }

    /// The context that the app gets: what was typed comes first, then `cdk.json`, `cdk.context.json` and the user's own file [Context
    /// values and the AWS CDK, AWS CDK Developer Guide]; and the settings that the CDK's library reads from it.
    fn context(&self, kept: Map<String, Value>, typed: &[(String, String)]) -> Map<String, Value> {
        let section = |settings: &Value| settings["context"].as_object().cloned().unwrap_or_default();
        let mut context = section(self.user);
        context.extend(kept);
        context.extend(section(self.app));
        context.extend(typed.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
        let is_on = |name: &str| self.get(name) != Some(&Value::Bool(false));
        for (setting, key) in [
            ("pathMetadata", "aws:cdk:enable-path-metadata"),
            ("assetMetadata", "aws:cdk:enable-asset-metadata"),
            ("versionReporting", "aws:cdk:version-reporting"),
        ] {
            if is_on(setting) {
                context.insert(key.to_owned(), true.into());
            }
        }
        if !is_on("versionReporting") {
            context.insert("aws:cdk:disable-version-reporting".to_owned(), true.into());
        }
        if !is_on("staging") {
            context.insert("aws:cdk:disable-asset-staging".to_owned(), true.into());
        }
        context.insert("aws:cdk:bundling-stacks".to_owned(), json!(["**"]));
        context
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn context_is_taken_from_every_place_in_the_order_of_the_cdk() {
        let user = json!({ "context": { "a": "user", "b": "user" }, "versionReporting": false });
        let app = json!({ "context": { "b": "app", "c": "app", "d": "app" }, "pathMetadata": false });
        let kept = json!({ "a": "kept", "b": "kept", "e": [1] }).as_object().unwrap().clone();
        let context =
            Settings { user: &user, app: &app }.context(kept, &[("d".to_owned(), "typed".to_owned())]);
        let expected = json!({
            "a": "kept", "b": "app", "c": "app", "d": "typed", "e": [1],
            "aws:cdk:enable-asset-metadata": true, "aws:cdk:disable-version-reporting": true,
            "aws:cdk:bundling-stacks": ["**"],
        });
        assert_eq!(Value::from(context), expected);
    }

    #[test]
    fn the_command_is_a_text_or_words_and_a_plain_script_is_run_by_node() {
        let check = |app: Value, expected: Option<&str>| {
            let line = Settings { user: &Value::Null, app: &app }.command_line();
            assert_eq!(line.as_deref(), expected, "{app}");
        };
        check(json!({ "app": "node bin/app.js" }), Some("node bin/app.js"));
        check(json!({ "app": ["node", "app.js"] }), Some("node app.js"));
        check(json!({ "app": " " }), None);
        check(json!({}), None);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.js"), "").unwrap();
        assert_eq!(line_for_shell(folder.path(), "app.js --all"), "node app.js --all");
        assert_eq!(line_for_shell(folder.path(), "npm run app"), "npm run app");
    }

    #[test]
    fn an_app_that_failed_has_a_next_step_where_one_is_known() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(next_step(folder.path(), Some(1)), None);
        assert!(next_step(folder.path(), Some(127)).unwrap().contains("Node 20"));
        fs::write(folder.path().join("package.json"), "{}").unwrap();
        assert!(next_step(folder.path(), Some(1)).unwrap().contains("npm ci"));
    }
}
