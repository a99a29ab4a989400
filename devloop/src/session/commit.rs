//! The commit that is checked out in the workspace.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::tui::Commit;

/// How long git may take; a repository that is slower shows no commit.
const LIMIT: Duration = Duration::from_secs(5);

/// How many characters of a commit's name are shown.
const SHORT: usize = 7;

/// Asks git for the commit; `None` outside of a repository, before its first commit, and without git. Nothing is written, and no
/// program that the repository configures is run: no optional locks, no file system monitor.
pub(crate) async fn of(root: PathBuf) -> Option<Commit> {
    let mut command = Command::new("git");
    command.args(["--no-optional-locks", "-c", "core.fsmonitor=false", "-C"]).arg(root);
    command.args(["status", "--porcelain=v2", "--branch", "--untracked-files=no"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| understood(&String::from_utf8_lossy(&output.stdout)))?
}

/// `[git-status(1), Porcelain Format Version 2]`
fn understood(text: &str) -> Option<Commit> {
    let name = text.lines().find_map(|line| line.strip_prefix("# branch.oid "))?;
    let short = name.get(..SHORT).filter(|short| short.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let dirty = text.lines().any(|line| !line.starts_with('#'));
    Some(Commit { short: short.to_owned(), dirty })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::{of, understood};
    use crate::tui::Commit;

    fn check(text: &str, expected: Option<(&str, bool)>) {
        let expected = expected.map(|(short, dirty)| Commit { short: short.to_owned(), dirty });
        assert_eq!(understood(text), expected);
    }

    #[test]
    fn the_answer_of_git_is_understood() {
        let branch = "# branch.oid 7f3a1c9e00112233445566778899aabbccddeeff\n# branch.head main\n";
        check(branch, Some(("7f3a1c9", false)));
        check(&format!("{branch}1 .M N... 100644 100644 100644 1 2 a.rs\n"), Some(("7f3a1c9", true)));
        check("# branch.oid (initial)\n# branch.head main\n", None);
        check("", None);
    }

    fn git(directory: &Path, arguments: &[&str]) {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        let status = Command::new("git").current_dir(directory).args(identity).args(arguments).output();
        assert!(status.unwrap().status.success(), "{arguments:?}");
    }

    #[tokio::test]
    async fn a_repository_has_a_commit_and_other_directories_have_none() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().to_owned();
        assert_eq!(of(root.clone()).await, None);
        git(&root, &["init", "-q"]);
        assert_eq!(of(root.clone()).await, None, "there is no commit yet");
        std::fs::write(root.join("a"), "1").unwrap();
        git(&root, &["add", "a"]);
        git(&root, &["commit", "-qm", "one"]);
        let clean = of(root.clone()).await.unwrap();
        assert!(!clean.dirty && clean.short.len() == 7, "{clean:?}");
        std::fs::write(root.join("untracked"), "1").unwrap();
        assert_eq!(of(root.clone()).await, Some(clean.clone()));
        std::fs::write(root.join("a"), "22").unwrap();
        assert_eq!(of(root.clone()).await, Some(Commit { dirty: true, ..clean }));
    }
}
