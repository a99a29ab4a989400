//! The terminal UI: functions, build errors, figures and logs of a session on one screen. `session` starts it as one more sink.
//!
//! [`screen::Screen`] is everything that is shown; `input` and `notices` change it (pure), `view` draws it (pure), and `run`
//! owns the terminal and the threads.

mod action;
mod bench;
mod clip;
mod document;
mod editor;
mod errors;
mod fault;
mod input;
mod interrupts;
mod keymap;
mod keys;
mod layout;
mod location;
mod lodger;
mod notices;
mod route;
mod run;
mod saves;
mod screen;
mod search;
mod styled;
mod terminal;
mod text;
mod theme;
mod trace;
mod view;

#[cfg(test)]
mod tests;

pub(crate) use bench::BenchScreen;
pub(crate) use interrupts::is_the_borrowers;
pub(crate) use keymap::Keymap;
pub(crate) use lodger::Load;
pub(crate) use route::Hop;
pub(crate) use run::{Opening, Tui, has_panicked, resume, suspend};
pub(crate) use screen::{Commit, Order};
pub(crate) use terminal::restore;
pub(crate) use theme::Theme;
