//! The threads of the screen: one draws when something changed, one reads keys, and a task asks how the pipeline fares.
//!
//! They share the [`Screen`] under a lock that is held for a change or for drawing into memory, never while the terminal is
//! written to: a slow terminal does not slow the session down, and what it misses needs no queue.

use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::crossterm::event::{self, Event};
use ratatui::layout::Size;
use tokio_util::sync::CancellationToken;

use crate::bus::now;
use crate::engine::{Millis, Notice, Problem, State};
use crate::sink::Sink;
use crate::status::{Report, StatusSource};
use crate::tui::screen::{Request, Screen};
use crate::tui::terminal::{self, Canvas, Guard};
use crate::tui::theme::Theme;
use crate::tui::{keys, view};

/// The least time between two frames: 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// How often the pipeline is asked while something happens.
const ASKING: Duration = Duration::from_secs(1);

/// How often while nothing does.
const RESTING: Duration = Duration::from_secs(10);

/// After so many answers without news nothing happens any more.
const QUIET: u32 = 3;

/// How long the end waits for a terminal that takes no output.
const FAREWELL: Duration = Duration::from_secs(1);

const DRAWING: &str = "tui-draw";
const KEYS: &str = "tui-keys";

/// What the screen is opened with.
#[derive(Debug)]
pub(crate) struct Opening {
    /// The command, such as `watch`.
    pub(crate) command: &'static str,
    /// The URL that clients use.
    pub(crate) endpoint: String,
    /// The watched functions.
    pub(crate) functions: Vec<String>,
    /// What the terminal and the user allow.
    pub(crate) theme: Theme,
    /// Ends the session when the user asks for it, and the screen when the session ends.
    pub(crate) stop: CancellationToken,
    /// Said on the ordinary screen when this one is gone.
    pub(crate) farewell: String,
}

/// The screen of a session.
pub(crate) struct Tui {
    shared: Arc<Shared>,
    /// Gets nothing, and closes when the terminal is given back.
    drawn: Receiver<()>,
    farewell: String,
}

struct Shared {
    inner: Mutex<Inner>,
    changed: Condvar,
    /// Something was told, so that the figures are worth a question.
    happened: tokio::sync::Notify,
}

struct Inner {
    screen: Screen,
    dirty: bool,
    closing: bool,
    clipboard: Option<String>,
}

impl Shared {
    fn new(screen: Screen) -> Arc<Self> {
        let inner = Inner { screen, dirty: true, closing: false, clipboard: None };
        Arc::new(Self {
            inner: Mutex::new(inner),
            changed: Condvar::new(),
            happened: tokio::sync::Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the screen and has it drawn.
    fn change<T>(&self, change: impl FnOnce(&mut Screen) -> T) -> T {
        let mut inner = self.lock();
        let result = change(&mut inner.screen);
        inner.dirty = true;
        self.changed.notify_all();
        result
    }

    /// Takes an answer about the pipeline. Returns whether it brought news.
    fn learn(&self, answer: Result<Report, Problem>) -> bool {
        let mut inner = self.lock();
        let is_new = inner.screen.learn(answer);
        if is_new {
            inner.dirty = true;
            self.changed.notify_all();
        }
        is_new
    }

    fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }
}

impl Tui {
    /// Takes the terminal and draws until `stop` is cancelled or this is dropped.
    pub(crate) fn start(opening: Opening) -> io::Result<Self> {
        let Opening { command, endpoint, functions, theme, stop, farewell } = opening;
        let (guard, canvas) = terminal::take()?;
        let mut screen = Screen::new(command, &endpoint, &functions, TimeZone::system());
        screen.resize(canvas.size()?);
        let shared = Shared::new(screen);
        catch_panics(&shared, &stop);
        let (open, drawn) = channel();
        thread::Builder::new().name(DRAWING.to_owned()).spawn({
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move || draw(&shared, (guard, canvas), theme, &stop, &open)
        })?;
        // Nothing can wake a read of the terminal, so this thread is left alone at the end of the process.
        thread::Builder::new().name(KEYS.to_owned()).spawn({
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move || read_keys(&shared, &stop)
        })?;
        tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                stop.cancelled().await;
                shared.close();
            }
        });
        Ok(Self { shared, drawn, farewell })
    }

    /// Shows how the pipeline fares until `stop` is cancelled.
    pub(crate) fn follow(&self, source: impl StatusSource + 'static, stop: CancellationToken) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move { stop.run_until_cancelled(follow(&shared, &source)).await });
    }
}

impl Sink for Tui {
    fn tell(&mut self, at: Millis, notice: &Notice, state: &State) -> io::Result<()> {
        self.shared.change(|screen| screen.tell(at, notice, state));
        self.shared.happened.notify_one();
        Ok(())
    }
}

impl Drop for Tui {
    fn drop(&mut self) {
        self.shared.close();
        let _ = self.drawn.recv_timeout(FAREWELL);
        terminal::restore();
        let _ = writeln!(io::stdout(), "{}", self.farewell);
    }
}

/// Draws whenever something changed, or an age became another one.
fn draw(
    shared: &Shared,
    (guard, mut canvas): (Guard, Canvas),
    theme: Theme,
    stop: &CancellationToken,
    open: &Sender<()>,
) {
    while wait_for_change(shared) {
        if let Err(_gone) = draw_once(shared, &mut canvas, theme) {
            stop.cancel();
            break;
        }
        let pause = shared.changed.wait_timeout_while(shared.lock(), FRAME, |inner| !inner.closing);
        drop(pause);
    }
    drop((guard, open));
}

/// Whether there is something to draw, and not the end.
fn wait_for_change(shared: &Shared) -> bool {
    let mut inner = shared.lock();
    loop {
        if inner.closing || !terminal::is_taken() {
            return false;
        }
        if inner.dirty {
            inner.dirty = false;
            return true;
        }
        inner = match view::next_change(&inner.screen, now()) {
            None => shared.changed.wait(inner).unwrap_or_else(PoisonError::into_inner),
            Some(wait) => {
                let waited = shared.changed.wait_timeout(inner, Duration::from_millis(wait));
                let (mut inner, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                inner.dirty |= timeout.timed_out();
                inner
            }
        };
    }
}

fn draw_once(shared: &Shared, canvas: &mut Canvas, theme: Theme) -> io::Result<()> {
    if let Some(text) = shared.lock().clipboard.take() {
        terminal::copy(&text)?;
    }
    canvas.draw(|frame| view::draw(frame, &shared.lock().screen, now(), theme))?;
    Ok(())
}

fn read_keys(shared: &Shared, stop: &CancellationToken) {
    while let Ok(event) = event::read() {
        if shared.lock().closing {
            return;
        }
        let request = match event {
            Event::Key(key) => keys::name(&key).and_then(|key| shared.change(|screen| screen.press(&key))),
            Event::Paste(text) => {
                shared.change(|screen| screen.paste(&text));
                None
            }
            Event::Resize(width, height) => {
                shared.change(|screen| screen.resize(Size::new(width, height)));
                None
            }
            Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
        };
        match request {
            Some(Request::Quit) => stop.cancel(),
            Some(Request::Copy(text)) => shared.lock().clipboard = Some(text),
            None => {}
        }
    }
    // Without keys nobody could end the session from here.
    stop.cancel();
}

/// Asks until it is dropped.
async fn follow(shared: &Shared, source: &dyn StatusSource) {
    let mut pace = Pace::default();
    loop {
        pace.heard(shared.learn(source.report().await));
        tokio::time::sleep(ASKING).await;
        if pace.rests() {
            let _ = tokio::time::timeout(RESTING, shared.happened.notified()).await;
        }
    }
}

/// How eagerly the pipeline is asked: every second while answers bring news; then only when something is told, and now and
/// then in any case.
#[derive(Default)]
struct Pace {
    /// Answers since the last news.
    quiet: u32,
}

impl Pace {
    fn heard(&mut self, news: bool) {
        self.quiet = if news { 0 } else { self.quiet.saturating_add(1) };
    }

    fn rests(&self) -> bool {
        self.quiet >= QUIET
    }
}

/// A panic that takes the screen with it gives the terminal back before its message is written. Any other one must not draw
/// over the screen: it is told among the logs.
fn catch_panics(shared: &Arc<Shared>, stop: &CancellationToken) {
    let previous = std::panic::take_hook();
    let (shared, stop) = (Arc::downgrade(shared), stop.clone());
    std::panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        let fatal = matches!(thread::current().name(), Some(DRAWING | KEYS | "main"));
        if !fatal
            && terminal::is_taken()
            && let Some(shared) = shared.upgrade()
            && let Ok(mut inner) = shared.inner.try_lock()
        {
            let problem = Problem::new("internal", panic.to_string());
            inner.screen.tell_problem(now(), &problem);
            inner.dirty = true;
            shared.changed.notify_all();
            return;
        }
        terminal::restore();
        stop.cancel();
        previous(panic);
    }));
}

#[cfg(test)]
mod tests {
    use super::Pace;

    #[test]
    fn a_pipeline_without_news_is_asked_less_often() {
        let mut pace = Pace::default();
        let mut check = |news: &[bool], rests: bool| {
            for news in news {
                pace.heard(*news);
            }
            assert_eq!(pace.rests(), rests, "{news:?}");
        };
        check(&[], false);
        check(&[true, false, false], false);
        check(&[false], true);
        check(&[false], true);
        check(&[true], false);
    }
}
