//! Chooses among several templates by the names of their stacks.

use std::path::{Path, PathBuf};

use crate::error::UserError;

/// The stack's name: the file's name without `.template.json`, or for a file called `template` the folder's name.
pub(super) fn name(path: &Path) -> String {
    let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let name = text(path.file_name());
    let plain = [".json", ".yaml", ".yml", ".template"]
        .iter()
        .fold(name.as_str(), |name, end| name.strip_suffix(end).unwrap_or(name));
    let plain = match plain {
        "template" => text(path.parent().and_then(Path::file_name)),
        plain => plain.to_owned(),
    };
    let mut name: String = plain.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name.insert_str(0, "stack-");
    }
    name
}

/// The templates of these stacks, in the order in which they are applied.
pub(super) fn choose_each(paths: Vec<PathBuf>, stacks: &[String]) -> Result<Vec<PathBuf>, UserError> {
    let mut chosen = Vec::new();
    for stack in stacks {
        chosen.extend(choose(paths.clone(), stack)?);
    }
    Ok(paths.into_iter().filter(|path| chosen.contains(path)).collect())
}

/// The template whose stack has this name, or else the only one with this text in its name. Without any template there is nothing
/// to choose.
fn choose(paths: Vec<PathBuf>, stack: &str) -> Result<Vec<PathBuf>, UserError> {
    let wanted = stack.to_lowercase();
    let exact = |path: &&PathBuf| name(path).to_lowercase() == wanted;
    if let Some(path) = paths.iter().find(exact) {
        return Ok(vec![path.clone()]);
    }
    let (fitting, others): (Vec<_>, Vec<_>) =
        paths.into_iter().partition(|path| name(path).to_lowercase().contains(&wanted));
    let names = |paths: &[PathBuf]| paths.iter().map(|path| name(path)).collect::<Vec<_>>().join(", ");
    let message = match fitting.as_slice() {
        [_] => return Ok(fitting),
        [] if others.is_empty() => return Ok(Vec::new()),
        [] => format!("find the stack `{stack}`: the stacks are {}", names(&others)),
        several => format!("find the stack `{stack}`: {} have it in their names", names(several)),
    };
    let hint = "name one with --stack, or `all`; the setting `stack` names the usual one";
    Err(UserError::usage("stack_unknown", message).with_hint(hint))
}

#[cfg(test)]
mod tests {
    use super::{choose, choose_each, name};

    #[test]
    fn several_stacks_are_applied_once_each_in_their_own_order() {
        let paths = ["DistComp", "pipeline", "xml"].map(|name| format!("t/{name}.template.json").into());
        let check = |stacks: &[&str], expected: Option<&[&str]>| {
            let stacks: Vec<String> = stacks.iter().map(|&stack| stack.to_owned()).collect();
            let found = choose_each(paths.to_vec(), &stacks).ok();
            let names: Option<Vec<String>> = found.map(|found| found.iter().map(|path| name(path)).collect());
            let expected = expected.map(|names| names.iter().map(|&name| name.to_owned()).collect());
            assert_eq!(names, expected, "{stacks:?}");
        };
        check(&["xml", "pipe"], Some(&["pipeline", "xml"]));
        check(&["xml", "xml"], Some(&["xml"]));
        check(&["xml", "nobody"], None);
    }

    #[test]
    fn a_stack_is_found_by_its_name_or_a_part_of_it() {
        let check = |all: &[&str], stack: &str, expected: Result<&[&str], &str>| {
            let paths = all.iter().map(|name| format!("t/{name}.template.json").into()).collect();
            let found = choose(paths, stack).map_err(|error| error.problem.message);
            let names: Result<Vec<String>, String> =
                found.map(|paths| paths.iter().map(|path| name(path)).collect());
            let expected = expected.map(|names| names.iter().map(|&name| name.to_owned()).collect());
            assert_eq!(names, expected.map_err(str::to_owned), "{stack}");
        };
        let all = ["DataPipelineStack", "DistComp", "DistComp-Single", "wildrydes"];
        check(&all, "wildrydes", Ok(&["wildrydes"]));
        check(&all, "pipeline", Ok(&["DataPipelineStack"]));
        check(&all, "distcomp", Ok(&["DistComp"]));
        check(&all, "single", Ok(&["DistComp-Single"]));
        check(&all, "dist", Err("find the stack `dist`: DistComp, DistComp-Single have it in their names"));
        check(
            &all,
            "xml",
            Err(
                "find the stack `xml`: the stacks are DataPipelineStack, DistComp, DistComp-Single, wildrydes",
            ),
        );
        check(&[], "pipeline", Ok(&[]));
    }
}
