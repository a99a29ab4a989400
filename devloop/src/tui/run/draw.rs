//! The thread that draws. A slow terminal does not slow the session down: it always gets the newest state, and no queue grows.

use std::io;
use std::sync::PoisonError;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::bus::now;
use crate::engine::Millis;
use crate::tui::run::shared::{Inner, Shared};
use crate::tui::terminal::{self, Canvas, Guard};
use crate::tui::theme::Theme;
use crate::tui::view;

/// The least time between two frames: 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// Draws whenever something has changed, or a displayed age changes.
pub(super) fn draw(
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

/// Waits until there is something to draw. False: the screen has closed.
fn wait_for_change(shared: &Shared) -> bool {
    let mut inner = shared.lock();
    loop {
        inner = match next_step(&inner, Hold::of_terminal(), now()) {
            Step::End => return false,
            Step::Draw => {
                (inner.dirty, inner.drawing) = (false, true);
                return true;
            }
            Step::Wait(None) => shared.changed.wait(inner).unwrap_or_else(PoisonError::into_inner),
            Step::Wait(Some(wait)) => {
                let waited = shared.changed.wait_timeout(inner, wait);
                let (mut inner, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                inner.dirty |= timeout.timed_out();
                inner
            }
        };
    }
}

/// Which process has the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// Devloop's screen.
    Ours,
    /// An editor, a load, or the shell, for a while.
    Lent,
    /// The terminal has been restored for good.
    GivenBack,
}

impl Hold {
    fn of_terminal() -> Self {
        if !terminal::is_taken() {
            Self::GivenBack
        } else if terminal::is_lent() {
            Self::Lent
        } else {
            Self::Ours
        }
    }
}

/// What the drawing thread does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Draw,
    /// Waits until something changes, or until a displayed age changes.
    Wait(Option<Duration>),
    End,
}

fn next_step(inner: &Inner, hold: Hold, now: Millis) -> Step {
    match hold {
        _ if inner.closing => Step::End,
        Hold::GivenBack => Step::End,
        Hold::Lent => Step::Wait(None),
        Hold::Ours if inner.dirty => Step::Draw,
        Hold::Ours => Step::Wait(view::next_change(&inner.screen, now).map(Duration::from_millis)),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;

    use super::{Hold, Step, next_step};
    use crate::engine::{Digest, FunctionState};
    use crate::tui::fault::Fault;
    use crate::tui::run::shared::{Inner, Shared};
    use crate::tui::screen::Screen;

    fn check(change: impl FnOnce(&mut Inner), hold: Hold, expected: Step) {
        let screen = Screen::new("watch", "http://h", &["up".to_owned()], TimeZone::UTC);
        let shared = Shared::new(screen, Fault::default());
        let mut inner = shared.lock();
        change(&mut inner);
        assert_eq!(next_step(&inner, hold, 1_000), expected);
    }

    #[test]
    fn what_has_changed_is_drawn_while_the_terminal_is_ours() {
        check(|_| {}, Hold::Ours, Step::Draw);
        check(|inner| inner.dirty = false, Hold::Ours, Step::Wait(None));
        check(|_| {}, Hold::Lent, Step::Wait(None));
        check(|_| {}, Hold::GivenBack, Step::End);
        for hold in [Hold::Ours, Hold::Lent] {
            check(|inner| inner.closing = true, hold, Step::End);
        }
    }

    #[test]
    fn an_age_is_drawn_again_when_it_becomes_another_one() {
        let age = |inner: &mut Inner| {
            let digest = Digest::new("91c2".repeat(16));
            inner.screen.functions.insert("up".to_owned(), FunctionState::Live { digest, since: 700 });
            inner.dirty = false;
        };
        check(age, Hold::Ours, Step::Wait(Some(Duration::from_millis(700))));
    }
}
