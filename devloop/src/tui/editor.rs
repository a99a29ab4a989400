//! How editors open a file at a line. No shell interprets the name: the setting is split into words, and the place is passed as
//! separate arguments.

use std::ffi::OsString;
use std::path::Path;

use crate::tui::text::words;

/// A program and its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EditorCommand {
    pub(super) program: String,
    pub(super) arguments: Vec<OsString>,
    /// Whether the arguments contain the line too.
    pub(super) at_line: bool,
}

/// The form of an editor's arguments for a place.
#[derive(Clone, Copy)]
enum Syntax {
    /// `+LINE FILE`
    Plus,
    /// `+LINE:COLUMN FILE`
    PlusColumn,
    /// `+LINE,COLUMN FILE`
    PlusComma,
    /// `FILE:LINE:COLUMN`
    Colon,
    /// `-g FILE:LINE:COLUMN`
    Goto,
    /// `--line LINE --column COLUMN FILE`
    Flags,
}

const EDITORS: &[(&str, Syntax)] = &[
    ("vi", Syntax::Plus),
    ("vim", Syntax::Plus),
    ("nvim", Syntax::Plus),
    ("gvim", Syntax::Plus),
    ("view", Syntax::Plus),
    ("joe", Syntax::Plus),
    ("mg", Syntax::Plus),
    ("mcedit", Syntax::Plus),
    ("nano", Syntax::PlusComma),
    ("emacs", Syntax::PlusColumn),
    ("emacsclient", Syntax::PlusColumn),
    ("kak", Syntax::PlusColumn),
    ("micro", Syntax::PlusColumn),
    ("hx", Syntax::Colon),
    ("helix", Syntax::Colon),
    ("subl", Syntax::Colon),
    ("zed", Syntax::Colon),
    ("code", Syntax::Goto),
    ("code-insiders", Syntax::Goto),
    ("codium", Syntax::Goto),
    ("cursor", Syntax::Goto),
    ("windsurf", Syntax::Goto),
    ("rustrover", Syntax::Flags),
    ("clion", Syntax::Flags),
    ("idea", Syntax::Flags),
];

/// The call for the setting, such as `code --wait`; `None` when the setting names no program.
pub(super) fn call(editor: &str, file: &Path, line: usize, column: usize) -> Option<EditorCommand> {
    let mut words = words(editor).into_iter();
    let program = words.next()?;
    let name = Path::new(&program).file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let mut arguments: Vec<OsString> = words.map(OsString::from).collect();
    let syntax = EDITORS.iter().find(|(known, _)| *known == name).map(|(_, syntax)| *syntax);
    let mut placed = |before: &[String]| arguments.extend(before.iter().map(OsString::from));
    let with_place = || {
        let mut text = file.as_os_str().to_owned();
        text.push(format!(":{line}:{column}"));
        text
    };
    let last = match syntax {
        None => file.as_os_str().to_owned(),
        Some(Syntax::Plus) => {
            placed(&[format!("+{line}")]);
            file.as_os_str().to_owned()
        }
        Some(Syntax::PlusColumn) => {
            placed(&[format!("+{line}:{column}")]);
            file.as_os_str().to_owned()
        }
        Some(Syntax::PlusComma) => {
            placed(&[format!("+{line},{column}")]);
            file.as_os_str().to_owned()
        }
        Some(Syntax::Flags) => {
            placed(&["--line".to_owned(), line.to_string(), "--column".to_owned(), column.to_string()]);
            file.as_os_str().to_owned()
        }
        Some(Syntax::Goto) => {
            placed(&["-g".to_owned()]);
            with_place()
        }
        Some(Syntax::Colon) => with_place(),
    };
    arguments.push(last);
    Some(EditorCommand { program, arguments, at_line: syntax.is_some() })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::call;

    fn check(editor: &str, expected: &[&str]) {
        let call = call(editor, Path::new("/w/a b.rs"), 42, 17).unwrap();
        let mut words = vec![call.program.as_str()];
        words.extend(call.arguments.iter().map(|argument| argument.to_str().unwrap()));
        assert_eq!(words, expected);
        assert_eq!(call.at_line, !editor.contains("ghost"), "{editor}");
    }

    #[test]
    fn every_editor_is_told_the_place_in_its_own_way() {
        for editor in ["vi", "vim", "nvim"] {
            check(editor, &[editor, "+42", "/w/a b.rs"]);
        }
        check("nano", &["nano", "+42,17", "/w/a b.rs"]);
        check("emacs -nw", &["emacs", "-nw", "+42:17", "/w/a b.rs"]);
        check("code --wait", &["code", "--wait", "-g", "/w/a b.rs:42:17"]);
        check("hx", &["hx", "/w/a b.rs:42:17"]);
        check("/usr/bin/helix", &["/usr/bin/helix", "/w/a b.rs:42:17"]);
        check("rustrover", &["rustrover", "--line", "42", "--column", "17", "/w/a b.rs"]);
        check("ghostwriter", &["ghostwriter", "/w/a b.rs"]);
    }

    #[test]
    fn the_setting_is_split_into_words_without_a_shell() {
        check("'/opt/my editor/vim' -p", &["/opt/my editor/vim", "-p", "+42", "/w/a b.rs"]);
        check("vim; ghost $(ghost)", &["vim;", "ghost", "$(ghost)", "/w/a b.rs"]);
        assert_eq!(call("  ", Path::new("a"), 1, 1), None);
    }
}
