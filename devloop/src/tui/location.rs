//! Places in source files that a line of text names: where a panic happened, or where the compiler points.

use crate::engine::Location;

/// The first `path.rs:line:column` or `path.rs:line` of the text.
pub(super) fn place_in(text: &str) -> Option<Location> {
    let mut rest = text;
    let mut before = 0;
    while let Some(at) = rest.find(".rs:") {
        let end = before + at + ".rs".len();
        if let Some(place) = place_at(text, end) {
            return Some(place);
        }
        before = end;
        rest = &text[end..];
    }
    None
}

/// The place whose file name ends there.
fn place_at(text: &str, end: usize) -> Option<Location> {
    let start =
        text[..end].rfind(|character: char| character.is_whitespace() || "\"'`(<>=,".contains(character));
    let start = start.map_or(0, |start| start + text[start..].chars().next().map_or(1, char::len_utf8));
    let mut numbers = text[end + 1..].split(':').map(leading_number);
    let line = numbers.next()??;
    let column = numbers.next().flatten().unwrap_or(1);
    let file = &text[start..end];
    (file != ".rs").then(|| Location { file: file.into(), line, column })
}

fn leading_number(text: &str) -> Option<usize> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::place_in;

    fn check(text: &str, expected: Option<(&str, usize, usize)>) {
        let found = place_in(text);
        let found = found.as_ref().map(|place| (place.file.to_str().unwrap(), place.line, place.column));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn places_are_found_in_panics_and_renderings() {
        check(
            "thread 'main' panicked at functions/up/src/main.rs:42:17:",
            Some(("functions/up/src/main.rs", 42, 17)),
        );
        check("  --> src/lib.rs:3:1", Some(("src/lib.rs", 3, 1)));
        check("at (src/über.rs:7)", Some(("src/über.rs", 7, 1)));
        check("{\"file\":\"a.rs:1:2\"}", Some(("a.rs", 1, 2)));
        check("see x.rs: it is b.rs:9", Some(("b.rs", 9, 1)));
        check("nothing in main.rs or .rs:1", None);
        check("a.rs:0:0", None);
    }
}
