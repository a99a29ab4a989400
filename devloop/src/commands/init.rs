//! `devloop init`: shows what devloop finds in a workspace, and writes a file of settings to begin with.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use crate::cli::InitArguments;
use crate::config::Layer;
use crate::engine::Problem;
use crate::error::UserError;
use crate::output;
use crate::session::{Survey, survey};

/// The file that is written.
const FILE: &str = "devloop.toml";

/// Shows what was found and writes the file. An existing file stays as it is.
pub(crate) async fn init(arguments: &InitArguments) -> Result<(), UserError> {
    let directory = std::env::current_dir()
        .map_err(|error| UserError::usage("directory_missing", format!("use this directory: {error}")))?;
    let survey = survey("cargo".as_ref(), &directory, Layer::default()).await?;
    let root = survey.workspace.root.clone();
    let mut words = findings(&survey, &survey.lacking().await, &root);
    let (file, text) = (root.join(FILE), settings(&survey, &root));
    if arguments.dry_run {
        let _ = write!(words, "\n{FILE} would be:\n\n{text}");
    } else if file.exists() {
        let _ = write!(words, "\n{FILE} is there already and stays as it is\n");
    } else {
        std::fs::write(&file, text).map_err(|error| {
            UserError::failure("init_failed", format!("write {}: {error}", file.display()))
        })?;
        let _ = write!(words, "\nwrote {FILE}; start with `devloop watch`\n");
    }
    match output::stdout().write_all(words.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(UserError::failure("output_failed", format!("write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// What was found, in lines. `lacking` says what would not run here.
fn findings(survey: &Survey, lacking: &[Problem], root: &Path) -> String {
    let mut words = String::new();
    let _ = writeln!(words, "workspace  {}", root.display());
    for function in &survey.functions {
        let place = survey.workspace.binary_of(function);
        let place = place.map(|(package, binary)| format!("{package}/{binary}")).unwrap_or_default();
        let _ = writeln!(words, "function   {function:<24} {place}");
    }
    if survey.stacks.is_empty() {
        let _ = writeln!(words, "template   none; every function is served for invoke and by URL");
    }
    for stack in &survey.stacks {
        let path = stack.path.strip_prefix(root).unwrap_or(&stack.path);
        let _ = writeln!(words, "template   {} (stack {})", path.display(), stack.name);
        for (logical_id, function) in &stack.functions {
            let _ = writeln!(words, "           {logical_id} runs {function}");
        }
    }
    for way in &survey.ways {
        let _ = writeln!(words, "way        {}", way.join(" > "));
    }
    for remark in survey.remarks.iter().chain(lacking) {
        let _ = writeln!(words, "note       {}", remark.message);
        if let Some(hint) = &remark.hint {
            let _ = writeln!(words, "           {hint}");
        }
    }
    words
}

/// The text of the file: the usual settings as comments, with their current values.
fn settings(survey: &Survey, root: &Path) -> String {
    let paths = survey.stacks.iter().map(|stack| {
        let path = stack.path.strip_prefix(root).unwrap_or(&stack.path);
        format!("{:?}", path.to_string_lossy())
    });
    let templates: Vec<String> = paths.collect();
    let first = survey.stacks.iter().flat_map(|stack| &stack.functions).next();
    let (logical_id, function) = match first {
        Some((logical_id, function)) => (logical_id.as_str(), function.as_str()),
        None => ("LogicalId", survey.functions.first().map_or("function", String::as_str)),
    };
    let (package, binary) = survey.workspace.binary_of(function).unwrap_or(("package", "binary"));
    format!(
        "# Settings of devloop. Every line shows what is in force without it; docs/settings.md has all of them.\n\
         # templates = [{}]\n\
         # port = {}\n\
         # profile = {:?}\n\
         # mouse = {}\n\
         \n\
         # [build]\n\
         # linker = \"auto\"\n\
         # debug = false\n\
         \n\
         # Which binary a template's function runs, where names do not tell:\n\
         # [functions]\n\
         # {logical_id} = \"{package}/{binary}\"\n",
        templates.join(", "),
        survey.settings.port,
        survey.settings.profile,
        survey.settings.mouse,
    )
}

#[cfg(test)]
mod tests {
    use super::{findings, settings};
    use crate::config::Layer;
    use crate::session::survey;
    use crate::testing::Fixture;

    #[tokio::test]
    async fn what_is_found_is_shown_and_the_settings_are_valid() {
        let fixture = Fixture::new();
        fixture.write(
            "template.yaml",
            "Resources:\n  UpFunction: {Type: AWS::Lambda::Function}\n  Stream: {Type: AWS::Kinesis::Stream}\n\
             \x20 M: {Type: AWS::Lambda::EventSourceMapping, Properties: {EventSourceArn: !GetAtt Stream.Arn, \
             FunctionName: !Ref UpFunction}}\n  Pool: {Type: AWS::Cognito::UserPool}\n",
        );
        let found = survey("cargo".as_ref(), fixture.root(), Layer::default()).await.unwrap();
        let words = findings(&found, &found.lacking().await, fixture.root());
        let lacking = "needs: Pool (AWS::Cognito::UserPool: the type is not supported) of ";
        assert!(words.contains("note       left out ") && words.contains(lacking), "{words}");
        assert!(words.contains("function   up                       up/up\n"), "{words}");
        assert!(words.contains("template   template.yaml (stack "), "{words}");
        assert!(words.contains("           UpFunction runs up\n"), "{words}");
        assert!(words.contains("way        Kinesis > up\n"), "{words}");
        let text = settings(&found, fixture.root());
        assert!(text.contains("# UpFunction = \"up/up\"\n"), "{text}");
        let uncommented: String = text
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.contains('=') || line.starts_with('['))
            .map(|line| format!("{line}\n"))
            .collect();
        fixture.write("devloop.toml", &uncommented);
        let again = survey("cargo".as_ref(), fixture.root(), Layer::default()).await.unwrap();
        assert_eq!(again.functions, ["up"]);
    }
}
