//! What keys, the mouse and typed commands do to the screen. Pure: what is beyond the screen is a [`Request`].

use ratatui::layout::{Position, Rect};

use crate::tui::action::{Action, named};
use crate::tui::layout::Pane;
use crate::tui::location::place_in;
use crate::tui::screen::{Order, Page, Prompt, Question, Request, Screen};
use crate::tui::text::words;
use crate::tui::trace::ids_in;
use crate::tui::view::{help, target};

/// How far a turn of the wheel goes, in lines.
const WHEEL: isize = 3;

/// The command that posts what follows it.
const SEND: &str = "send";

/// Said when a question was not answered with `yes`.
const UNCHANGED: &str = "nothing was changed";

/// Keys.
impl Screen {
    /// A key was pressed, by the name that the table of actions has for it.
    pub(super) fn press(&mut self, key: &str) -> Option<Request> {
        self.remark = None;
        if self.prompt.is_some() {
            return self.type_into_prompt(key);
        }
        self.keymap.action(key).and_then(|action| self.update(action))
    }

    /// Does what the action says.
    pub(super) fn update(&mut self, action: Action) -> Option<Request> {
        match action {
            Action::Quit => return Some(Request::Quit),
            Action::Copy => return self.copy(),
            Action::CopyJson => return self.copy_json(),
            Action::CopyCall => return self.copy_call(),
            Action::Open => return self.open(),
            Action::Pause => return self.pause(),
            Action::Rerun => return Some(Request::Order(Order::Rerun)),
            Action::Resend => return self.send(None),
            Action::Redraw => return Some(Request::Redraw),
            Action::Suspend => return Some(Request::Suspend),
            Action::Mouse => {
                self.mouse = !self.mouse;
                self.say(if self.mouse { "the mouse is devloop's" } else { "the mouse is the terminal's" });
                return Some(Request::Mouse(self.mouse));
            }
            Action::Help => self.toggle_page(help::page(&self.keymap)),
            Action::Target => self.toggle_page(target::page(&self.command, &self.target)),
            Action::RollBack => return self.roll_back(None),
            Action::Bench => return self.load(""),
            Action::Back => self.back(),
            Action::NextPane => self.go_to_pane(self.focus.step(1)),
            Action::PreviousPane => self.go_to_pane(self.focus.step(Pane::ALL.len() - 1)),
            Action::Pane(number) => self.go_to_pane(Pane::Functions.step(number - 1)),
            Action::Expand => self.expanded = !self.expanded,
            Action::Search => self.prompt = Some(Prompt::Search(String::new())),
            Action::Command => self.prompt = Some(Prompt::Command(String::new())),
            Action::Only => self.filter_logs(),
            Action::Timestamps => self.logs.toggle_stamps(),
            Action::Clear => self.logs.clear(),
            Action::Freeze => {
                self.page = None;
                self.focus = Pane::Logs;
                let view = self.view_of(Pane::Logs);
                self.logs.toggle_freeze(view);
            }
            other => self.move_in_pane(other),
        }
        None
    }

    fn say(&mut self, text: impl Into<String>) {
        self.remark = Some(text.into());
    }

    fn move_in_pane(&mut self, action: Action) {
        let reads_page = self.page.is_some();
        let Some((document, view)) = self.current() else {
            self.select(action);
            return;
        };
        let page = isize::try_from(view.height).unwrap_or(isize::MAX).max(1);
        match action {
            Action::Down if reads_page => document.scroll(1, view),
            Action::Up if reads_page => document.scroll(-1, view),
            Action::Down => document.step_cursor(true, view),
            Action::Up => document.step_cursor(false, view),
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
        let page = usize::from(self.view_of(Pane::Functions).height).max(1);
        let at = self.selected();
        self.selected = match action {
            Action::Down => at + 1,
            Action::Up => at.saturating_sub(1),
            Action::PageDown => at + page,
            Action::PageUp => at.saturating_sub(page),
            Action::HalfPageDown => at + (page / 2).max(1),
            Action::HalfPageUp => at.saturating_sub((page / 2).max(1)),
            Action::Start => 0,
            Action::End => last,
            Action::NextHit => self.next_match(1).unwrap_or(at),
            Action::PreviousHit => self.next_match(self.functions.len().saturating_sub(1)).unwrap_or(at),
            _ => at,
        }
        .min(last);
    }

    /// The function whose name holds what was searched for, from the selected one on in steps of this many, in a circle.
    fn next_match(&self, step: usize) -> Option<usize> {
        let names: Vec<&String> = self.functions.keys().collect();
        let wanted = self.wanted.to_lowercase();
        (0..names.len())
            .map(|turn| (self.selected() + step * (turn + 1)) % names.len())
            .find(|at| !wanted.is_empty() && names[*at].to_lowercase().contains(&wanted))
    }

    fn go_to_pane(&mut self, pane: Pane) {
        self.page = None;
        self.focus = pane;
    }

    /// Undoes one thing that hides another, the nearest first.
    fn back(&mut self) {
        if self.page.is_some() {
            self.page = None;
            return;
        }
        let view = self.view_of(Pane::Logs);
        if let Some((document, view)) = self.current() {
            if document.search().is_some() {
                document.search_for("", view);
                return;
            }
            if document.cursor().is_some() {
                document.unmark();
                return;
            }
        }
        if self.logs.missed().is_some() {
            self.logs.toggle_freeze(view);
        } else if self.logs.about().is_some() {
            self.logs.show_about(None);
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

    /// What the marked thing leads to.
    fn open(&mut self) -> Option<Request> {
        let view = self.view_of(self.focus);
        match self.focus {
            _ if self.page.is_some() => None,
            Pane::Functions => {
                self.filter_logs();
                None
            }
            Pane::Status => {
                self.say("there is nothing to open in the figures");
                None
            }
            Pane::Errors => {
                let place = self.errors.document.meant(view).and_then(|number| self.errors.place_at(number));
                if place.is_none() {
                    self.say(if self.errors.is_empty() {
                        "there is no error to open"
                    } else {
                        "this error names no place in a file"
                    });
                }
                place.map(Request::Edit)
            }
            Pane::Logs => {
                let (_, text) = self.logs.text_of(self.logs.meant(view)?);
                if let Some(place) = place_in(&text) {
                    return Some(Request::Edit(place));
                }
                // Of several ids, such as Lambda's own and the pipeline's, the one that most functions speak of is followed.
                let ids = ids_in(&text);
                match ids.iter().rev().max_by_key(|id| self.logs.sources_about(id)) {
                    Some(_) if ids.iter().any(|id| self.logs.about() == Some(id)) => {
                        self.logs.show_about(None);
                    }
                    Some(id) => self.logs.show_about(Some(id.clone())),
                    None => self.say("this line names neither a place in a file nor a request"),
                }
                None
            }
        }
    }

    fn pause(&mut self) -> Option<Request> {
        if self.command != "watch" {
            self.say("saves are not followed here: `devloop watch` follows them");
            return None;
        }
        Some(Request::Order(if self.paused.is_some() { Order::Resume } else { Order::Pause }))
    }

    /// Posts the body; none: the one that was typed last, or a message like the call's.
    fn send(&mut self, body: Option<String>) -> Option<Request> {
        let Some(url) = self.api.clone() else {
            self.say("there is no API to call");
            return None;
        };
        self.sent = body.or_else(|| self.sent.take());
        let body = self.sent.clone();
        Some(Request::Order(Order::Send { url, body }))
    }

    fn type_into_prompt(&mut self, key: &str) -> Option<Request> {
        let mut prompt = self.prompt.take()?;
        let mut goes_on = true;
        match key {
            "ctrl-c" => return Some(Request::Quit),
            "enter" => {
                return match prompt {
                    Prompt::Search(_) => None,
                    Prompt::Command(typed) => self.run(&typed),
                    Prompt::Agree(question) => self.agree(question),
                };
            }
            "esc" => {
                prompt.typed().clear();
                goes_on = false;
            }
            "backspace" => goes_on = prompt.typed().pop().is_some(),
            key if key.chars().count() == 1 => prompt.typed().push_str(key),
            _ => {}
        }
        match &prompt {
            Prompt::Search(typed) => self.search_for(typed),
            Prompt::Agree(_) if !goes_on => self.say(UNCHANGED),
            _ => {}
        }
        self.prompt = goes_on.then_some(prompt);
        None
    }

    /// A word and not a key: the question comes while other keys may be typed.
    fn agree(&mut self, question: Question) -> Option<Request> {
        if question.typed.trim() != "yes" {
            self.say(UNCHANGED);
            return None;
        }
        self.say(format!("rolling {} back", question.function));
        Some(Request::Order(Order::RollBack { function: question.function, agreed: true }))
    }

    /// Asks for the code before of the named function; none: the one that is selected for everybody to see.
    fn roll_back(&mut self, named: Option<&str>) -> Option<Request> {
        let only = || self.functions.keys().next().filter(|_| self.functions.len() == 1);
        let function = match named {
            Some(name) => self.functions.get_key_value(name).map(|(name, _)| name),
            None if self.focus == Pane::Functions => self.selected_name(),
            None => only(),
        };
        let Some(function) = function.cloned() else {
            let names: Vec<&str> = self.functions.keys().map(String::as_str).collect();
            let which = named.map_or_else(
                || "choose the function first, in its pane".to_owned(),
                |name| format!("there is no function `{name}`"),
            );
            self.say(format!("{which}, or type `:rollback FUNCTION`: {}", names.join(", ")));
            return None;
        };
        self.say(format!("rolling {function} back"));
        Some(Request::Order(Order::RollBack { function, agreed: false }))
    }

    fn load(&mut self, options: &str) -> Option<Request> {
        if !self.takes_load {
            self.say("`devloop bench` follows requests on the embedded cloud and on LocalStack only");
            return None;
        }
        Some(Request::Load(words(options)))
    }

    fn toggle_page(&mut self, page: Page) {
        let shown = self.page.as_ref().is_some_and(|shown| shown.title == page.title);
        self.page = (!shown).then_some(page);
    }

    fn search_for(&mut self, typed: &str) {
        if let Some((document, view)) = self.current() {
            document.search_for(typed, view);
            return;
        }
        typed.clone_into(&mut self.wanted);
        // The selected function is a hit too.
        let before = self.functions.len().saturating_sub(1);
        let selected = self.selected();
        self.selected = (selected + before) % self.functions.len().max(1);
        self.selected = self.next_match(1).unwrap_or(selected);
    }

    /// Runs a typed command: the name of an action, which few of them follow with more, or `send` with a body.
    fn run(&mut self, typed: &str) -> Option<Request> {
        let typed = typed.trim();
        let (name, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        match (name, rest.trim()) {
            ("", _) => None,
            (SEND, "") => self.send(None),
            (SEND, body) => self.send(Some(body.to_owned())),
            (name, rest) if !rest.is_empty() && named(name) == Some(Action::RollBack) => {
                self.roll_back(Some(rest))
            }
            (name, options) if named(name) == Some(Action::Bench) => self.load(options),
            (name, wanted) if !wanted.is_empty() && named(name) == Some(Action::Target) => {
                self.say(target::switch(&self.command, wanted));
                None
            }
            (name, "") => {
                let Some(action) = named(name) else {
                    self.page = Some(help::page(&self.keymap));
                    self.say(format!("there is no command `{name}`; these are all"));
                    return None;
                };
                self.update(action)
            }
            (name, rest) => {
                self.say(format!("`{name}` takes nothing, and `{rest}` was given"));
                None
            }
        }
    }

    /// Pasted text, of which only what is typed at the bottom has use.
    pub(super) fn paste(&mut self, text: &str) {
        if self.prompt.is_some() {
            for character in text.lines().next().unwrap_or_default().chars().filter(|it| !it.is_control()) {
                self.type_into_prompt(character.encode_utf8(&mut [0; 4]));
            }
        }
    }
}

/// The mouse.
impl Screen {
    /// The pane there, with the place of its lines.
    fn pane_at(&self, at: Position) -> Option<(Pane, Rect)> {
        self.places().panes.into_iter().find(|(_, area)| area.contains(at))
    }

    /// A click selects what lies under it; on the call of the API it copies that.
    pub(super) fn click(&mut self, column: u16, row: u16) -> Option<Request> {
        self.remark = None;
        let at = Position::new(column, row);
        if self.page.is_some() {
            return None;
        }
        if self.places().call.contains(at) {
            return self.copy_call();
        }
        let (pane, area) = self.pane_at(at)?;
        self.focus = pane;
        let row = (row - area.y).checked_sub(1)?;
        if pane == Pane::Functions {
            let chosen = self.first_row() + usize::from(row);
            if chosen < self.functions.len() {
                self.selected = chosen;
            }
        } else if let Some((document, view)) = self.current() {
            document.click(row, view);
        }
        None
    }

    /// The wheel moves what lies under it, whatever the keys are for.
    pub(super) fn wheel(&mut self, column: u16, row: u16, down: bool) {
        let lines = if down { WHEEL } else { -WHEEL };
        if self.page.is_some() {
            if let Some((document, view)) = self.current() {
                document.scroll(lines, view);
            }
            return;
        }
        let Some((pane, _)) = self.pane_at(Position::new(column, row)) else { return };
        let view = self.view_of(pane);
        match pane {
            Pane::Functions => self.select_by(down),
            Pane::Errors => self.errors.document.scroll(lines, view),
            Pane::Status => self.status.scroll(lines, view),
            Pane::Logs => self.logs.scroll(lines, view),
        }
    }

    fn select_by(&mut self, down: bool) {
        self.select(if down { Action::Down } else { Action::Up });
    }

    /// The function in the first row of its pane.
    pub(super) fn first_row(&self) -> usize {
        (self.selected() + 1).saturating_sub(usize::from(self.view_of(Pane::Functions).height))
    }
}
