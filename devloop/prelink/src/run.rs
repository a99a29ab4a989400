//! The program that rustc starts in the linker's place: this binary under another name.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::library;
use crate::link_line::LinkLine;
use crate::objects;
use crate::order::{ORDER, Order};
use crate::refusal::{Refusal, telling_line};
use crate::store::{LINKER, Store};

/// Links if this process was started in the linker's place; returns only then, or if there is no linker.
pub fn run_in_place_of_the_linker() -> Option<ExitCode> {
    let mut given = env::args_os();
    let own = given.next()?;
    if Path::new(&own).file_name() != Some(OsStr::new(LINKER)) {
        return None;
    }
    let order: Option<Order> = env::var(ORDER).ok().and_then(|order| serde_json::from_str(&order).ok());
    let Some(order) = order else {
        let _ =
            writeln!(std::io::stderr(), "error: {LINKER} is started by rustc, with an order from devloop");
        return Some(ExitCode::FAILURE);
    };
    let given: Vec<OsString> = given.collect();
    match prelinked(&order, &given) {
        Ok(()) => return Some(ExitCode::SUCCESS),
        Err(refusal) if order.against.is_some() => {
            let _ = writeln!(std::io::stderr(), "error: {refusal}");
            return Some(ExitCode::FAILURE);
        }
        Err(_) => {}
    }
    let error = Command::new(&order.linker).args(given).env_remove(ORDER).exec();
    // The wording lets rustc explain what to do when there is no C compiler.
    let _ = writeln!(std::io::stderr(), "error: start the linker `{}`: {error}", order.linker);
    Some(ExitCode::FAILURE)
}

/// Links against the shared object; if that is not possible, the reason is kept for the user.
fn prelinked(order: &Order, given: &[OsString]) -> Result<(), Refusal> {
    let store = Store::at(order.home.clone());
    let mut key = String::new();
    let result = attempt(&store, order, given, &mut key);
    if let (Err(refusal), None) = (&result, &order.against) {
        store.refuse(&order.function, &key, refusal);
    }
    result
}

fn attempt(store: &Store, order: &Order, given: &[OsString], key: &mut String) -> Result<(), Refusal> {
    let text = |path: &Path| path.to_str().map(str::to_owned);
    let arguments: Option<Vec<String>> = given.iter().map(|argument| text(Path::new(argument))).collect();
    let arguments = arguments.ok_or(Refusal::CommandLine("is no text"))?;
    let members = store.members()?;
    let line = LinkLine::read(&arguments, &members)?;
    let shim = objects::allocator_shim(&line.objects)?;
    let library = match &order.against {
        Some(library) => library.clone(),
        None => {
            *key = library::key(order, &line)?;
            if store.has_refused(&order.function, key) {
                return Err(Refusal::Again);
            }
            library::ensure(store, order, &line, key)?
        }
    };
    let (Some(home), Some(library)) = (library.parent().and_then(text), text(&library)) else {
        return Err(Refusal::CommandLine("is no text"));
    };
    let output = Command::new(&order.linker)
        .args(line.against(&library, &home, shim))
        .env_remove(ORDER)
        .output()
        .map_err(Refusal::io("start", Path::new(&order.linker)))?;
    if !output.status.success() {
        return Err(Refusal::Linker(telling_line(&output.stderr)));
    }
    // Warnings are passed on to rustc, which shows them.
    let _ = std::io::stdout().write_all(&output.stdout);
    let _ = std::io::stderr().write_all(&output.stderr);
    Ok(())
}
