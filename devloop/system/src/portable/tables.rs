//! What `ps` and `lsof` print.

use std::process::{Command, Stdio};

/// What `ps` prints; nothing when it finds nobody or is not there.
pub(super) fn ps(arguments: &[&str]) -> Option<String> {
    let output = command("ps", arguments)?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What `lsof` prints, with numbers for names; none when it is not there. Its exit code tells little: 1 means an error as well as a
/// question that found only a part.
pub(super) fn lsof(arguments: &[&str]) -> Option<String> {
    let output = command("lsof", &[&["-nP", "-w"], arguments].concat())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(super) fn has_lsof() -> bool {
    command("lsof", &["-v"]).is_some()
}

fn command(program: &str, arguments: &[&str]) -> Option<std::process::Output> {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).stderr(Stdio::null());
    command.output().ok()
}

/// The options with which `ps` lists all processes with their variables behind their commands.
const WITH_VARIABLES: &[&str] = if cfg!(target_os = "linux") {
    &["axeww"]
} else if cfg!(target_os = "macos") {
    &["-A", "-E", "-ww"]
} else {
    &["-A", "-e", "-ww"]
};

/// The processes of this user that have `mark` among their variables, by their ids.
pub(super) fn carriers_of(mark: &str) -> Vec<u32> {
    let table = ps(&[WITH_VARIABLES, &["-o", "pid=", "-o", "command="]].concat()).unwrap_or_default();
    carriers_in(&table, mark)
}

fn carriers_in(table: &str, mark: &str) -> Vec<u32> {
    let carries = |line: &&str| line.split_whitespace().any(|word| word == mark);
    table.lines().filter(carries).filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::carriers_in;

    #[test]
    fn a_mark_is_a_whole_variable() {
        let table = "   12 /bin/f A=1 API=127.0.0.1:80\n   13 /bin/f API=127.0.0.1:8001 A=2\n 14 /bin/g\n";
        assert_eq!(carriers_in(table, "API=127.0.0.1:80"), [12]);
        assert_eq!(carriers_in(table, "API=127.0.0.1:8001"), [13]);
    }
}
