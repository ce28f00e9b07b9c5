//! The terminal is taken once and given back once: on a normal end, on an error, on a panic, on a signal.

use std::{
    io::{self, Write},
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    cursor, event, execute,
    terminal::{self, EnterAlternateScreen, LeaveAlternateScreen},
};

/// Holds the terminal in raw mode and on its other screen; gives it back when dropped.
#[derive(Debug)]
pub struct Guard {
    taken: Arc<AtomicBool>,
}

impl Guard {
    /// Takes the terminal. A panic of this thread gives it back before it is reported; a panic elsewhere (a source)
    /// goes to the log, since it does not end the console.
    pub fn take(mouse: bool) -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let taken = Arc::new(AtomicBool::new(true));
        let guard = Self { taken: taken.clone() };
        execute!(io::stdout(), EnterAlternateScreen, event::EnableBracketedPaste, cursor::Hide)?;
        if mouse {
            execute!(io::stdout(), event::EnableMouseCapture)?;
        }
        let console = std::thread::current().id();
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().id() == console {
                give_back(&taken);
                report(panic);
            } else {
                tracing::error!("{panic}");
            }
        }));
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back(&self.taken);
    }
}

/// Gives the terminal back, once. A terminal that is gone cannot be restored and needs not be: errors are passed over.
fn give_back(taken: &AtomicBool) {
    if taken.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(
            out,
            event::DisableMouseCapture,
            event::DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show,
            crossterm::style::ResetColor
        );
        let _ = out.flush();
        let _ = terminal::disable_raw_mode();
    }
}
