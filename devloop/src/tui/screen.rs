//! Everything that the screen shows. Pure: [`super::notices`] changes it by events, [`super::input`] by keys and mouse, `view`
//! draws it; time and size are passed in.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use ratatui::layout::{Rect, Size};
use ratatui::text::Line;

use crate::engine::{FunctionState, Location, Phases};
use crate::status::{ApiCall, Hop, StatusReport};
use crate::tui::call::rows;
use crate::tui::document::Document;
use crate::tui::errors::Errors;
use crate::tui::keymap::Keymap;
use crate::tui::layout::{Pane, Places, places};
use crate::tui::notices::Figures;
use crate::tui::saves::Saves;
use crate::tui::text::fitted;

/// How many lines of logs are kept; the session's log file has all.
const LOG_LINES: usize = 10_000;

/// How many rows the call of the API takes at most.
const MOST_CALL_ROWS: usize = 3;

/// The body of a call of the pipeline's API. Its id is different each time, because the pipeline drops ids that it has seen before.
const MESSAGE: &str = r#"-d '{"id":"'$RANDOM'","message":"Hello World","timestamp":'$(date +%s)'}'"#;

/// The type of that body where the API is not devloop's own. LocalStack reads a body that `curl` calls a form as a request to AWS, and
/// the function gets nothing of it.
const AS_JSON: &str = "-H 'content-type: application/json'";

/// An effect outside of the screen that a key asks for: in the session, the terminal or a child process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// End the session.
    Quit,
    /// Put the text into the user's clipboard.
    Copy(String),
    /// Open the user's editor at this place.
    Edit(Location),
    /// Give the session a command.
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

/// A command to the session, which answers by its announcements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Only note saves.
    Pause,
    /// Build what was noted, and every save again.
    Resume,
    /// Build everything.
    Rerun,
    /// Roll the function back to its previous code.
    RollBack {
        function: String,
        /// Whether the user has agreed to what that changes.
        agreed: bool,
    },
    /// Send a request to the URL, and show the answer among the logs.
    Send {
        /// The request that the screen shows.
        call: ApiCall,
        what: Sent,
    },
}

/// What a request to the API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// A post of the pipeline's message, with an id that was not sent before.
    Message,
    /// The request with this body, which was typed.
    Body(String),
    /// The request as it is shown.
    Shown,
}

/// The commit that is checked out in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// The first characters of its name.
    pub(crate) short: String,
    /// Whether files that git tracks have changed since.
    pub(crate) dirty: bool,
}

/// What is typed at the bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Prompt {
    /// A search in the pane.
    Search(String),
    /// A command.
    Command(String),
    /// The answer to whether a function is to be rolled back.
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

/// A rollback that the user has to agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) function: String,
    /// What the rollback would change.
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
    /// The command that was started, such as `watch`.
    pub(super) command: String,
    pub(super) endpoint: String,
    pub(super) zone: TimeZone,
    pub(super) functions: BTreeMap<String, FunctionState>,
    pub(super) errors: Errors,
    pub(super) status: Document,
    pub(super) logs: Document,
    pub(super) figures: Figures,
    pub(super) saves: BTreeMap<String, Saves>,
    /// The saves of all functions.
    pub(super) all_saves: Saves,
    /// The function of the last save, and where its time went.
    pub(super) last_save: Option<(String, Phases)>,
    /// How many saves were noted since the session was paused; `None` while it is not paused.
    pub(super) paused: Option<usize>,
    pub(super) commit: Option<Commit>,
    pub(super) keymap: Keymap,
    /// The paths of events through the pipeline, from the template.
    pub(super) event_paths: Vec<Vec<Hop>>,
    /// Whether devloop has the mouse, and not the terminal.
    pub(super) mouse: bool,
    /// The body that was typed and posted last.
    pub(super) sent: Option<String>,
    /// Cargo's current progress line.
    pub(super) progress: Option<String>,
    /// What the APIs of the templates' outputs take, by the URLs of the outputs.
    pub(super) calls: BTreeMap<String, ApiCall>,
    /// The request to the API that is shown.
    pub(super) api: Option<ApiCall>,
    /// Whether it is the pipeline's API, which takes messages.
    pub(super) takes_messages: bool,
    /// Whether the API is on LocalStack or AWS.
    pub(super) is_elsewhere: bool,
    pub(super) size: Size,
    pub(super) focus: Pane,
    pub(super) selected: usize,
    pub(super) expanded: bool,
    /// The page over the whole screen, if one is open.
    pub(super) page: Option<Page>,
    /// Where the functions run, by name and value.
    pub(super) target: Vec<(&'static str, String)>,
    /// Whether `devloop bench` can load this target.
    pub(super) takes_load: bool,
    pub(super) prompt: Option<Prompt>,
    /// Shown in the footer until the next key.
    pub(super) remark: Option<String>,
    /// The last search text in the functions' pane.
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
            calls: BTreeMap::new(),
            api: None,
            takes_messages: false,
            is_elsewhere: false,
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

    /// Takes the terminal's size.
    pub(super) fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// The pane that has the focus.
    pub(super) fn focus(&self) -> Pane {
        self.focus
    }

    /// Whether the pane with the focus is the only one shown.
    pub(super) fn is_expanded(&self) -> bool {
        self.expanded
    }

    /// Every function with its state.
    pub(super) fn functions(&self) -> &BTreeMap<String, FunctionState> {
        &self.functions
    }

    /// The index of the selected function.
    pub(super) fn selected(&self) -> usize {
        self.selected.min(self.functions.len().saturating_sub(1))
    }

    pub(super) fn errors(&self) -> &Errors {
        &self.errors
    }

    pub(super) fn status(&self) -> &Document {
        &self.status
    }

    pub(super) fn report(&self) -> Option<&StatusReport> {
        self.figures.report()
    }

    /// The page over the whole screen, if one is open.
    pub(super) fn page(&self) -> Option<&Page> {
        self.page.as_ref()
    }

    /// What is being typed at the bottom, if anything is.
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
        self.command().map(|command| command.join(" "))
    }

    /// The parts of the call.
    fn command(&self) -> Option<Vec<String>> {
        let api = self.api.as_ref()?;
        if !self.takes_messages {
            return Some(api.command());
        }
        let url = api.url.clone();
        Some(if self.is_elsewhere {
            vec![format!("curl {AS_JSON}"), MESSAGE.to_owned(), url]
        } else {
            vec![format!("curl {MESSAGE}"), url]
        })
    }

    /// The call in rows of this width, so that the mouse can copy it; only method and URL if there is not enough room.
    pub(super) fn call_rows(&self, width: u16) -> Vec<String> {
        let (Some(api), Some(command)) = (&self.api, self.command()) else { return Vec::new() };
        rows(&command, width, MOST_CALL_ROWS).unwrap_or_else(|| {
            let method = if self.takes_messages { "POST" } else { &api.method };
            vec![fitted(&format!("{method} {}", api.url), width)]
        })
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

    /// The areas of the screen.
    pub(super) fn places(&self) -> Places {
        places(Rect::from((ratatui::layout::Position::ORIGIN, self.size)), self)
    }

    /// How much room a pane has for lines, without its title.
    pub(super) fn view_of(&self, pane: Pane) -> Size {
        let places = self.places();
        let place = places.panes.iter().find(|(other, _)| *other == pane).map(|(_, area)| *area);
        place.map_or(Size::new(0, 0), |area| Size::new(area.width, area.height.saturating_sub(1)))
    }

    /// The lines of the pane with the focus, and their area's size.
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

    /// Replaces the lines of the status pane.
    pub(super) fn show_status(&mut self, lines: Vec<Line<'static>>) {
        self.status.replace(lines);
    }
}
