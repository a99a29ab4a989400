//! The threads of the screen: one draws when something changed, one reads keys, and a task asks how the pipeline fares.
//!
//! They share the [`Screen`] under a lock that is held for a change or for drawing into memory, never while the terminal is
//! written to: a slow terminal does not slow the session down, and what it misses needs no queue.
//!
//! The terminal is lent out to an editor, and to the shell while the program is stopped as a job; nothing is drawn meanwhile.

use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::crossterm::event::{self, Event, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Size;
use tokio_util::sync::CancellationToken;

use crate::bus::now;
use crate::engine::{Millis, Notice, Problem, State};
use crate::sink::Sink;
use crate::status::{Report, StatusSource};
use crate::tui::fault::Fault;
use crate::tui::keymap::Keymap;
use crate::tui::location::Place;
use crate::tui::lodger::{Farewell, Load};
use crate::tui::route::Hop;
use crate::tui::screen::{Commit, Order, Request, Screen};
use crate::tui::terminal::{self, Canvas, Guard};
use crate::tui::theme::Theme;
use crate::tui::{editor, keys, lodger, view};

/// The least time between two frames: 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// How often the pipeline is asked while something happens.
const ASKING: Duration = Duration::from_secs(1);

/// How often while nothing does.
const RESTING: Duration = Duration::from_secs(10);

/// How often the repository is looked at.
const LOOKING: Duration = Duration::from_secs(3);

/// After so many answers without news nothing happens any more.
const QUIET: u32 = 3;

/// How long the end waits for a terminal that takes no output.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long a panic waits for the frame that is being written.
const COURTESY: Duration = Duration::from_millis(300);

const DRAWING: &str = "tui-draw";
const KEYS: &str = "tui-keys";

/// The screen that has the terminal, for the signals that stop the program as a job and let it go on.
static OPEN: Mutex<Weak<Shared>> = Mutex::new(Weak::new());

/// A panic has taken the screen with it.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// What the screen is opened with.
pub(crate) struct Opening {
    /// The command, such as `watch`.
    pub(crate) command: &'static str,
    /// The URL that clients use.
    pub(crate) endpoint: String,
    /// The watched functions.
    pub(crate) functions: Vec<String>,
    /// Where the functions run, by name and value.
    pub(crate) target: Vec<(&'static str, String)>,
    /// How `devloop bench` is started, where it can follow what it sends.
    pub(crate) load: Option<Load>,
    /// The thread that is to panic at the first key, for a test.
    pub(crate) panicking: Option<String>,
    /// What the terminal and the user allow.
    pub(crate) theme: Theme,
    /// Ends the session when the user asks for it, and the screen when the session ends.
    pub(crate) stop: CancellationToken,
    /// Said on the ordinary screen when this one is gone.
    pub(crate) farewell: String,
    /// What places in files are relative to.
    pub(crate) root: PathBuf,
    /// The user's editor, as the environment names it.
    pub(crate) editor: Option<String>,
    /// Which key does what.
    pub(crate) keymap: Keymap,
    /// The mouse is reported to us, and not kept by the terminal.
    pub(crate) mouse: bool,
    /// The ways through the pipeline.
    pub(crate) routes: Vec<Vec<Hop>>,
    /// Takes what the user wants of the session; must not wait for the screen.
    pub(crate) orders: Box<dyn Fn(Order) + Send>,
}

/// What the keys' thread needs beside the screen.
struct Desk {
    root: PathBuf,
    editor: Option<String>,
    load: Option<Load>,
    orders: Box<dyn Fn(Order) + Send>,
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
    fault: Fault,
}

struct Inner {
    screen: Screen,
    dirty: bool,
    closing: bool,
    /// A frame is being written.
    drawing: bool,
    /// What is on the terminal is not what was drawn last.
    repaint: bool,
    clipboard: Option<String>,
    /// What the terminal is to be told about the mouse.
    mouse: Option<bool>,
}

impl Shared {
    fn new(screen: Screen, fault: Fault) -> Arc<Self> {
        let mouse = Some(screen.mouse).filter(|mouse| *mouse);
        let inner = Inner {
            screen,
            dirty: true,
            closing: false,
            drawing: false,
            repaint: false,
            clipboard: None,
            mouse,
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
            changed: Condvar::new(),
            happened: tokio::sync::Notify::new(),
            fault,
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
        self.refresh(|screen| screen.learn(answer))
    }

    /// Changes the screen, and has it drawn if that brought news.
    fn refresh(&self, change: impl FnOnce(&mut Screen) -> bool) -> bool {
        let mut inner = self.lock();
        let is_new = change(&mut inner.screen);
        if is_new {
            inner.dirty = true;
            self.changed.notify_all();
        }
        is_new
    }

    /// Lends the terminal out, after the frame that is being written.
    fn lend(&self) {
        if terminal::begin_to_lend() {
            drop(self.changed.wait_while(self.lock(), |inner| inner.drawing));
            terminal::give_back();
        }
    }

    fn take_again(&self) {
        let mut inner = self.lock();
        // An error means that there is no terminal any more, which the next frame finds out.
        let _ = terminal::take_again(inner.screen.mouse);
        (inner.repaint, inner.dirty) = (true, true);
        self.changed.notify_all();
    }

    fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }
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
        screen.routes = opening.routes;
        screen.target = opening.target;
        screen.takes_load = desk.load.is_some();
        let shared = Shared::new(screen, Fault::of(opening.panicking));
        catch_panics(&shared, &stop);
        *OPEN.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&shared);
        let (open, drawn) = channel();
        thread::Builder::new().name(DRAWING.to_owned()).spawn({
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move || draw(&shared, (guard, canvas), theme, &stop, &open)
        })?;
        // Nothing can wake a read of the terminal, so this thread is left alone at the end of the process.
        thread::Builder::new().name(KEYS.to_owned()).spawn({
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move || read_keys(&shared, &desk, &stop)
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

impl Tui {
    /// Shows the commit that `ask` tells, asked again every few seconds.
    pub(crate) fn follow_commit<A: Future<Output = Option<Commit>> + Send>(
        &self,
        ask: impl Fn() -> A + Send + Sync + 'static,
        stop: CancellationToken,
    ) {
        let shared = Arc::clone(&self.shared);
        let following = async move {
            loop {
                let began = Instant::now();
                let commit = ask().await;
                shared.refresh(|screen| screen.stands_on(commit));
                // A repository in which that takes long is looked at less often.
                tokio::time::sleep(LOOKING.max(began.elapsed() * 20)).await;
            }
        };
        tokio::spawn(async move { stop.run_until_cancelled(following).await });
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
        lodger::end();
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
        shared.fault.happen();
        let drawn = draw_once(shared, &mut canvas, theme);
        shared.lock().drawing = false;
        shared.changed.notify_all();
        if let Err(_gone) = drawn {
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
        if terminal::is_lent() {
            inner = shared.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        if inner.dirty {
            (inner.dirty, inner.drawing) = (false, true);
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
    let (clipboard, mouse, repaint) = {
        let mut inner = shared.lock();
        (inner.clipboard.take(), inner.mouse.take(), std::mem::take(&mut inner.repaint))
    };
    if let Some(text) = clipboard {
        terminal::copy(&text)?;
    }
    if let Some(take) = mouse {
        terminal::take_mouse(take)?;
    }
    if repaint {
        terminal::wipe()?;
        *canvas = terminal::canvas()?;
    }
    canvas.draw(|frame| view::draw(frame, &shared.lock().screen, now(), theme))?;
    Ok(())
}

fn read_keys(shared: &Shared, desk: &Desk, stop: &CancellationToken) {
    while let Ok(event) = event::read() {
        if shared.lock().closing {
            return;
        }
        shared.fault.happen();
        let request = match event {
            Event::Key(key) => keys::name(&key).and_then(|key| shared.change(|screen| screen.press(&key))),
            Event::Mouse(mouse) => shared.change(|screen| point(screen, mouse)),
            Event::Paste(text) => {
                shared.change(|screen| screen.paste(&text));
                None
            }
            Event::Resize(width, height) => {
                shared.change(|screen| screen.resize(Size::new(width, height)));
                None
            }
            Event::FocusGained | Event::FocusLost => None,
        };
        shared.fault.arm();
        match request {
            None => {}
            Some(Request::Quit) => stop.cancel(),
            Some(Request::Copy(text)) => shared.lock().clipboard = Some(text),
            Some(Request::Mouse(take)) => shared.lock().mouse = Some(take),
            Some(Request::Redraw) => shared.lock().repaint = true,
            Some(Request::Order(order)) => (desk.orders)(order),
            Some(Request::Edit(place)) => {
                let said = edit(shared, desk, &place);
                shared.change(|screen| screen.remark = said);
            }
            Some(Request::Load(options)) => {
                let said = load(shared, desk, &options);
                shared.change(|screen| screen.remark = said);
            }
            // The signal's handler lends the terminal out first.
            Some(Request::Suspend) => {
                let _ =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
            }
        }
    }
    // Without keys nobody could end the session from here.
    stop.cancel();
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

/// Opens the user's editor at the place and waits for it. Returns what is to be said afterwards.
fn edit(shared: &Shared, desk: &Desk, place: &Place) -> Option<String> {
    let file = desk.root.join(&place.file);
    if !file.is_file() {
        return Some(format!("there is no file {}", file.display()));
    }
    let Some(editor) = &desk.editor else {
        let (line, column) = (place.line, place.column);
        return Some(format!("set EDITOR to open {}:{line}:{column} from here", file.display()));
    };
    let call = editor::call(editor, &file, place.line, place.column)?;
    shared.lend();
    let result = lodger::run(Command::new(&call.program).args(&call.arguments), Farewell::Once);
    shared.take_again();
    match result {
        Err(error) => Some(format!("start the editor `{}`: {error}", call.program)),
        Ok(status) if !status.success() => Some(format!("the editor `{}` ended with {status}", call.program)),
        Ok(_) if !call.at_line => {
            Some(format!("`{}` is not known here, so it was not told the line {}", call.program, place.line))
        }
        Ok(_) => None,
    }
}

/// Lends the terminal to `devloop bench` until it ends, and as long as its tables are read. Returns what is to be said afterwards.
fn load(shared: &Shared, desk: &Desk, options: &[String]) -> Option<String> {
    let load = desk.load.as_ref()?;
    let mut command = Command::new(&load.program);
    command.arg("bench").args(options).envs(load.environment.iter().map(|(name, value)| (name, value)));
    shared.lend();
    let result = lodger::run(&mut command, Farewell::Twice);
    if result.is_ok() && !shared.lock().closing {
        terminal::wait_for_key("-- any key leads back to the screen of devloop --");
    }
    shared.take_again();
    match result {
        Err(error) => Some(format!("start {}: {error}", load.program.display())),
        Ok(status) if !status.success() => Some(format!("the load ended with {status}")),
        Ok(_) => None,
    }
}

fn open_screen() -> Option<Arc<Shared>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner).upgrade()
}

/// Gives the terminal to the shell, before the program stops as a job. Blocks until the frame is written.
pub(crate) fn suspend() {
    if let Some(shared) = open_screen() {
        shared.lend();
    }
}

/// Takes the terminal again, when the program goes on.
pub(crate) fn resume() {
    if let Some(shared) = open_screen().filter(|_| !lodger::is_here() && terminal::is_taken()) {
        shared.take_again();
    }
}

/// Asks until it is dropped.
async fn follow(shared: &Shared, source: &dyn StatusSource) {
    let mut pace = Pace::default();
    loop {
        let report = source.report().await;
        let rest = report.as_ref().map_or(ASKING, |report| source.interval(report));
        pace.heard(shared.learn(report));
        tokio::time::sleep(rest.max(ASKING)).await;
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
        PANICKED.store(true, Ordering::SeqCst);
        if let Some(shared) = shared.upgrade().filter(|_| thread::current().name() != Some(DRAWING)) {
            let_the_frame_end(&shared);
        }
        terminal::restore();
        stop.cancel();
        previous(panic);
    }));
}

/// Lets a frame that is being written come to its end and none begin: it would be drawn over what the panic says. The thread that
/// panics may hold the lock itself, so this waits for a moment only.
fn let_the_frame_end(shared: &Shared) {
    let until = Instant::now() + COURTESY;
    while Instant::now() < until {
        let inner = match shared.inner.try_lock() {
            Ok(inner) => Some(inner),
            Err(TryLockError::Poisoned(inner)) => Some(inner.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        if let Some(mut inner) = inner {
            inner.closing = true;
            if !inner.drawing {
                return;
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether the session ends because of a panic, which has been written to the terminal.
pub(crate) fn has_panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
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
