//! The terminal UI: functions, build errors, figures and logs of a session on one screen. `session` starts it as one more sink.
//!
//! [`screen::Screen`] is everything that is shown; keys and notices change it (pure), `view` draws it (pure), and `run` owns
//! the terminal and the threads.

mod action;
mod document;
mod errors;
mod keys;
mod layout;
mod notices;
mod run;
mod saves;
mod screen;
mod search;
mod styled;
mod terminal;
mod text;
mod theme;
mod view;

#[cfg(test)]
mod tests;

pub(crate) use run::{Opening, Tui};
pub(crate) use terminal::restore;
pub(crate) use theme::Theme;
