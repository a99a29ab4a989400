//! Keys by name, as the table of actions and the tests write them.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// The key's name, such as `G`, `ctrl-u`, `shift-tab` or `pagedown`; `None` for a key that was released or has no name here.
pub(super) fn name(event: &KeyEvent) -> Option<String> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let name = match event.code {
        KeyCode::Char(character) => character.to_string(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => "shift-tab".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "shift-tab".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::PageUp => "pageup".to_owned(),
        KeyCode::PageDown => "pagedown".to_owned(),
        KeyCode::F(number) => format!("f{number}"),
        _ => return None,
    };
    let with = |modifier: KeyModifiers, prefix: &str| {
        if event.modifiers.contains(modifier) { prefix.to_owned() } else { String::new() }
    };
    Some(with(KeyModifiers::CONTROL, "ctrl-") + &with(KeyModifiers::ALT, "alt-") + &name)
}

/// Whether a key can have this name.
pub(super) fn is_name(text: &str) -> bool {
    const NAMED: [&str; 13] = [
        "enter",
        "esc",
        "tab",
        "shift-tab",
        "backspace",
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pageup",
        "pagedown",
    ];
    let text = text.strip_prefix("ctrl-").unwrap_or(text);
    let text = text.strip_prefix("alt-").unwrap_or(text);
    let function = |number: &str| number.parse::<u8>().is_ok_and(|number| (1..=24).contains(&number));
    text.chars().count() == 1 || NAMED.contains(&text) || text.strip_prefix('f').is_some_and(function)
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::{is_name, name};

    fn check(code: KeyCode, modifiers: KeyModifiers, expected: Option<&str>) {
        assert_eq!(name(&KeyEvent::new(code, modifiers)).as_deref(), expected);
    }

    #[test]
    fn keys_have_names() {
        check(KeyCode::Char('g'), KeyModifiers::NONE, Some("g"));
        check(KeyCode::Char('G'), KeyModifiers::SHIFT, Some("G"));
        check(KeyCode::Char('u'), KeyModifiers::CONTROL, Some("ctrl-u"));
        check(KeyCode::Char('q'), KeyModifiers::ALT, Some("alt-q"));
        check(KeyCode::BackTab, KeyModifiers::SHIFT, Some("shift-tab"));
        check(KeyCode::PageDown, KeyModifiers::NONE, Some("pagedown"));
        check(KeyCode::F(5), KeyModifiers::NONE, Some("f5"));
        check(KeyCode::Insert, KeyModifiers::NONE, None);
    }

    #[test]
    fn every_name_that_a_key_has_is_one() {
        for name in ["g", "G", "ctrl-u", "ctrl-alt-x", "shift-tab", "pagedown", "f5", "f", "/"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "gg", "shift-x", "f0", "f99", "super-x"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
