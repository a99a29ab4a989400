//! Everything that the screen shows. Pure: [`super::notices`] changes it by what happens, [`super::input`] by keys and mouse,
//! `view` draws it, and time and size are told to it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use ratatui::layout::{Rect, Size};
use ratatui::text::{Line, Span};

use crate::engine::{FunctionState, Location, Phases};
use crate::status::{Hop, Report};
use crate::tui::document::Document;
use crate::tui::errors::Errors;
use crate::tui::keymap::Keymap;
use crate::tui::layout::{Pane, Places, places};
use crate::tui::notices::Figures;
use crate::tui::saves::Saves;
use crate::tui::text::fitted;

/// How many lines of logs are kept; the session's log file has all.
const LOG_LINES: usize = 10_000;

/// A call of the API without its URL. The id is another one each time, because the pipeline drops what it has seen before.
const CALL: &str = r#"curl -d '{"id":"'$RANDOM'","message":"Hello World","timestamp":'$(date +%s)'}'"#;

/// What a key asks for beyond the screen: of the session, the terminal or a child process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// End the session.
    Quit,
    /// Put the text into the user's clipboard.
    Copy(String),
    /// Open the user's editor there.
    Edit(Location),
    /// Have the session do something.
    Order(Order),
    /// Lend the terminal to a load with these arguments.
    Load(Vec<String>),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Draw everything anew.
    Redraw,
    /// Stop as a job of the shell.
    Suspend,
}

/// What the screen asks of its session, which answers by what it announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Only note saves.
    Pause,
    /// Build what was noted, and every save again.
    Resume,
    /// Build everything.
    Rerun,
    /// Let the function's code before this one serve again.
    RollBack {
        function: String,
        /// The user has agreed to what that changes.
        agreed: bool,
    },
    /// Post this body to the URL, and tell the answer among the logs.
    Send {
        /// Where to.
        url: String,
        /// What; none: a message like that of the call.
        body: Option<String>,
    },
}

/// The commit that the workspace stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// The first characters of its name.
    pub(crate) short: String,
    /// Files that git follows were changed since.
    pub(crate) dirty: bool,
}

/// What is typed at the bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Prompt {
    /// A search of the pane.
    Search(String),
    /// A command.
    Command(String),
    /// Whether a function is to be rolled back.
    Agree(Question),
}

impl Prompt {
    /// What has been typed so far.
    pub(super) fn typed(&mut self) -> &mut String {
        match self {
            Self::Search(typed) | Self::Command(typed) | Self::Agree(Question { typed, .. }) => typed,
        }
    }
}

/// A rollback that has to be agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) function: String,
    /// What it would change.
    pub(super) plan: String,
    pub(super) typed: String,
}

/// Lines over the whole screen.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) title: &'static str,
    pub(super) lines: Document,
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
    pub(super) saves: BTreeMap<String, Saves>,
    /// Those of all functions.
    pub(super) all_saves: Saves,
    /// Where the time of the last save went, and whose it was.
    pub(super) last_save: Option<(String, Phases)>,
    /// How many saves were noted while nothing is built; none while everything is.
    pub(super) paused: Option<usize>,
    pub(super) commit: Option<Commit>,
    pub(super) keymap: Keymap,
    /// The ways through the pipeline, as the template tells.
    pub(super) event_paths: Vec<Vec<Hop>>,
    /// The mouse is ours, and not the terminal's.
    pub(super) mouse: bool,
    /// The body that was typed and posted last.
    pub(super) sent: Option<String>,
    /// What cargo says at this moment.
    pub(super) progress: Option<String>,
    /// The API's URL.
    pub(super) api: Option<String>,
    pub(super) size: Size,
    pub(super) focus: Pane,
    pub(super) selected: usize,
    pub(super) expanded: bool,
    /// What lies over everything.
    pub(super) page: Option<Page>,
    /// Where the functions run, by name and value.
    pub(super) target: Vec<(&'static str, String)>,
    /// `devloop bench` can load what runs there.
    pub(super) takes_load: bool,
    pub(super) prompt: Option<Prompt>,
    /// Said in the footer until the next key.
    pub(super) remark: Option<String>,
    /// What the functions were searched for last.
    pub(super) wanted: String,
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
            saves: BTreeMap::new(),
            all_saves: Saves::default(),
            last_save: None,
            paused: None,
            commit: None,
            keymap: Keymap::default(),
            event_paths: Vec::new(),
            mouse: false,
            sent: None,
            progress: None,
            api: None,
            size: Size::new(80, 24),
            focus: Pane::Logs,
            selected: 0,
            expanded: false,
            page: None,
            target: Vec::new(),
            takes_load: false,
            prompt: None,
            remark: None,
            wanted: String::new(),
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

    /// The page over everything, while there is one.
    pub(super) fn page(&self) -> Option<&Page> {
        self.page.as_ref()
    }

    /// What is typed at the bottom, while it is.
    pub(super) fn prompt(&self) -> Option<&Prompt> {
        self.prompt.as_ref()
    }

    pub(super) fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
    }

    /// The selected function's name.
    pub(super) fn selected_name(&self) -> Option<&String> {
        self.functions.keys().nth(self.selected())
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

    /// What lies where.
    pub(super) fn places(&self) -> Places {
        places(Rect::from((ratatui::layout::Position::ORIGIN, self.size)), self)
    }

    /// How much room a pane has for lines, without its title.
    pub(super) fn view_of(&self, pane: Pane) -> Size {
        let places = self.places();
        let place = places.panes.iter().find(|(other, _)| *other == pane).map(|(_, area)| *area);
        place.map_or(Size::new(0, 0), |area| Size::new(area.width, area.height.saturating_sub(1)))
    }

    /// The lines that keys are for, and their room.
    pub(super) fn current(&mut self) -> Option<(&mut Document, Size)> {
        if self.page.is_some() {
            let view = Size::new(self.size.width, self.size.height.saturating_sub(2));
            return self.page.as_mut().map(|page| (&mut page.lines, view));
        }
        let view = self.view_of(self.focus);
        match self.focus {
            Pane::Functions => None,
            Pane::Errors => Some((&mut self.errors.document, view)),
            Pane::Status => Some((&mut self.status, view)),
            Pane::Logs => Some((&mut self.logs, view)),
        }
    }

    /// Puts other lines into the status pane.
    pub(super) fn show_status(&mut self, lines: Vec<Line<'static>>) {
        self.status.replace(lines);
    }
}
