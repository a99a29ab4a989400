//! What a user can do, and by which keys. The help page and the footer are made from this table, so they cannot say otherwise.

/// Something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    Freeze,
    Expand,
    Wrap,
    Only,
    Copy,
}

/// An action with its keys.
pub(super) struct Binding {
    pub(super) action: Action,
    /// As [`super::keys::name`] writes them.
    pub(super) keys: &'static [&'static str],
    /// One word for the footer.
    pub(super) word: &'static str,
    /// A line for the help page.
    pub(super) meaning: &'static str,
}

const fn bind(
    action: Action,
    keys: &'static [&'static str],
    word: &'static str,
    meaning: &'static str,
) -> Binding {
    Binding { action, keys, word, meaning }
}

/// Every action, in the order of the help page.
pub(super) const BINDINGS: &[Binding] = &[
    bind(Action::Help, &["?"], "help", "show or hide this page"),
    bind(Action::Quit, &["q", "ctrl-c"], "quit", "stop the session"),
    bind(
        Action::Back,
        &["esc"],
        "back",
        "leave help, search, filter, freeze or the large pane, one after the other",
    ),
    bind(Action::NextPane, &["tab"], "pane", "go to the next pane"),
    bind(Action::PreviousPane, &["shift-tab"], "back a pane", "go to the pane before"),
    bind(Action::Pane(1), &["1"], "functions", "go to the functions"),
    bind(Action::Pane(2), &["2"], "errors", "go to the errors"),
    bind(Action::Pane(3), &["3"], "status", "go to the figures"),
    bind(Action::Pane(4), &["4"], "logs", "go to the logs"),
    bind(Action::Down, &["j", "down"], "down", "one line down, or the next function"),
    bind(Action::Up, &["k", "up"], "up", "one line up, or the function before"),
    bind(Action::Left, &["h", "left"], "left", "see more of the lines' beginnings"),
    bind(Action::Right, &["l", "right"], "right", "see more of the lines' ends"),
    bind(Action::HalfPageDown, &["ctrl-d"], "half down", "half a page down"),
    bind(Action::HalfPageUp, &["ctrl-u"], "half up", "half a page up"),
    bind(Action::PageDown, &["pagedown"], "page down", "a page down"),
    bind(Action::PageUp, &["pageup"], "page up", "a page up"),
    bind(Action::Start, &["g", "home"], "start", "go to the first line"),
    bind(Action::End, &["G", "end"], "end", "go to the last line; the logs go on following from there"),
    bind(Action::Search, &["/"], "search", "search the pane while you type; lower case finds both cases"),
    bind(Action::NextHit, &["n"], "next", "go to the next hit"),
    bind(Action::PreviousHit, &["N"], "previous", "go to the hit before"),
    bind(
        Action::Only,
        &["o", "enter"],
        "filter",
        "logs of one function: the selected one in its pane, else one after the other",
    ),
    bind(Action::Freeze, &["f"], "freeze", "hold the logs still and count what comes, or let them go on"),
    bind(Action::Expand, &["e"], "expand", "show only this pane, or all"),
    bind(Action::Wrap, &["w"], "wrap", "break long lines, or cut them"),
    bind(Action::Copy, &["c"], "copy curl", "copy a call of the API for your shell (OSC 52)"),
];

/// What the footer shows, the most useful first; as many as there is room for.
pub(super) const FOOTER: &[Action] = &[
    Action::Help,
    Action::Quit,
    Action::NextPane,
    Action::Search,
    Action::Only,
    Action::Copy,
    Action::Freeze,
    Action::Expand,
    Action::Wrap,
    Action::NextHit,
    Action::Back,
];

/// What the key means.
pub(super) fn action(key: &str) -> Option<Action> {
    BINDINGS.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
}

/// The action's line of the table.
pub(super) fn binding(action: Action) -> Option<&'static Binding> {
    BINDINGS.iter().find(|binding| binding.action == action)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BINDINGS, FOOTER, binding};

    #[test]
    fn every_key_means_one_thing() {
        let keys: Vec<&str> = BINDINGS.iter().flat_map(|binding| binding.keys).copied().collect();
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        assert!(BINDINGS.iter().all(|binding| !binding.keys.is_empty()));
    }

    #[test]
    fn the_footer_names_only_what_there_is() {
        assert!(FOOTER.iter().all(|action| binding(*action).is_some()));
    }
}
