use ratatui::layout::Size;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Document;
use crate::tui::text::plain;

const VIEW: Size = Size { width: 8, height: 3 };

fn check(document: &Document, expected: &[&str]) {
    let rows: Vec<String> = document.window(VIEW).iter().map(|row| plain(row).into_owned()).collect();
    assert_eq!(rows, expected);
}

fn numbered(limit: usize, count: usize) -> Document {
    let mut document = Document::following(limit);
    (0..count).for_each(|number| document.push(None, Vec::new(), Line::raw(number.to_string())));
    document
}

#[test]
fn the_end_is_followed_until_somebody_scrolls() {
    let mut document = numbered(100, 5);
    check(&document, &["2", "3", "4"]);
    document.push(None, Vec::new(), Line::raw("5"));
    check(&document, &["3", "4", "5"]);
    document.scroll(-2, VIEW);
    document.push(None, Vec::new(), Line::raw("6"));
    check(&document, &["1", "2", "3"]);
    assert_eq!(document.below(VIEW), 3);
    document.scroll(99, VIEW);
    document.push(None, Vec::new(), Line::raw("7"));
    check(&document, &["5", "6", "7"]);
    document.go_to_start(VIEW);
    check(&document, &["0", "1", "2"]);
    document.go_to_end(VIEW);
    check(&document, &["5", "6", "7"]);
}

#[test]
fn old_lines_are_forgotten() {
    let mut document = numbered(4, 9);
    document.go_to_start(VIEW);
    check(&document, &["5", "6", "7"]);
    document.push(None, Vec::new(), Line::raw("9"));
    check(&document, &["6", "7", "8"]);
    assert_eq!(document.len(), 4);
}

#[test]
fn a_frozen_document_stands_still_and_counts() {
    let mut document = numbered(4, 2);
    document.toggle_freeze(VIEW);
    for number in 2..9 {
        document.push(None, Vec::new(), Line::raw(number.to_string()));
    }
    check(&document, &["0", "1"]);
    assert_eq!(document.missed(), Some(7));
    document.toggle_freeze(VIEW);
    assert_eq!(document.missed(), None);
    check(&document, &["2", "3", "[5 line…"]);
}

#[test]
fn only_one_source_is_shown_with_what_concerns_all() {
    let mut document = Document::following(100);
    for (source, text) in [(Some("up"), "a"), (None, "b"), (Some("down"), "c"), (Some("up"), "d")] {
        document.push(source, Vec::new(), Line::raw(text));
    }
    document.show_only(Some("up".to_owned()));
    check(&document, &["a", "b", "d"]);
    document.push(Some("down"), Vec::new(), Line::raw("e"));
    check(&document, &["a", "b", "d"]);
    document.show_only(None);
    check(&document, &["c", "d", "e"]);
}

#[test]
fn long_lines_are_broken_row_by_row() {
    let mut document = Document::fixed();
    document.replace(["0123456789", "ab", "0123456789abcdefghi", "cd"].map(Line::raw));
    check(&document, &["0123456…", "ab", "0123456…"]);
    document.scroll_sideways(true);
    check(&document, &["89", "", "89abcde…"]);
    document.toggle_wrap();
    check(&document, &["01234567", "89", "ab"]);
    document.scroll(1, VIEW);
    check(&document, &["89", "ab", "01234567"]);
    document.scroll(3, VIEW);
    check(&document, &["89abcdef", "ghi", "cd"]);
    document.scroll(-1, VIEW);
    check(&document, &["01234567", "89abcdef", "ghi"]);
}

#[test]
fn a_narrow_view_leaves_parts_of_the_prefix_out() {
    let mut document = Document::following(10);
    document.push(None, vec!["12:00 ".into(), "up ".into()], Line::raw("text"));
    let mut check = |width: u16, expected: &str| {
        document.search_for("x", VIEW);
        let rows = document.window(Size { width, height: 1 });
        assert_eq!(plain(&rows[0]), expected);
        assert_eq!(rows[0].spans.last().unwrap().content, "t", "the hit before it is marked");
    };
    check(72, "12:00 up text");
    check(71, "up text");
    check(39, "text");
}

#[test]
fn hits_are_brought_into_sight() {
    let mut document = numbered(100, 50);
    document.search_for("2", VIEW);
    assert_eq!(document.search().unwrap().summary(), "/2 14/14");
    check(&document, &["41", "42", "43"]);
    document.step(true, VIEW);
    check(&document, &["1", "2", "3"]);
    document.push(None, Vec::new(), Line::raw("a 2"));
    assert_eq!(document.search().unwrap().summary(), "/2 1/15");
    document.step(false, VIEW);
    check(&document, &["48", "49", "a 2"]);
    document.search_for("", VIEW);
    assert!(document.search().is_none());
}

#[test]
fn a_mark_goes_from_line_to_line_and_takes_the_view_along() {
    let mut document = numbered(100, 6);
    let text = |document: &Document| document.meant(VIEW).map(|number| document.text_of(number).1);
    assert_eq!((document.cursor(), text(&document).as_deref()), (None, Some("5")));
    document.step_cursor(true, VIEW);
    assert_eq!(document.cursor(), None, "below the end is nothing");
    document.step_cursor(false, VIEW);
    assert_eq!(text(&document).as_deref(), Some("5"));
    (0..3).for_each(|_| document.step_cursor(false, VIEW));
    assert_eq!(text(&document).as_deref(), Some("2"));
    check(&document, &["2", "3", "4"]);
    document.push(None, Vec::new(), Line::raw("6"));
    check(&document, &["2", "3", "4"]);
    document.click(2, VIEW);
    assert_eq!(text(&document).as_deref(), Some("4"));
    (0..3).for_each(|_| document.step_cursor(true, VIEW));
    assert_eq!(document.cursor(), None, "behind the last line, what comes is followed again");
    document.push(None, Vec::new(), Line::raw("7"));
    check(&document, &["5", "6", "7"]);
    document.click(0, VIEW);
    document.unmark();
    assert_eq!(document.cursor(), None);
}

#[test]
fn a_mark_lies_on_all_rows_of_a_broken_line() {
    let mut document = Document::fixed();
    document.replace(["ab", "0123456789abcdefghi", "cd"].map(Line::raw));
    document.toggle_wrap();
    document.click(2, VIEW);
    assert_eq!(document.meant(VIEW), Some(1));
    document.step_cursor(true, VIEW);
    check(&document, &["89abcdef", "ghi", "cd"]);
    let marked = |document: &Document| {
        let rows = document.window(VIEW);
        rows.iter().filter(|row| row.style.add_modifier.contains(Modifier::REVERSED)).count()
    };
    assert_eq!(marked(&document), 1);
    document.step_cursor(false, VIEW);
    assert_eq!(marked(&document), 3);
}

#[test]
fn only_lines_about_a_text_are_shown() {
    let mut document = Document::following(100);
    for text in ["a 17", "b 18", "c 17"] {
        document.push(Some("up"), Vec::new(), Line::raw(text));
    }
    document.show_about(Some("17".to_owned()));
    check(&document, &["a 17", "c 17"]);
    document.push(None, Vec::new(), Line::raw("d"));
    document.push(Some("down"), Vec::new(), Line::raw("e 17"));
    check(&document, &["a 17", "c 17", "e 17"]);
    document.show_about(None);
    check(&document, &["c 17", "d", "e 17"]);
    document.clear();
    check(&document, &[]);
    document.push(None, Vec::new(), Line::raw("f"));
    check(&document, &["f"]);
}

#[test]
fn an_empty_document_can_be_moved_in() {
    let mut document = Document::following(10);
    document.step_cursor(true, VIEW);
    document.step_cursor(false, VIEW);
    document.click(1, VIEW);
    assert_eq!(document.meant(VIEW), None);
    document.scroll(-3, VIEW);
    document.scroll(3, VIEW);
    document.go_to_start(VIEW);
    document.search_for("x", VIEW);
    document.step(true, VIEW);
    document.toggle_freeze(VIEW);
    check(&document, &[]);
    let nothing = Size { width: 0, height: 0 };
    document.toggle_wrap();
    document.scroll(1, nothing);
    assert!(document.window(nothing).is_empty());
}

#[test]
fn a_line_in_two_forms_is_searched_and_shown_in_one_of_them() {
    let mut document = Document::following(10);
    document.push_both(Some("up"), Vec::new(), Line::raw("id=1"), Some(Line::raw("{id}")));
    document.push(Some("up"), Vec::new(), Line::raw("plain"));
    assert!(document.add_to_last("up", "id=1", &Span::raw(" ok")));
    assert!(!document.add_to_last("down", "id=1", &Span::raw(" no")), "another function's");
    assert!(!document.add_to_last("up", "id=2", &Span::raw(" no")), "another request's");
    check(&document, &["id=1 ok", "plain"]);
    document.toggle_raw();
    check(&document, &["{id}", "plain"]);
    document.push_both(Some("up"), Vec::new(), Line::raw("id=2"), Some(Line::raw("{two}")));
    document.search_for("two", VIEW);
    assert_eq!(document.search().unwrap().summary(), "/two 1/1");
    document.toggle_raw();
    check(&document, &["id=1 ok", "plain", "id=2"]);
    assert_eq!(document.search().unwrap().summary(), "/two 0/0");
}
