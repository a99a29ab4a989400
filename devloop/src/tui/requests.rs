//! Keys that make requests of the session, of an editor, or of `devloop bench`.

use crate::tui::layout::Pane;
use crate::tui::location::place_in;
use crate::tui::screen::{Order, Request, Screen, Sent};
use crate::tui::text::words;
use crate::tui::trace::ids_in;

impl Screen {
    /// Opens what is marked.
    pub(super) fn open(&mut self) -> Option<Request> {
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
                // Of several ids, such as Lambda's own and the pipeline's, the one that occurs in most functions' lines is
                // followed.
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

    pub(super) fn pause(&mut self) -> Option<Request> {
        if self.command != "watch" {
            self.say("saves are not followed here: `devloop watch` follows them");
            return None;
        }
        Some(Request::Order(if self.paused.is_some() { Order::Resume } else { Order::Pause }))
    }

    /// Sends the body; `None`: the body that was typed last. If none was typed, sends what the call that is shown sends.
    pub(super) fn send(&mut self, body: Option<String>) -> Option<Request> {
        let Some(call) = self.api.clone() else {
            self.say("there is no API to call");
            return None;
        };
        self.sent = body.or_else(|| self.sent.take());
        let what = match (&self.sent, self.takes_messages) {
            (Some(body), _) => Sent::Body(body.clone()),
            (None, true) => Sent::Message,
            (None, false) => Sent::Shown,
        };
        Some(Request::Order(Order::Send { call, what }))
    }

    /// Asks for a rollback of the named function; `None`: of the selected one, if the functions' pane has the focus.
    pub(super) fn roll_back(&mut self, named: Option<&str>) -> Option<Request> {
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

    pub(super) fn load(&mut self, options: &str) -> Option<Request> {
        if !self.takes_load {
            self.say("`devloop bench` follows requests on the embedded cloud and on LocalStack only");
            return None;
        }
        Some(Request::Load(words(options)))
    }
}
