//! Keys and the mouse.

use super::*;

#[test]
fn keys_go_from_pane_to_pane() {
    check("", &["▸4 logs", " 1 functions"], &["▸1"]);
    check("tab", &["▸1 functions"], &["▸4"]);
    check("tab tab", &["▸2 errors"], &[]);
    check("shift-tab", &["▸3 status"], &[]);
    check("2", &["▸2 errors"], &[]);
    check("1 e", &["▸1 functions"], &["4 logs"]);
    check("1 e esc", &["▸1 functions", "4 logs"], &[]);
    check("9 x", &["▸4 logs"], &[]);
}

#[test]
fn escape_never_quits() {
    let mut session = running();
    assert_eq!(session.press("esc esc esc esc esc"), None);
    assert_eq!(session.press("q"), Some(Request::Quit));
    assert_eq!(session.press("ctrl-c"), Some(Request::Quit));
    assert_eq!(session.press("/ q"), None);
    assert_eq!(session.press("ctrl-c"), Some(Request::Quit));
}

#[test]
fn keys_are_what_the_settings_say() {
    let mut session = running();
    let keys = [("quit".to_owned(), vec!["x".to_owned()]), ("search".to_owned(), vec![])];
    session.screen.keymap = Keymap::new(&keys.into()).unwrap();
    assert_eq!((session.press("q"), session.press("x")), (None, Some(Request::Quit)));
    let text = session.text((80, 24));
    assert!(text.contains("x quit") && !text.contains("search"), "{text}");
    session.press("?");
    assert!(session.text((120, 40)).contains(" x          quit "), "{}", session.text((120, 40)));
}

#[test]
fn the_mouse_selects_and_scrolls_what_lies_under_it() {
    let mut session = running();
    (0..40).for_each(|number| session.log("upstream", &format!("line {number}")));
    let text = session.text((80, 24));
    let row = |text: &str, wanted: &str| text.lines().position(|line| line.contains(wanted)).unwrap() as u16;
    session.screen.click(5, row(&text, " midstream  ●"));
    assert!(session.text((80, 24)).contains("▸midstream"));
    session.screen.wheel(5, row(&text, "4 logs") + 1, false);
    assert!(session.text((80, 24)).contains("4 logs · 3 below"), "the wheel needs no focus");
    let text = session.text((80, 24));
    assert!(text.contains("▸1 functions"));
    session.screen.click(30, row(&text, "line 36"));
    assert!(session.text((80, 24)).contains("▸4 logs"));
    assert_eq!(session.press("c"), Some(Request::Copy("line 36".to_owned())));
    assert!(matches!(session.screen.click(3, row(&text, "curl")), Some(Request::Copy(_))));
    assert_eq!(session.press("m"), Some(Request::Mouse(true)));
    assert_eq!(session.press("m"), Some(Request::Mouse(false)));
    session.screen.click(500, 500);
    session.screen.wheel(500, 500, true);
}
