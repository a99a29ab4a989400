//! E-mails, which are kept as files instead of being sent: one `.eml` for each, in a folder that the cloud's options name.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::broadcast;

/// How many mails are kept; the oldest are deleted first.
const MOST_KEPT: u64 = 1_000;

/// How many mails a follower may lag behind before it misses some.
const BEHIND: usize = 256;

/// A captured e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its number, which is also the file's name.
    pub number: u64,
    /// The recipient's address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The path of the file; `None` when the cloud has no folder for mails.
    pub file: Option<PathBuf>,
}

/// The contents of a mail.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) message_id: String,
    /// When it was sent, in ms since the epoch.
    pub(super) at_ms: i64,
}

/// The folder for mails, and the followers of new ones.
#[derive(Debug)]
pub(super) struct Mailbox {
    folder: Option<PathBuf>,
    last: Mutex<Option<u64>>,
    followers: broadcast::Sender<Mail>,
}

impl Mailbox {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, last: Mutex::default(), followers: broadcast::Sender::new(BEHIND) }
    }

    pub(super) fn follow(&self) -> broadcast::Receiver<Mail> {
        self.followers.subscribe()
    }

    /// The folder for mails, if there is one.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Writes a mail, on a thread where blocking is allowed.
    pub(super) async fn deliver(self: &Arc<Self>, letter: Letter) -> io::Result<()> {
        let mailbox = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || mailbox.write(&letter));
        written.await.map_err(io::Error::other)?
    }

    fn write(&self, letter: &Letter) -> io::Result<()> {
        // Held until the file exists, so that numbers have the order of the files.
        let mut last = self.last.lock();
        let number = match (*last, &self.folder) {
            (Some(last), _) => last,
            (None, Some(folder)) => newest(folder)?,
            (None, None) => 0,
        } + 1;
        let file = match &self.folder {
            Some(folder) => Some(store(folder, number, letter)?),
            None => None,
        };
        *last = Some(number);
        // An error means that there are no followers.
        let _ = self.followers.send(Mail {
            number,
            to: letter.to.clone(),
            subject: letter.subject.clone(),
            file,
        });
        Ok(())
    }
}

fn file_name(number: u64) -> String {
    format!("{number:06}.eml")
}

/// The highest number in the folder, from earlier clouds; 0 if it is empty.
fn newest(folder: &Path) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let numbers = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".eml")?.parse::<u64>().ok());
    Ok(numbers.max().unwrap_or(0))
}

fn store(folder: &Path, number: u64, letter: &Letter) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let file = folder.join(file_name(number));
    // Renamed into place, so that readers of the folder never see a half-written mail.
    let beside = folder.join(format!(".{}", file_name(number)));
    // A mail may hold what is for its reader alone, such as the link that resets a password.
    let mut written =
        fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    written.write_all(letter.eml().as_bytes())?;
    fs::rename(&beside, &file)?;
    if let Some(old) = number.checked_sub(MOST_KEPT) {
        // The file may have been deleted already.
        let _ = fs::remove_file(folder.join(file_name(old)));
    }
    Ok(file)
}

impl Letter {
    /// The mail in the form of RFC 5322. Addresses and subjects were checked when they arrived, so they contain no line
    /// breaks.
    fn eml(&self) -> String {
        let date = jiff::Timestamp::from_millisecond(self.at_ms)
            .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
            .unwrap_or_default();
        let text = self.text.replace("\r\n", "\n").replace('\n', "\r\n");
        format!(
            "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {date}\r\nMessage-ID: <{}@sns.devloop>\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n",
            self.from, self.to, self.subject, self.message_id
        )
    }
}
