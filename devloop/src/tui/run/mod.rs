//! The screen of a session and its threads: one draws when something changed, one reads keys, and a task asks for the pipeline's
//! state. They share the [`Screen`] under a lock.
//!
//! The terminal is lent to an editor, and to the shell while the program is stopped as a job; nothing is drawn meanwhile.

mod borrow;
mod draw;
mod events;
mod follow;
mod panics;
mod shared;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use crate::engine::{Millis, Notice, State};
use crate::output;
use crate::sink::Sink;
use crate::status::{ApiCall, Hop, StatusSource};
use crate::tui::child::{self, Load};
use crate::tui::fault::Fault;
use crate::tui::keymap::Keymap;
use crate::tui::run::events::Desk;
use crate::tui::run::follow::{follow, follow_commit};
use crate::tui::run::panics::catch_panics;
use crate::tui::run::shared::Shared;
use crate::tui::screen::{Commit, Order, Screen};
use crate::tui::terminal;
use crate::tui::theme::Theme;

pub(crate) use panics::has_panicked;

/// How long the end waits for a terminal that takes no output.
const FAREWELL: Duration = Duration::from_secs(1);

const DRAWING: &str = "tui-draw";
const KEYS: &str = "tui-keys";

/// The screen that has the terminal, for the signals that stop the program as a job and let it go on.
static OPEN: Mutex<Weak<Shared>> = Mutex::new(Weak::new());

/// The parameters of the screen.
pub(crate) struct Opening {
    /// The command, such as `watch`.
    pub(crate) command: &'static str,
    /// The URL that clients use.
    pub(crate) endpoint: String,
    /// The watched functions.
    pub(crate) functions: Vec<String>,
    /// Where the functions run, by name and value.
    pub(crate) target: Vec<(&'static str, String)>,
    /// How `devloop bench` is started, if it can follow requests on this target.
    pub(crate) load: Option<Load>,
    /// The thread that is to panic at the first key, for a test.
    pub(crate) panicking: Option<String>,
    /// Which colours and signs may be drawn.
    pub(crate) theme: Theme,
    /// Ends the session when the user asks for it, and the screen when the session ends.
    pub(crate) stop: CancellationToken,
    /// Written to the ordinary terminal when the screen has closed.
    pub(crate) farewell: String,
    /// The directory that places in files are relative to.
    pub(crate) root: PathBuf,
    /// The user's editor, as the environment names it.
    pub(crate) editor: Option<String>,
    /// The keys and their actions.
    pub(crate) keymap: Keymap,
    /// Whether the terminal reports the mouse to devloop, instead of selecting text with it.
    pub(crate) mouse: bool,
    /// The paths of events through the pipeline.
    pub(crate) event_paths: Vec<Vec<Hop>>,
    /// What the APIs of the templates' outputs take, by the URLs of the outputs.
    pub(crate) calls: BTreeMap<String, ApiCall>,
    /// Takes the user's commands to the session; must not wait for the screen.
    pub(crate) orders: Box<dyn Fn(Order) + Send>,
}

/// The screen of a session.
pub(crate) struct Tui {
    shared: Arc<Shared>,
    /// Never gets a message; it closes when the terminal is restored.
    drawn: Receiver<()>,
    farewell: String,
}

impl Tui {
    /// Takes the terminal and draws until `stop` is cancelled or this is dropped.
    pub(crate) fn start(opening: Opening) -> io::Result<Self> {
        let Opening { command, endpoint, functions, theme, stop, farewell, .. } = opening;
        let desk =
            Desk { root: opening.root, editor: opening.editor, load: opening.load, orders: opening.orders };
        let (guard, canvas) = terminal::take()?;
        let mut screen = Screen::new(command, &endpoint, &functions, TimeZone::system());
        screen.resize(canvas.size()?);
        screen.keymap = opening.keymap;
        screen.mouse = opening.mouse;
        screen.event_paths = opening.event_paths;
        screen.calls = opening.calls;
        screen.target = opening.target;
        screen.takes_load = desk.load.is_some();
        let shared = Shared::new(screen, Fault::of(opening.panicking));
        catch_panics(&shared, &stop);
        *OPEN.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&shared);
        let (open, drawn) = channel();
        thread::Builder::new().name(DRAWING.to_owned()).spawn({
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move || draw::draw(&shared, (guard, canvas), theme, &stop, &open)
        })?;
        // Nothing can interrupt a read of the terminal, so this thread is not waited for at the end of the process.
        thread::Builder::new().name(KEYS.to_owned()).spawn({
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move || events::read(&shared, &desk, &stop)
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

    /// Shows the pipeline's state until `stop` is cancelled.
    pub(crate) fn follow(&self, source: impl StatusSource + 'static, stop: CancellationToken) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move { stop.run_until_cancelled(follow(&shared, &source)).await });
    }

    /// Shows the commit that `ask` returns; it is asked again every few seconds.
    pub(crate) fn follow_commit<A: Future<Output = Option<Commit>> + Send>(
        &self,
        ask: impl Fn() -> A + Send + Sync + 'static,
        stop: CancellationToken,
    ) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move { stop.run_until_cancelled(follow_commit(&shared, ask)).await });
    }
}

impl Sink for Tui {
    fn tell(&mut self, at: Millis, notice: &Notice, state: &State) -> io::Result<()> {
        self.shared.fault.happen();
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
        child::end();
        let _ = writeln!(output::stdout(), "{}", self.farewell);
    }
}

fn open_screen() -> Option<Arc<Shared>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner).upgrade()
}

/// Restores the shell's terminal before the program is stopped as a job. Blocks until the current frame is written.
pub(crate) fn suspend() {
    if let Some(shared) = open_screen() {
        shared.lend();
    }
}

/// Takes the terminal again when the program goes on.
pub(crate) fn resume() {
    if let Some(shared) = open_screen().filter(|_| !child::is_here() && terminal::is_taken()) {
        shared.take_again();
    }
}
