//! The terminal lent to a child process: the user's editor, or `devloop bench`.

use std::process::Command;

use crate::engine::Location;
use crate::tui::child::{self, Farewell};
use crate::tui::run::events::Desk;
use crate::tui::run::shared::Shared;
use crate::tui::{editor, terminal};

/// Opens the user's editor at the place and waits for it. Returns a remark to show afterwards.
pub(super) fn edit(shared: &Shared, desk: &Desk, place: &Location) -> Option<String> {
    let file = desk.root.join(&place.file);
    if !file.is_file() {
        return Some(format!("there is no file {}", file.display()));
    }
    let Some(editor) = &desk.editor else {
        let (line, column) = (place.line, place.column);
        return Some(format!("set EDITOR to open {}:{line}:{column} from here", file.display()));
    };
    let call = editor::call(editor, &file, place.line, place.column)?;
    shared.lend();
    let result = child::run(Command::new(&call.program).args(&call.arguments), Farewell::Once);
    shared.take_again();
    match result {
        Err(error) => Some(format!("start the editor `{}`: {error}", call.program)),
        Ok(status) if !status.success() => Some(format!("the editor `{}` ended with {status}", call.program)),
        Ok(_) if !call.at_line => {
            Some(format!("`{}` is not known here, so it was not told the line {}", call.program, place.line))
        }
        Ok(_) => None,
    }
}

/// Lends the terminal to `devloop bench` until it has ended and the user has read its tables. Returns a remark to show afterwards.
pub(super) fn load(shared: &Shared, desk: &Desk, options: &[String]) -> Option<String> {
    let load = desk.load.as_ref()?;
    let mut command = Command::new(&load.program);
    command.arg("bench").args(options).envs(load.environment.iter().map(|(name, value)| (name, value)));
    shared.lend();
    let result = child::run(&mut command, Farewell::Twice);
    if result.is_ok() && !shared.lock().closing {
        terminal::wait_for_key("-- any key leads back to the screen of devloop --");
    }
    shared.take_again();
    match result {
        Err(error) => Some(format!("start {}: {error}", load.program.display())),
        Ok(status) if !status.success() => Some(format!("the load ended with {status}")),
        Ok(_) => None,
    }
}
