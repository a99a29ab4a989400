//! What is typed at the bottom: a search, a command, the answer to a question.

use crate::tui::action::{Action, named};
use crate::tui::screen::{Order, Prompt, Question, Request, Screen};
use crate::tui::view::{help, target};

/// The command that posts what follows it.
const SEND: &str = "send";

/// Shown when a question was not answered with `yes`.
const UNCHANGED: &str = "nothing was changed";

impl Screen {
    pub(super) fn type_into_prompt(&mut self, key: &str) -> Option<Request> {
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

    /// The answer is a word and not a key, because the question may appear while the user is typing.
    fn agree(&mut self, question: Question) -> Option<Request> {
        if question.typed.trim() != "yes" {
            self.say(UNCHANGED);
            return None;
        }
        self.say(format!("rolling {} back", question.function));
        Some(Request::Order(Order::RollBack { function: question.function, agreed: true }))
    }

    fn search_for(&mut self, typed: &str) {
        if let Some((document, view)) = self.current() {
            document.search_for(typed, view);
            return;
        }
        typed.clone_into(&mut self.wanted);
        // The search begins with the selected function.
        let before = self.functions.len().saturating_sub(1);
        let selected = self.selected();
        self.selected = (selected + before) % self.functions.len().max(1);
        self.selected = self.next_match(1).unwrap_or(selected);
    }

    /// Runs a typed command: the name of an action, a few of which take arguments, or `send` with a body.
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

    /// Takes pasted text, which is only used while something is being typed at the bottom.
    pub(super) fn paste(&mut self, text: &str) {
        if self.prompt.is_some() {
            for character in text.lines().next().unwrap_or_default().chars().filter(|it| !it.is_control()) {
                self.type_into_prompt(character.encode_utf8(&mut [0; 4]));
            }
        }
    }
}
