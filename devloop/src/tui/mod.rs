//! The terminal UI: functions, build errors, figures and logs of a session on one screen. `session` starts it as one more sink.
//!
//! [`screen::Screen`] is everything that is shown. `input`, `prompt`, `mouse` and `notices` change it and `view` draws it, all
//! without effects; `run` owns the terminal and the threads.

mod action;
mod call;
mod child;
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
mod live;
mod location;
mod mouse;
mod notices;
mod path_line;
mod prompt;
mod requests;
mod run;
mod saves;
mod screen;
mod search;
mod selection;
mod styled;
mod terminal;
mod text;
mod theme;
mod trace;
mod view;

#[cfg(test)]
mod tests;

pub(crate) use child::Load;
pub(crate) use keymap::Keymap;
pub(crate) use live::LiveScreen;
pub(crate) use run::{Opening, Tui, has_panicked, resume, suspend};
pub(crate) use screen::{Commit, Order, Sent};
pub(crate) use terminal::restore;
pub(crate) use theme::Theme;
