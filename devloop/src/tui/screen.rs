//! Everything that the screen shows, and what keys do to it. Pure: [`super::notices`] changes it by what happens, `view` draws
//! it, and time and size are told to it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use ratatui::layout::{Rect, Size};
use ratatui::text::{Line, Span};

use crate::engine::FunctionState;
use crate::status::Report;
use crate::tui::action::{Action, action};
use crate::tui::document::Document;
use crate::tui::errors::Errors;
use crate::tui::layout::{Pane, places};
use crate::tui::notices::Figures;
use crate::tui::saves::Saves;
use crate::tui::text::fitted;
use crate::tui::view::help;

/// How many lines of logs are kept; the session's log file has all.
const LOG_LINES: usize = 10_000;

/// A call of the API without its URL. The id is another one each time, because the pipeline drops what it has seen before.
const CALL: &str = r#"curl -d '{"id":"'$RANDOM'","message":"Hello World","timestamp":'$(date +%s)'}'"#;

/// What a key asks of those who own the session and the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// End the session.
    Quit,
    /// Put the text into the user's clipboard.
    Copy(String),
}

/// The state of the screen.
#[derive(Debug)]
pub(super) struct Screen {
    /// Such as `watch`.
    pub(super) command: String,
    pub(super) endpoint: String,
    pub(super) zone: TimeZone,
    pub(super) functions: BTreeMap<String, FunctionState>,
    pub(super) errors: Errors,
    pub(super) status: Document,
    pub(super) logs: Document,
    pub(super) figures: Figures,
    pub(super) saves: Saves,
    /// What cargo says at this moment.
    pub(super) progress: Option<String>,
    /// The API's URL.
    pub(super) api: Option<String>,
    size: Size,
    focus: Pane,
    selected: usize,
    expanded: bool,
    help: Option<Document>,
    /// What is typed of a search.
    prompt: Option<String>,
    /// Said in the footer until the next key.
    remark: Option<&'static str>,
}

impl Screen {
    /// A session that has just begun.
    pub(super) fn new(command: &str, endpoint: &str, functions: &[String], zone: TimeZone) -> Self {
        let unbuilt = |function: &String| (function.clone(), FunctionState::Unbuilt);
        Self {
            command: command.to_owned(),
            endpoint: endpoint.to_owned(),
            zone,
            functions: functions.iter().map(unbuilt).collect(),
            errors: Errors::new(),
            status: Document::fixed(),
            logs: Document::following(LOG_LINES),
            figures: Figures::default(),
            saves: Saves::default(),
            progress: None,
            api: None,
            size: Size::new(80, 24),
            focus: Pane::Logs,
            selected: 0,
            expanded: false,
            help: None,
            prompt: None,
            remark: None,
        }
    }

    /// The terminal has this size.
    pub(super) fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// The pane that keys are for.
    pub(super) fn focus(&self) -> Pane {
        self.focus
    }

    /// Whether that pane is the only one.
    pub(super) fn is_expanded(&self) -> bool {
        self.expanded
    }

    /// Every function with its state.
    pub(super) fn functions(&self) -> &BTreeMap<String, FunctionState> {
        &self.functions
    }

    /// The place of the selected function among them.
    pub(super) fn selected(&self) -> usize {
        self.selected.min(self.functions.len().saturating_sub(1))
    }

    pub(super) fn errors(&self) -> &Errors {
        &self.errors
    }

    pub(super) fn status(&self) -> &Document {
        &self.status
    }

    pub(super) fn report(&self) -> Option<&Report> {
        self.figures.report()
    }

    /// The help page, while it is shown.
    pub(super) fn help(&self) -> Option<&Document> {
        self.help.as_ref()
    }

    /// What is typed of a search, while it is.
    pub(super) fn prompt(&self) -> Option<&str> {
        self.prompt.as_deref()
    }

    pub(super) fn remark(&self) -> Option<&'static str> {
        self.remark
    }

    /// A call of the API for a shell, once its URL is known.
    pub(super) fn call(&self) -> Option<String> {
        self.api.as_deref().map(|api| format!("{CALL} {api}"))
    }

    /// The same in rows of the width, to be copied with the mouse; without enough room only the URL.
    pub(super) fn call_rows(&self, width: u16) -> Vec<String> {
        let (Some(api), Some(whole)) = (self.api.as_deref(), self.call()) else { return Vec::new() };
        let fits = |text: &str| Span::raw(text).width() <= usize::from(width);
        let halves = [format!("{CALL} \\"), format!("  {api}")];
        if fits(&whole) {
            vec![whole]
        } else if halves.iter().all(|half| fits(half)) {
            halves.into()
        } else {
            vec![fitted(&format!("POST {api}"), width)]
        }
    }

    /// The lines of a pane; the functions have none.
    pub(super) fn document(&self, pane: Pane) -> Option<&Document> {
        match pane {
            Pane::Functions => None,
            Pane::Errors => Some(&self.errors.document),
            Pane::Status => Some(&self.status),
            Pane::Logs => Some(&self.logs),
        }
    }

    /// How much room a pane has for lines, without its title.
    pub(super) fn view_of(&self, pane: Pane) -> Size {
        let places = places(Rect::from((ratatui::layout::Position::ORIGIN, self.size)), self);
        let place = places.panes.iter().find(|(other, _)| *other == pane).map(|(_, area)| *area);
        place.map_or(Size::new(0, 0), |area| Size::new(area.width, area.height.saturating_sub(1)))
    }

    /// The lines that keys are for, and their room.
    fn current(&mut self) -> Option<(&mut Document, Size)> {
        if self.help.is_some() {
            let view = Size::new(self.size.width, self.size.height.saturating_sub(2));
            return self.help.as_mut().map(|help| (help, view));
        }
        let view = self.view_of(self.focus);
        match self.focus {
            Pane::Functions => None,
            Pane::Errors => Some((&mut self.errors.document, view)),
            Pane::Status => Some((&mut self.status, view)),
            Pane::Logs => Some((&mut self.logs, view)),
        }
    }
}

/// Keys.
impl Screen {
    /// A key was pressed, by the name that the table of actions has for it.
    pub(super) fn press(&mut self, key: &str) -> Option<Request> {
        self.remark = None;
        if self.prompt.is_some() {
            return self.type_into_prompt(key);
        }
        action(key).and_then(|action| self.update(action))
    }

    /// Does what the action says.
    pub(super) fn update(&mut self, action: Action) -> Option<Request> {
        match action {
            Action::Quit => return Some(Request::Quit),
            Action::Copy => return self.copy(),
            Action::Help => self.help = if self.help.is_some() { None } else { Some(help::page()) },
            Action::Back => self.back(),
            Action::NextPane => self.go_to_pane(self.focus.step(1)),
            Action::PreviousPane => self.go_to_pane(self.focus.step(Pane::ALL.len() - 1)),
            Action::Pane(number) => self.go_to_pane(Pane::Functions.step(number - 1)),
            Action::Expand => self.expanded = !self.expanded,
            Action::Search => {
                if self.help.is_none() && self.focus == Pane::Functions {
                    self.focus = Pane::Logs;
                }
                self.prompt = Some(String::new());
            }
            Action::Only => self.filter_logs(),
            Action::Freeze => {
                self.help = None;
                self.focus = Pane::Logs;
                let view = self.view_of(Pane::Logs);
                self.logs.toggle_freeze(view);
            }
            other => self.move_in_pane(other),
        }
        None
    }

    fn move_in_pane(&mut self, action: Action) {
        let Some((document, view)) = self.current() else {
            self.select(action);
            return;
        };
        let page = isize::try_from(view.height).unwrap_or(isize::MAX).max(1);
        match action {
            Action::Down => document.scroll(1, view),
            Action::Up => document.scroll(-1, view),
            Action::Left => document.scroll_sideways(false),
            Action::Right => document.scroll_sideways(true),
            Action::HalfPageDown => document.scroll((page / 2).max(1), view),
            Action::HalfPageUp => document.scroll(-(page / 2).max(1), view),
            Action::PageDown => document.scroll(page, view),
            Action::PageUp => document.scroll(-page, view),
            Action::Start => document.go_to_start(view),
            Action::End => document.go_to_end(view),
            Action::Wrap => document.toggle_wrap(),
            Action::NextHit => document.step(true, view),
            Action::PreviousHit => document.step(false, view),
            _ => {}
        }
    }

    fn select(&mut self, action: Action) {
        let last = self.functions.len().saturating_sub(1);
        self.selected = match action {
            Action::Down => (self.selected() + 1).min(last),
            Action::Up => self.selected().saturating_sub(1),
            Action::Start | Action::PageUp | Action::HalfPageUp => 0,
            Action::End | Action::PageDown | Action::HalfPageDown => last,
            _ => self.selected(),
        };
    }

    fn go_to_pane(&mut self, pane: Pane) {
        self.help = None;
        self.focus = pane;
    }

    /// Undoes one thing that hides another, the nearest first.
    fn back(&mut self) {
        let view = self.view_of(Pane::Logs);
        if self.help.is_some() {
            self.help = None;
        } else if let Some((document, view)) =
            self.current().filter(|(document, _)| document.search().is_some())
        {
            document.search_for("", view);
        } else if self.logs.missed().is_some() {
            self.logs.toggle_freeze(view);
        } else if self.logs.only().is_some() {
            self.logs.show_only(None);
        } else {
            self.expanded = false;
        }
    }

    /// From the functions' pane: the selected one's logs, or all again. From elsewhere: the next function's, then all again.
    fn filter_logs(&mut self) {
        let names: Vec<&String> = self.functions.keys().collect();
        let shown = self.logs.only().and_then(|only| names.iter().position(|name| *name == only));
        let next = if self.focus == Pane::Functions {
            Some(self.selected()).filter(|selected| shown != Some(*selected))
        } else {
            Some(shown.map_or(0, |shown| shown + 1))
        };
        let only = next.and_then(|next| names.get(next)).map(|name| (*name).clone());
        self.logs.show_only(only);
    }

    fn copy(&mut self) -> Option<Request> {
        let call = self.call();
        self.remark = Some(if call.is_some() {
            "copied, if your terminal allows it"
        } else {
            "there is no API to call"
        });
        call.map(Request::Copy)
    }

    fn type_into_prompt(&mut self, key: &str) -> Option<Request> {
        let mut typed = self.prompt.take().unwrap_or_default();
        match key {
            "ctrl-c" => return Some(Request::Quit),
            "enter" => return None,
            "esc" => typed.clear(),
            "backspace" => {
                typed.pop();
                self.prompt = Some(typed.clone());
            }
            key => {
                if key.chars().count() == 1 {
                    typed.push_str(key);
                }
                self.prompt = Some(typed.clone());
            }
        }
        if let Some((document, view)) = self.current() {
            document.search_for(&typed, view);
        }
        None
    }

    /// Pasted text, of which only a search has use.
    pub(super) fn paste(&mut self, text: &str) {
        if self.prompt.is_some() {
            for character in text.lines().next().unwrap_or_default().chars().filter(|it| !it.is_control()) {
                self.type_into_prompt(character.encode_utf8(&mut [0; 4]));
            }
        }
    }

    /// Puts other lines into the status pane.
    pub(super) fn show_status(&mut self, lines: Vec<Line<'static>>) {
        self.status.replace(lines);
    }
}
