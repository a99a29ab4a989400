//! Takes the terminal for the screen, lends it to child processes, and restores it.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyEventKind};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use crate::output;
use crate::tui::interrupts;

/// Whether devloop's screen has the terminal. There is only one for the whole process.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the terminal is in order: nothing of the screen is left to be written.
static IN_ORDER: AtomicBool = AtomicBool::new(true);

/// Whether a child process or the shell has it for a while.
static LENT: AtomicBool = AtomicBool::new(false);

/// Asks for clicks and the wheel, also beyond column 223; movements are not reported `[Mouse Tracking, XTerm Control Sequences]`.
const MOUSE_ON: &str = "\u{1b}[?1000h\u{1b}[?1006h";
const MOUSE_OFF: &str = "\u{1b}[?1006l\u{1b}[?1000l";

/// How long threads that end the screen wait for each other.
const MOMENT: Duration = Duration::from_millis(300);

/// Holds the terminal; it is restored when this is dropped.
#[derive(Debug)]
pub(super) struct Guard(());

/// A terminal to draw on.
pub(super) type Canvas = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// Takes the terminal: raw keys, and a screen of its own.
pub(super) fn take() -> io::Result<(Guard, Canvas)> {
    enable_raw_mode()?;
    IN_ORDER.store(false, Ordering::SeqCst);
    TAKEN.store(true, Ordering::SeqCst);
    let guard = Guard(());
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    Ok((guard, canvas()?))
}

/// A canvas that assumes the screen to be empty.
pub(super) fn canvas() -> io::Result<Canvas> {
    Terminal::new(CrosstermBackend::new(BufWriter::new(io::stdout())))
}

/// Asks the terminal to report the mouse, or to keep it for itself.
pub(super) fn take_mouse(take: bool) -> io::Result<()> {
    let mut output = io::stdout();
    output.write_all(if take { MOUSE_ON } else { MOUSE_OFF }.as_bytes())?;
    output.flush()
}

/// Empties the screen.
pub(super) fn wipe() -> io::Result<()> {
    execute!(io::stdout(), Clear(ClearType::All))
}

/// Whether a child process or the shell has the terminal for a while.
pub(super) fn is_lent() -> bool {
    LENT.load(Ordering::SeqCst)
}

/// From here on no frame is begun. Returns whether devloop had the terminal and must now restore it.
pub(super) fn begin_to_lend() -> bool {
    is_taken() && !LENT.swap(true, Ordering::SeqCst)
}

/// Takes the terminal again, whatever modes it has now.
pub(super) fn take_again(mouse: bool) -> io::Result<()> {
    interrupts::heed();
    LENT.store(false, Ordering::SeqCst);
    if !is_taken() {
        return Ok(());
    }
    disable_raw_mode()?;
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Clear(ClearType::All))?;
    take_mouse(mouse)
}

/// Sets the terminal's modes as a shell needs them.
pub(super) fn give_back() {
    // The mode first, because setting it cannot block, while output can.
    let _ = disable_raw_mode();
    let _ = take_mouse(false);
    let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
}

/// Writes the text below the child's output, and waits for a key. Nothing else is drawn until then.
pub(super) fn wait_for_key(text: &str) {
    let said = writeln!(output::stdout(), "\n{text}").and_then(|()| enable_raw_mode());
    while said.is_ok() {
        match event::read() {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => break,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    let _ = disable_raw_mode();
}

/// Whether the terminal has not been restored yet.
pub(super) fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Restores the terminal, once; may be called from anywhere, also at the end of the process. Where another thread restores it already,
/// this waits a moment for it, so that what the caller writes next is not lost with the screen.
pub(crate) fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        wait_a_moment(|| IN_ORDER.load(Ordering::SeqCst));
        return;
    }
    // The session ends. A further Ctrl-C ends it at once, even if an editor still has the terminal.
    interrupts::heed();
    if is_lent() {
        // Raw mode is on while a key is awaited. While a child process has the terminal, this changes nothing.
        let _ = disable_raw_mode();
    } else {
        give_back();
    }
    IN_ORDER.store(true, Ordering::SeqCst);
}

/// Waits until it is so; only for a moment, because a terminal that nobody reads takes nothing.
pub(super) fn wait_a_moment(is_so: impl Fn() -> bool) {
    let until = Instant::now() + MOMENT;
    while !is_so() && Instant::now() < until {
        thread::sleep(Duration::from_millis(1));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Asks the terminal to put the text into the user's clipboard; works through ssh, and in tmux if its settings allow it.
pub(super) fn copy(text: &str) -> io::Result<()> {
    let mut output = io::stdout();
    output.write_all(clipboard_sequence(text).as_bytes())?;
    output.flush()
}

/// `[OSC 52, XTerm Control Sequences]`
fn clipboard_sequence(text: &str) -> String {
    format!("\u{1b}]52;c;{}\u{1b}\\", STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::clipboard_sequence;

    #[test]
    fn the_clipboard_gets_the_text() {
        assert_eq!(clipboard_sequence("curl -d '1' x"), "\u{1b}]52;c;Y3VybCAtZCAnMScgeA==\u{1b}\\");
    }
}
