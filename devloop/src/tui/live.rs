//! A terminal screen for one thing that changes all the time, such as a run of `devloop bench`. The caller draws; this module has
//! the terminal, the threads, and the keys that end it.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use crate::tui::terminal::{self, Canvas, Guard};
use crate::tui::theme::Theme;

/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(100);

/// How long the end waits for a terminal that takes no output.
const FAREWELL: Duration = Duration::from_secs(1);

/// Draws the content.
type Draw<T> = fn(&mut Frame<'_>, &T, Theme);

/// The screen; the terminal is restored when this is dropped.
pub(crate) struct LiveScreen<T> {
    shared: Arc<Shared<T>>,
    /// Never gets a message; it closes when the terminal is restored.
    drawn: Receiver<()>,
}

#[derive(Default)]
struct Shared<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner<T> {
    content: T,
    dirty: bool,
    closing: bool,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + Default + Send + 'static> LiveScreen<T> {
    /// Takes the terminal. `end` is called each time the user asks for the end.
    pub(crate) fn start(theme: Theme, draw: Draw<T>, end: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (guard, canvas) = terminal::take()?;
        let shared = Arc::<Shared<T>>::default();
        let (open, drawn) = channel();
        thread::Builder::new().name("live-draw".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || draw_on(&shared, (guard, canvas), (theme, draw), &open)
        })?;
        // Nothing can interrupt a read of the terminal, so this thread is not waited for at the end of the process.
        thread::Builder::new().name("live-keys".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || read_keys(&shared, &end)
        })?;
        Ok(Self { shared, drawn })
    }

    /// Shows this from now on.
    pub(crate) fn show(&self, content: &T) {
        let mut inner = self.shared.lock();
        inner.content = content.clone();
        inner.dirty = true;
        self.shared.changed.notify_all();
    }
}

impl<T> Drop for LiveScreen<T> {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.changed.notify_all();
        let _ = self.drawn.recv_timeout(FAREWELL);
        terminal::restore();
    }
}

fn draw_on<T: Clone>(
    shared: &Shared<T>,
    (guard, mut canvas): (Guard, Canvas),
    (theme, draw): (Theme, Draw<T>),
    open: &Sender<()>,
) {
    loop {
        let content = {
            let waiting = shared.changed.wait_while(shared.lock(), |inner| !inner.dirty && !inner.closing);
            let mut inner = waiting.unwrap_or_else(PoisonError::into_inner);
            if inner.closing {
                break;
            }
            inner.dirty = false;
            inner.content.clone()
        };
        if canvas.draw(|frame| draw(frame, &content, theme)).is_err() {
            break;
        }
        let pause = shared.changed.wait_timeout_while(shared.lock(), FRAME, |inner| !inner.closing);
        drop(pause);
    }
    drop((guard, open));
}

fn read_keys<T>(shared: &Shared<T>, end: &impl Fn()) {
    while let Ok(event) = event::read() {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let is_interrupt =
                    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                if is_interrupt || key.code == KeyCode::Char('q') {
                    end();
                }
            }
            Event::Resize(..) => {
                shared.lock().dirty = true;
                shared.changed.notify_all();
            }
            _ => {}
        }
    }
}
