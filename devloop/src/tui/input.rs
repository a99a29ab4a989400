//! What keys do to the screen. Pure: effects outside of the screen are returned as a [`Request`].

use crate::tui::action::Action;
use crate::tui::layout::Pane;
use crate::tui::screen::{Order, Page, Prompt, Request, Screen};
use crate::tui::view::{help, target};

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
            Action::Raw => {
                self.logs.toggle_raw();
                self.say(if self.logs.is_raw() {
                    "lines as they were written"
                } else {
                    "lines as people read them"
                });
            }
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

    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.remark = Some(text.into());
    }

    fn go_to_pane(&mut self, pane: Pane) {
        self.page = None;
        self.focus = pane;
    }

    /// Leaves the topmost of the states that hide or hold something: page, search, mark, freeze, filter, large pane.
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
    pub(super) fn filter_logs(&mut self) {
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

    pub(super) fn toggle_page(&mut self, page: Page) {
        let shown = self.page.as_ref().is_some_and(|shown| shown.title == page.title);
        self.page = (!shown).then_some(page);
    }
}
