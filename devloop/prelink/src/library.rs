//! Makes the shared object of all crates that are not members of the workspace.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

use crate::link_line::LinkLine;
use crate::objects;
use crate::order::{ORDER, Order};
use crate::refusal::{Refusal, telling_line};
use crate::store::Store;

/// Increased when the same crates have to make another shared object.
const VERSION: u32 = 1;

/// A digest of the shared object's inputs. The modification time shows whether cargo has made an archive anew.
pub(super) fn key(order: &Order, line: &LinkLine<'_>) -> Result<String, Refusal> {
    // The test program is linked like the functions, so their linker counts too.
    let mut text =
        format!("{VERSION}\n{}\n{:?}\n{:?}\n", order.rustc.display(), order.flags, order.program_flags);
    for archive in &line.standard {
        let _ = writeln!(text, "{archive}");
    }
    for archive in &line.dependencies {
        let path = Path::new(archive);
        let metadata = fs::metadata(path).map_err(Refusal::io("look at", path))?;
        let _ =
            writeln!(text, "{archive} {} {}.{}", metadata.size(), metadata.mtime(), metadata.mtime_nsec());
    }
    let mut key = format!("{:x}", Sha256::digest(text));
    key.truncate(16);
    Ok(key)
}

/// The path of the shared object, which is made if it does not exist.
pub(super) fn ensure(
    store: &Store,
    order: &Order,
    line: &LinkLine<'_>,
    key: &str,
) -> Result<PathBuf, Refusal> {
    let library = store.library(key);
    if library.is_file() {
        // The modification time decides which objects are deleted first.
        let used = File::open(&library).and_then(|file| file.set_modified(std::time::SystemTime::now()));
        used.map_err(Refusal::io("mark as used", &library))?;
        return Ok(library);
    }
    // Cargo links several functions at once. They may need the same object, and making one takes much memory, so one is made at a
    // time.
    let turn = store.home().join("turn.lock");
    let failed = || Refusal::io("lock", &turn);
    let lock = File::create(&turn).map_err(failed())?;
    lock.lock().map_err(failed())?;
    if !library.is_file() {
        make(store, order, line, &library)?;
    }
    Ok(library)
}

fn make(store: &Store, order: &Order, line: &LinkLine<'_>, library: &Path) -> Result<(), Refusal> {
    let home = store.home();
    let workshop = tempfile::Builder::new()
        .prefix(".make-")
        .tempdir_in(home)
        .map_err(Refusal::io("write into", home))?;
    let source = workshop.path().join("dependencies.rs");
    fs::write(&source, source_text(line.dependencies.len())).map_err(Refusal::io("write", &source))?;
    // The object's own name comes from the file's.
    let made = workshop.path().join(library.file_name().unwrap_or_default());
    let output =
        Command::new(&order.rustc)
            .args(["--crate-name", "devloop_dependencies", "--crate-type", "dylib", "--edition", "2024"])
            .args(["-Cdebuginfo=0", "-Cstrip=debuginfo", "--color", "never", "--print", "link-args"])
            // Without this option, every call inside the object would be looked up by name at each start of the program.
            .arg("-Clink-arg=-Wl,-Bsymbolic")
            .args(&order.flags)
            .args(line.search.iter().map(|directory| format!("-Lnative={directory}")))
            .args(directories(&line.dependencies).iter().map(|directory| format!("-Ldependency={directory}")))
            .args(line.dependencies.iter().enumerate().flat_map(|(index, archive)| {
                ["--extern".to_owned(), format!("{}={archive}", crate_name(index))]
            }))
            .arg("-o")
            .arg(&made)
            .arg(&source)
            .env_remove(ORDER)
            .stdin(Stdio::null())
            .output()
            .map_err(Refusal::io("start", &order.rustc))?;
    if !output.status.success() {
        return Err(Refusal::Compiler(telling_line(&output.stderr)));
    }
    let linked = String::from_utf8_lossy(&output.stdout);
    if let Some(member) = line.members.iter().find(|member| linked.contains(**member)) {
        let name = Path::new(member).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        return Err(Refusal::MemberInside(name));
    }
    if let Some(section) = objects::collected_section(&made)? {
        return Err(Refusal::Collected(section));
    }
    prove(store, order, &made, workshop.path())?;
    fs::rename(&made, library).map_err(Refusal::io("rename to", library))
}

/// Uses the parts of the standard library that a broken link breaks first: thread-locals and their destructors, threads, memory,
/// unwinding.
const PROOF: &str = r#"
use std::cell::RefCell;
use std::collections::HashMap;
struct End;
impl Drop for End { fn drop(&mut self) { assert!(std::thread::current().name() == Some("second")); } }
thread_local! { static END: RefCell<Option<End>> = const { RefCell::new(None) }; }
fn main() {
    let name = std::thread::current().name().map(str::to_owned);
    let thread = std::thread::Builder::new().name("second".to_owned()).spawn(|| {
        END.with_borrow_mut(|end| *end = Some(End));
        let mut map: HashMap<String, Vec<u64>> = HashMap::new();
        for number in 0..1000 { map.entry(format!("{}", number % 7)).or_default().push(number); }
        std::panic::set_hook(Box::new(|_| {}));
        map.values().flatten().sum::<u64>()
    });
    let sum = thread.unwrap().join().unwrap();
    let caught = cfg!(panic = "abort") || std::panic::catch_unwind(|| panic!("caught")).is_err();
    println!("{name:?} {sum} {caught}");
}
"#;

/// The output of this test program.
const PROVED: &str = "Some(\"main\") 499500 true\n";

/// Links a small program in the same way as functions, and runs it: a linker may make a broken program, and only running it shows
/// that.
fn prove(store: &Store, order: &Order, library: &Path, workshop: &Path) -> Result<(), Refusal> {
    let source = workshop.join("proof.rs");
    fs::write(&source, PROOF).map_err(Refusal::io("write", &source))?;
    let program = workshop.join("proof");
    let against = Order { against: Some(library.to_owned()), ..order.clone() };
    let against = serde_json::to_string(&against).map_err(|error| Refusal::Proof(error.to_string()))?;
    let compiled = Command::new(&order.rustc)
        .args(["--crate-name", "proof", "--edition", "2024", "-Cdebuginfo=0", "--color", "never"])
        .args(&order.program_flags)
        .arg(format!("-Clinker={}", store.linker().display()))
        .arg("-o")
        .args([&program, &source])
        .env(ORDER, against)
        .stdin(Stdio::null())
        .output()
        .map_err(Refusal::io("start", &order.rustc))?;
    if !compiled.status.success() {
        return Err(Refusal::Proof(telling_line(&compiled.stderr)));
    }
    let output =
        Command::new(&program).stdin(Stdio::null()).output().map_err(Refusal::io("start", &program))?;
    if output.status.success() && output.stdout == PROVED.as_bytes() {
        return Ok(());
    }
    Err(Refusal::Proof(output.status.to_string()))
}

/// The source of a crate that only has dependencies.
fn source_text(crates: usize) -> String {
    (0..crates).map(|index| format!("extern crate {};\n", crate_name(index))).collect()
}

/// Two versions of one crate have the same name, so each gets one of its own.
fn crate_name(index: usize) -> String {
    format!("dependency_{index}")
}

fn directories(archives: &[&str]) -> Vec<String> {
    let mut directories: Vec<String> = archives
        .iter()
        .filter_map(|archive| Path::new(archive).parent().and_then(Path::to_str).map(str::to_owned))
        .collect();
    directories.sort();
    directories.dedup();
    directories
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::key;
    use crate::link_line::LinkLine;
    use crate::order::Order;

    #[test]
    fn the_key_follows_dependencies_and_flags_but_not_members() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let members: BTreeSet<_> = ["libmodel-1.rlib".to_owned()].into();
        let arguments =
            [path("libmodel-1.rlib"), path("libserde-2.rlib"), "/s/libstd-3.rlib".to_owned()].to_vec();
        fs::write(path("libserde-2.rlib"), "serde").unwrap();
        let order = |flags: &[&str]| Order {
            home: "/h".into(),
            rustc: "rustc".into(),
            function: "up".to_owned(),
            linker: "cc".to_owned(),
            flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
            program_flags: Vec::new(),
            against: None,
        };
        let of = |flags: &[&str]| key(&order(flags), &LinkLine::read(&arguments, &members).unwrap()).unwrap();
        let first = of(&[]);
        assert_eq!(of(&[]), first);
        fs::write(path("libmodel-1.rlib"), "model").unwrap();
        assert_eq!(of(&[]), first, "a member is not part of it");
        assert_ne!(of(&["-Cpanic=abort"]), first);
        fs::write(path("libserde-2.rlib"), "serde 2").unwrap();
        assert_ne!(of(&[]), first);
    }
}
