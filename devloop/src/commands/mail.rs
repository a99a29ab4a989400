//! `devloop mail`: shows the e-mails that topics have sent, from any terminal.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use notify::{RecursiveMode, Watcher};
use serde_json::json;
use tokio::sync::mpsc;

use crate::cli::MailArguments;
use crate::error::{Exit, UserError};
use crate::output;
use crate::workspace;

/// One captured mail.
#[derive(Debug, PartialEq, Eq)]
struct Mail {
    number: u64,
    file: PathBuf,
    date: String,
    to: String,
    subject: String,
}

/// Lists the mails, shows one of them, or reports each as it comes.
pub(crate) async fn mail(arguments: &MailArguments) -> Result<ExitCode, UserError> {
    let directory = std::env::current_dir().map_err(|error| {
        UserError::failure("no_directory", format!("find the current directory: {error}"))
    })?;
    let reading = workspace::outline(Path::new("cargo"), &directory)
        .await
        .map_err(|error| UserError { problem: error.problem(), exit: Exit::Workspace })?;
    let folder = reading.workspace.target_directory.join("devloop/mail");
    if let Some(number) = arguments.number {
        return show(&folder, number);
    }
    // Watching begins before the first look, so that no mail in between is missed.
    let (told, mut changes) = mpsc::channel(1);
    let watching = if arguments.follow { Some(watch(&folder, told)?) } else { None };
    let mut last = 0;
    loop {
        for mail in mails(&folder).into_iter().filter(|mail| mail.number > last).collect::<Vec<_>>() {
            last = mail.number;
            if let Err(error) = print(&mail, arguments.json) {
                return written(&error);
            }
        }
        if watching.is_none() {
            if last == 0 && !arguments.json {
                // Without standard error there is nobody to tell.
                let _ = writeln!(
                    output::stderr(),
                    "no mail yet: what topics send by e-mail is kept in {}",
                    folder.display()
                );
            }
            return Ok(ExitCode::SUCCESS);
        }
        tokio::select! {
            change = changes.recv() => if change.is_none() { return Ok(ExitCode::SUCCESS) },
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
    }
}

fn show(folder: &Path, number: u64) -> Result<ExitCode, UserError> {
    let file = folder.join(format!("{number:06}.eml"));
    let text = fs::read(&file).map_err(|error| {
        UserError::failure("no_mail", format!("read mail {number} ({}): {error}", file.display()))
            .with_hint("`devloop mail` lists the mails that there are")
    })?;
    output::write_data(&text).map_or_else(|error| written(&error), |()| Ok(ExitCode::SUCCESS))
}

fn print(mail: &Mail, as_json: bool) -> io::Result<()> {
    let mut out = output::stdout_as(as_json);
    if as_json {
        let Mail { number, file, date, to, subject } = mail;
        writeln!(
            out,
            "{}",
            json!({ "number": number, "file": file, "date": date, "to": to, "subject": subject })
        )
    } else {
        writeln!(out, "{:>4}  {}  {}  {}", mail.number, mail.date, mail.to, mail.subject)
    }
}

/// A closed pipe ends the command without an error.
fn written(error: &io::Error) -> Result<ExitCode, UserError> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(ExitCode::SUCCESS);
    }
    Err(UserError::failure("output_failed", format!("write the output: {error}")))
}

/// Sends a message for every change of the folder, which is made if there is none yet.
fn watch(folder: &Path, told: mpsc::Sender<()>) -> Result<notify::RecommendedWatcher, UserError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        UserError::failure("mail_not_followed", format!("{what} {}: {error}", folder.display()))
    };
    fs::create_dir_all(folder).map_err(|error| failed("make the folder", &error))?;
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if is_change(&event) {
            // One unread message stands for all changes since.
            let _ = told.try_send(());
        }
    })
    .map_err(|error| failed("watch", &error))?;
    watcher.watch(folder, RecursiveMode::NonRecursive).map_err(|error| failed("watch", &error))?;
    Ok(watcher)
}

/// Whether the folder may have changed. Looking at it is an event too, and would lead to the next look for ever.
fn is_change(event: &notify::Result<notify::Event>) -> bool {
    event.as_ref().map_or(true, |event| !event.kind.is_access())
}

/// The mails in the folder by number; none without a folder.
fn mails(folder: &Path) -> Vec<Mail> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut mails: Vec<Mail> = entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_suffix(".eml")?.parse().ok()?;
            let text = fs::read_to_string(entry.path()).ok()?;
            Some(read(number, entry.path(), &text))
        })
        .collect();
    mails.sort_by_key(|mail| mail.number);
    mails
}

fn read(number: u64, file: PathBuf, text: &str) -> Mail {
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_default().trim().to_owned()
    };
    Mail { number, file, date: header("Date"), to: header("To"), subject: header("Subject") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_at_the_folder_is_no_change_of_it() {
        use notify::event::{AccessKind, CreateKind, EventKind, RenameMode};
        let check = |kind: EventKind, expected: bool| {
            assert_eq!(is_change(&Ok(notify::Event::new(kind))), expected, "{kind:?}");
        };
        check(EventKind::Access(AccessKind::Open(notify::event::AccessMode::Any)), false);
        check(EventKind::Create(CreateKind::File), true);
        check(EventKind::Modify(notify::event::ModifyKind::Name(RenameMode::To)), true);
        assert!(is_change(&Err(notify::Error::generic("events were lost"))));
    }

    #[test]
    fn mails_are_listed_in_order_and_half_written_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, subject: &str| {
            let text =
                format!("From: x\r\nTo: a@b\r\nSubject: {subject}\r\nDate: now\r\n\r\nSubject: body\r\n");
            fs::write(folder.path().join(name), text).unwrap();
        };
        write("000010.eml", "ten");
        write("000009.eml", "nine");
        write(".000011.eml", "half");
        let found = mails(folder.path());
        let found: Vec<_> =
            found.iter().map(|mail| (mail.number, mail.subject.as_str(), mail.to.as_str())).collect();
        assert_eq!(found, [(9, "nine", "a@b"), (10, "ten", "a@b")]);
        assert_eq!(mails(&folder.path().join("absent")), []);
    }
}
