//! The thread that reads keys, the mouse and pasted text, and carries out what they ask for.

use std::path::PathBuf;

use ratatui::crossterm::event::{self, Event, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Size;
use tokio_util::sync::CancellationToken;

use crate::tui::child::Load;
use crate::tui::keys;
use crate::tui::run::borrow;
use crate::tui::run::shared::Shared;
use crate::tui::screen::{Order, Request, Screen};

/// What the thread that reads keys needs besides the screen.
pub(super) struct Desk {
    pub(super) root: PathBuf,
    pub(super) editor: Option<String>,
    pub(super) load: Option<Load>,
    pub(super) orders: Box<dyn Fn(Order) + Send>,
}

/// Reads until the screen closes.
pub(super) fn read(shared: &Shared, desk: &Desk, stop: &CancellationToken) {
    while let Ok(event) = event::read() {
        if shared.lock().closing {
            return;
        }
        shared.fault.happen();
        let request = take(shared, &event);
        shared.fault.arm();
        if let Some(request) = request {
            carry_out(shared, desk, stop, request);
        }
    }
    // Without keys the user could not end the session from the screen.
    stop.cancel();
}

/// Changes the screen for the event. Returns a request for effects outside of the screen.
fn take(shared: &Shared, event: &Event) -> Option<Request> {
    match event {
        Event::Key(key) => keys::name(key).and_then(|key| shared.change(|screen| screen.press(&key))),
        Event::Mouse(mouse) => shared.change(|screen| point(screen, *mouse)),
        Event::Paste(text) => {
            shared.change(|screen| screen.paste(text));
            None
        }
        Event::Resize(width, height) => {
            shared.change(|screen| screen.resize(Size::new(*width, *height)));
            None
        }
        Event::FocusGained | Event::FocusLost => None,
    }
}

fn point(screen: &mut Screen, mouse: MouseEvent) -> Option<Request> {
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => return screen.click(mouse.column, mouse.row),
        MouseEventKind::ScrollDown => screen.wheel(mouse.column, mouse.row, true),
        MouseEventKind::ScrollUp => screen.wheel(mouse.column, mouse.row, false),
        _ => {}
    }
    None
}

/// Carries out a request in the session, in a child process, or with the terminal.
fn carry_out(shared: &Shared, desk: &Desk, stop: &CancellationToken, request: Request) {
    match request {
        Request::Quit => stop.cancel(),
        Request::Copy(text) => shared.lock().clipboard = Some(text),
        Request::Mouse(take) => shared.lock().mouse = Some(take),
        Request::Redraw => shared.lock().repaint = true,
        Request::Order(order) => (desk.orders)(order),
        Request::Edit(place) => {
            let said = borrow::edit(shared, desk, &place);
            shared.change(|screen| screen.remark = said);
        }
        Request::Load(options) => {
            let said = borrow::load(shared, desk, &options);
            shared.change(|screen| screen.remark = said);
        }
        // The signal's handler restores the shell's terminal first.
        Request::Suspend => {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::sync::{Arc, mpsc::Receiver};

    use jiff::tz::TimeZone;
    use ratatui::crossterm::event::{
        Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
    };
    use ratatui::layout::Size;
    use tokio_util::sync::CancellationToken;

    use super::{Desk, carry_out, take};
    use crate::engine::Location;
    use crate::tui::fault::Fault;
    use crate::tui::layout::Pane;
    use crate::tui::run::shared::Shared;
    use crate::tui::screen::{Order, Request, Screen};

    fn shared() -> Arc<Shared> {
        let screen = Screen::new("watch", "http://h", &["down".to_owned(), "up".to_owned()], TimeZone::UTC);
        Shared::new(screen, Fault::default())
    }

    fn desk() -> (Desk, Receiver<Order>, tempfile::TempDir) {
        let (orders, inbox) = channel();
        let root = tempfile::tempdir().unwrap();
        let orders = Box::new(move |order| orders.send(order).unwrap());
        (Desk { root: root.path().to_owned(), editor: None, load: None, orders }, inbox, root)
    }

    fn key(code: KeyCode) -> Event {
        Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn every_event_of_the_terminal_reaches_the_screen() {
        let shared = shared();
        assert_eq!(take(&shared, &Event::Resize(100, 30)), None);
        assert_eq!(shared.lock().screen.size, Size::new(100, 30));
        assert_eq!(take(&shared, &key(KeyCode::Char('q'))), Some(Request::Quit));
        take(&shared, &key(KeyCode::Char('/')));
        take(&shared, &Event::Paste("up".to_owned()));
        take(&shared, &key(KeyCode::Enter));
        assert_eq!(take(&shared, &Event::FocusGained), None);
        let row = shared.lock().screen.places().panes[0].1.y + 2;
        let (kind, modifiers) = (MouseEventKind::Down(MouseButton::Left), KeyModifiers::NONE);
        take(&shared, &Event::Mouse(MouseEvent { kind, column: 3, row, modifiers }));
        let inner = shared.lock();
        assert_eq!((inner.screen.focus(), inner.screen.selected()), (Pane::Functions, 1));
        assert!(inner.dirty);
    }

    #[test]
    fn what_a_key_asks_for_is_carried_out() {
        let (shared, (desk, orders, _root), stop) = (shared(), desk(), CancellationToken::new());
        let carry_out = |request| carry_out(&shared, &desk, &stop, request);
        carry_out(Request::Copy("text".to_owned()));
        carry_out(Request::Mouse(true));
        carry_out(Request::Redraw);
        carry_out(Request::Order(Order::Rerun));
        {
            let inner = shared.lock();
            assert_eq!(
                (inner.clipboard.as_deref(), inner.mouse, inner.repaint),
                (Some("text"), Some(true), true)
            );
        }
        assert_eq!(orders.try_recv(), Ok(Order::Rerun));
        assert!(!stop.is_cancelled());
        carry_out(Request::Quit);
        assert!(stop.is_cancelled());
    }

    #[test]
    fn an_editor_that_cannot_be_opened_is_explained() {
        let (shared, (desk, _orders, root), stop) = (shared(), desk(), CancellationToken::new());
        let said = |file: &str| {
            let place = Location { file: file.into(), line: 4, column: 2 };
            carry_out(&shared, &desk, &stop, Request::Edit(place));
            shared.lock().screen.remark.clone().unwrap_or_default()
        };
        assert!(said("gone.rs").starts_with("there is no file "));
        std::fs::write(root.path().join("here.rs"), "").unwrap();
        let told = said("here.rs");
        assert!(told.starts_with("set EDITOR to open ") && told.contains("here.rs:4:2"), "{told}");
    }
}
