//! The shell's command for a call of an API, in rows that fit the screen.

use ratatui::text::Span;

/// The command in rows of at most `width` columns that a shell reads as one; `None` if that takes more than `most` rows.
pub(super) fn rows(command: &[String], width: u16, most: usize) -> Option<Vec<String>> {
    let fits = |text: &str| Span::raw(text).width() <= usize::from(width);
    let mut rows = Vec::new();
    let mut row = String::new();
    for (number, part) in command.iter().enumerate() {
        let longer = if row.is_empty() { part.clone() } else { format!("{row} {part}") };
        let end = if number + 1 == command.len() { "" } else { r" \" };
        if row.is_empty() || fits(&format!("{longer}{end}")) {
            row = longer;
        } else {
            rows.push(format!(r"{row} \"));
            row = format!("  {part}");
        }
    }
    rows.push(row);
    (rows.len() <= most && rows.iter().all(|row| fits(row))).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_command_continues_on_the_next_row() {
        let command = ["curl -i", "-H 'x-api-key: abc'", "-d '{}'", "http://h/"].map(str::to_owned);
        let check = |width, most, expected: Option<&[&str]>| {
            let seen = rows(&command, width, most);
            let seen = seen.as_ref().map(|rows| rows.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(seen.as_deref(), expected, "{width} {most}");
        };
        check(45, 3, Some(&["curl -i -H 'x-api-key: abc' -d '{}' http://h/"]));
        check(44, 3, Some(&["curl -i -H 'x-api-key: abc' -d '{}' \\", "  http://h/"]));
        check(30, 3, Some(&["curl -i -H 'x-api-key: abc' \\", "  -d '{}' http://h/"]));
        check(25, 3, Some(&["curl -i \\", "  -H 'x-api-key: abc' \\", "  -d '{}' http://h/"]));
        check(30, 1, None);
        check(20, 9, None);
    }
}
