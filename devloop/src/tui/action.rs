//! The user's actions and their keys. The help page, the footer, the command line and the settings are made from this table, so
//! that they cannot contradict it.

/// An action of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Help,
    Quit,
    Back,
    Down,
    Up,
    Left,
    Right,
    Start,
    End,
    PageDown,
    PageUp,
    HalfPageDown,
    HalfPageUp,
    NextPane,
    PreviousPane,
    /// The pane with this number.
    Pane(usize),
    Search,
    NextHit,
    PreviousHit,
    Command,
    Open,
    Only,
    Freeze,
    Expand,
    Wrap,
    Timestamps,
    Raw,
    Pause,
    Rerun,
    RollBack,
    Resend,
    Bench,
    Target,
    Copy,
    CopyJson,
    CopyCall,
    Mouse,
    Clear,
    Redraw,
    Suspend,
}

/// An action with its keys.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) action: Action,
    /// Its name in settings and on the command line.
    pub(super) name: &'static str,
    /// Its usual keys, as [`super::keys::name`] writes them.
    pub(super) keys: &'static [&'static str],
    /// One word for the footer.
    pub(super) word: &'static str,
    /// A line for the help page.
    pub(super) meaning: &'static str,
}

const fn bind(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    word: &'static str,
    meaning: &'static str,
) -> Binding {
    Binding { action, name, keys, word, meaning }
}

/// Every action, in the order of the help page.
pub(super) const BINDINGS: &[Binding] = &[
    bind(Action::Help, "help", &["?"], "help", "show or hide this page"),
    bind(Action::Quit, "quit", &["q", "ctrl-c"], "quit", "stop the session"),
    bind(
        Action::Back,
        "back",
        &["esc"],
        "back",
        "leave the page, search, mark, freeze, filter or expanded pane, one at a time; never quits",
    ),
    bind(Action::NextPane, "next-pane", &["tab"], "pane", "go to the next pane"),
    bind(Action::PreviousPane, "previous-pane", &["shift-tab"], "back a pane", "go to the previous pane"),
    bind(Action::Pane(1), "functions", &["1"], "functions", "go to the functions"),
    bind(Action::Pane(2), "errors", &["2"], "errors", "go to the errors"),
    bind(Action::Pane(3), "status", &["3"], "status", "go to the figures"),
    bind(Action::Pane(4), "logs", &["4"], "logs", "go to the logs"),
    bind(Action::Down, "down", &["j", "down"], "down", "mark the next line or function"),
    bind(Action::Up, "up", &["k", "up"], "up", "mark the previous line or function"),
    bind(Action::Left, "left", &["h", "left"], "left", "scroll to the left"),
    bind(Action::Right, "right", &["l", "right"], "right", "scroll to the right"),
    bind(Action::HalfPageDown, "half-down", &["ctrl-d"], "half down", "scroll half a page down"),
    bind(Action::HalfPageUp, "half-up", &["ctrl-u"], "half up", "scroll half a page up"),
    bind(Action::PageDown, "page-down", &["pagedown"], "page down", "scroll a page down"),
    bind(Action::PageUp, "page-up", &["pageup"], "page up", "scroll a page up"),
    bind(Action::Start, "start", &["g", "home"], "start", "go to the first line"),
    bind(Action::End, "end", &["G", "end"], "end", "go to the last line; the logs follow new lines again"),
    bind(
        Action::Search,
        "search",
        &["/"],
        "search",
        "search the pane: `text`, `!text` for lines without it, `-f text` for a fuzzy search",
    ),
    bind(Action::NextHit, "next-hit", &["n"], "next", "go to the next hit"),
    bind(Action::PreviousHit, "previous-hit", &["N"], "previous", "go to the previous hit"),
    bind(
        Action::Command,
        "command",
        &[":"],
        "command",
        "type a command: any name of this page, or `send BODY`",
    ),
    bind(
        Action::Open,
        "open",
        &["enter"],
        "open",
        "an error or panic: open your editor there; a function: show its logs; a log line: its request in all stages",
    ),
    bind(
        Action::Only,
        "filter",
        &["o"],
        "filter",
        "show the logs of one function: in the functions the selected one, elsewhere the next one",
    ),
    bind(
        Action::Freeze,
        "freeze",
        &["f"],
        "freeze",
        "stop the logs and count the new lines, or let the logs continue",
    ),
    bind(Action::Expand, "expand", &["e"], "expand", "show only this pane, or all panes"),
    bind(Action::Wrap, "wrap", &["w"], "wrap", "wrap long lines, or cut them off"),
    bind(Action::Timestamps, "timestamps", &["t"], "times", "show or hide the times of the logs"),
    bind(Action::Raw, "raw", &["v"], "raw", "show JSON log lines as the functions wrote them, or formatted"),
    bind(
        Action::Clear,
        "clear",
        &["ctrl-k"],
        "clear",
        "clear the logs on the screen; the log files keep them",
    ),
    bind(
        Action::Pause,
        "pause",
        &["p"],
        "pause",
        "stop building on saves, or build everything saved meanwhile and go on",
    ),
    bind(Action::Rerun, "rerun", &["f5"], "rerun", "build everything again"),
    bind(
        Action::RollBack,
        "rollback",
        &["R"],
        "roll back",
        "return the selected function to its previous code until the next save; `rollback NAME`",
    ),
    bind(
        Action::Bench,
        "bench",
        &["b"],
        "bench",
        "give the terminal to `devloop bench`, which loads this pipeline; `bench OPTIONS`",
    ),
    bind(
        Action::Target,
        "target",
        &["T"],
        "target",
        "show where the functions run, and how to run them elsewhere",
    ),
    bind(
        Action::Resend,
        "resend",
        &["r"],
        "resend",
        "send the curl line's request to the API; the last typed body again, if any",
    ),
    bind(Action::Copy, "copy", &["c"], "copy", "copy the marked function, error or line (OSC 52)"),
    bind(Action::CopyJson, "copy-json", &["y"], "as JSON", "copy the marked function, error or line as JSON"),
    bind(Action::CopyCall, "copy-call", &["u"], "copy curl", "copy a curl command that calls the API"),
    bind(
        Action::Mouse,
        "mouse",
        &["m"],
        "mouse",
        "leave the mouse to the terminal, to select text, or use it here again",
    ),
    bind(Action::Redraw, "redraw", &["ctrl-l"], "redraw", "draw the screen again"),
    bind(Action::Suspend, "suspend", &["ctrl-z"], "suspend", "return to the shell until `fg`"),
];

/// The actions in the footer, the most useful first; as many as fit are shown.
pub(super) const FOOTER: &[Action] = &[
    Action::Help,
    Action::Quit,
    Action::NextPane,
    Action::Search,
    Action::Open,
    Action::Resend,
    Action::Bench,
    Action::Pause,
    Action::RollBack,
    Action::Only,
    Action::Copy,
    Action::Freeze,
    Action::Expand,
    Action::Wrap,
    Action::CopyCall,
    Action::Back,
];

/// The action's row in the table.
pub(super) fn binding(action: Action) -> Option<&'static Binding> {
    BINDINGS.iter().find(|binding| binding.action == action)
}

/// The action of this name.
pub(super) fn named(name: &str) -> Option<Action> {
    BINDINGS.iter().find(|binding| binding.name == name).map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BINDINGS, FOOTER, binding, named};

    fn are_different<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> bool {
        texts.clone().collect::<BTreeSet<_>>().len() == texts.count()
    }

    #[test]
    fn every_action_has_a_name_a_key_and_a_meaning_of_its_own() {
        assert!(are_different(BINDINGS.iter().flat_map(|binding| binding.keys).copied()));
        assert!(are_different(BINDINGS.iter().map(|binding| binding.name)));
        assert!(are_different(BINDINGS.iter().map(|binding| binding.meaning)));
        assert!(BINDINGS.iter().all(|binding| !binding.keys.is_empty()));
        for binding in BINDINGS {
            assert_eq!(named(binding.name), Some(binding.action));
        }
    }

    #[test]
    fn the_footer_names_only_what_there_is() {
        assert!(FOOTER.iter().all(|action| binding(*action).is_some()));
    }
}
