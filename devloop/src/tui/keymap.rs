//! The keys of this session: the table of actions, changed by the settings.

use std::collections::BTreeMap;

use crate::engine::Problem;
use crate::tui::action::{Action, BINDINGS, Binding, named};
use crate::tui::keys;

/// The keys of a session.
#[derive(Debug, Clone)]
pub(crate) struct Keymap {
    by_key: BTreeMap<String, Action>,
    /// Actions with their keys, in the table's order.
    keys: Vec<(Action, Vec<String>)>,
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = BINDINGS
            .iter()
            .map(|binding| (binding.action, binding.keys.iter().map(|&key| key.to_owned()).collect()));
        Self::of(keys.collect())
    }
}

impl Keymap {
    /// The table with these actions on other keys; an action without a key can be used on the command line only.
    pub(crate) fn new(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, Problem> {
        let invalid = |message: String| Problem::new("config_invalid", message);
        let mut keys = Self::default().keys;
        for (name, wanted) in changes {
            let Some(action) = named(name) else {
                let names: Vec<&str> = BINDINGS.iter().map(|binding| binding.name).collect();
                return Err(invalid(format!("read the keys: there is no action `{name}`"))
                    .with_hint(format!("the actions are {}", names.join(", "))));
            };
            if let Some(wrong) = wanted.iter().find(|key| !keys::is_name(key)) {
                return Err(invalid(format!("read the keys of `{name}`: there is no key `{wrong}`"))
                    .with_hint(
                        "keys are written as `x`, `X`, `ctrl-x`, `alt-x`, `f5`, `enter`, `pagedown`",
                    ));
            }
            keys.iter_mut().filter(|(other, _)| *other == action).for_each(|(_, keys)| {
                keys.clone_from(wanted);
            });
        }
        let mut taken: BTreeMap<&str, Action> = BTreeMap::new();
        for (action, keys) in &keys {
            for key in keys {
                if let Some(other) = taken.insert(key, *action) {
                    return Err(invalid(format!(
                        "read the keys: `{key}` means both {} and {}",
                        name(other),
                        name(*action)
                    ))
                    .with_hint("give one of them another key, or none: `[]`"));
                }
            }
        }
        if keys.iter().any(|(action, keys)| *action == Action::Quit && keys.is_empty()) {
            return Err(invalid("read the keys: `quit` needs a key".to_owned()));
        }
        Ok(Self::of(keys))
    }

    fn of(keys: Vec<(Action, Vec<String>)>) -> Self {
        let by_key = keys.iter().flat_map(|(action, keys)| keys.iter().map(|key| (key.clone(), *action)));
        Self { by_key: by_key.collect(), keys }
    }

    /// The key's action.
    pub(super) fn action(&self, key: &str) -> Option<Action> {
        self.by_key.get(key).copied()
    }

    /// The keys of the action.
    pub(super) fn keys(&self, action: Action) -> &[String] {
        self.keys.iter().find(|(other, _)| *other == action).map_or(&[], |(_, keys)| keys)
    }

    /// The key that rolls a function back.
    pub(crate) fn rollback(&self) -> Option<&str> {
        self.keys(Action::RollBack).first().map(String::as_str)
    }

    /// Every action with its keys, in the order of the help page.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static Binding, &[String])> {
        BINDINGS.iter().map(|binding| (binding, self.keys(binding.action)))
    }
}

fn name(action: Action) -> &'static str {
    BINDINGS.iter().find(|binding| binding.action == action).map_or("", |binding| binding.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Keymap;
    use crate::engine::Problem;
    use crate::tui::action::Action;

    fn with(changes: &[(&str, &[&str])]) -> Result<Keymap, Problem> {
        let owned = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect();
        Keymap::new(&changes.iter().map(|(name, keys)| ((*name).to_owned(), owned(keys))).collect())
    }

    #[test]
    fn actions_go_to_other_keys_or_to_none() {
        let default = Keymap::new(&BTreeMap::new()).unwrap();
        assert_eq!(default.action("q"), Some(Action::Quit));
        let keymap = with(&[("quit", &["ctrl-q"]), ("freeze", &[]), ("rerun", &["f", "f5"])]).unwrap();
        assert_eq!((keymap.action("q"), keymap.action("ctrl-q")), (None, Some(Action::Quit)));
        assert_eq!(keymap.action("f"), Some(Action::Rerun));
        assert!(keymap.keys(Action::Freeze).is_empty());
    }

    #[test]
    fn wrong_settings_are_named() {
        let check = |changes: &[(&str, &[&str])], expected: &str| {
            assert_eq!(with(changes).unwrap_err().message, expected);
        };
        check(&[("quti", &["x"])], "read the keys: there is no action `quti`");
        check(&[("wrap", &["hyper-x"])], "read the keys of `wrap`: there is no key `hyper-x`");
        check(&[("wrap", &["f"])], "read the keys: `f` means both freeze and wrap");
        check(&[("quit", &[])], "read the keys: `quit` needs a key");
    }
}
