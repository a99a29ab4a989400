//! A terminal that devloop asks questions on.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::eventually;

/// The side of who sits at a new terminal.
pub fn master() -> File {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    File::from(master)
}

/// The side that a program holds.
pub fn side(master: &File) -> File {
    let name = ptsname(master, Vec::new()).unwrap();
    OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.to_bytes())).unwrap()
}

/// A terminal, seen from the side of who sits at it.
pub struct Pty {
    keys: File,
    text: Arc<Mutex<String>>,
}

impl Pty {
    /// A new one.
    pub fn open() -> Self {
        let keys = master();
        let text = Arc::new(Mutex::new(String::new()));
        let (mut reader, seen) = (keys.try_clone().unwrap(), Arc::clone(&text));
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut chunk) {
                seen.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk[..read]));
            }
        });
        Self { keys, text }
    }

    /// The side that a program holds.
    pub fn side(&self) -> File {
        side(&self.keys)
    }

    /// What was written to it.
    pub fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    /// Waits until this was written to it.
    pub fn wait_for(&self, text: &str, patience: Duration) {
        eventually(&format!("{text:?} is written"), patience, || {
            let seen = self.text();
            if seen.contains(text) { Ok(()) } else { Err(seen) }
        });
    }

    /// Types.
    pub fn type_in(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
    }
}
