//! The terminal is taken once and given back once: on a normal end, on an error, on a panic, on a signal.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use crossterm::{
    cursor, event, execute,
    terminal::{self, EnterAlternateScreen, LeaveAlternateScreen},
};

/// How long a terminal that takes no bytes (stopped with ctrl-s, a dead link) may hold up the end.
const PATIENCE: Duration = Duration::from_secs(1);

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
        let console = thread::current().id();
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == console {
                give_back(&taken);
                report(panic);
            } else {
                tracing::error!("{panic}");
            }
        }));
        Ok(guard)
    }

    /// Whether the terminal is still ours. Who writes to it asks while holding standard output's lock: what is written
    /// after it was given back would land among the user's own lines.
    pub fn taken(&self) -> Taken {
        Taken(self.taken.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back(&self.taken);
    }
}

/// Tells whether the terminal is still ours.
#[derive(Clone, Debug)]
pub struct Taken(Arc<AtomicBool>);

impl Taken {
    /// Whether it is.
    pub fn still(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Gives the terminal back, once. A terminal that is gone cannot be restored and needs not be: errors are passed over.
/// One that takes no bytes is not waited for long; its modes, which need no bytes, are undone all the same.
fn give_back(taken: &AtomicBool) {
    if taken.swap(false, Ordering::SeqCst) {
        let (done, waits) = mpsc::channel();
        let write = move || {
            restore();
            // Nobody waits any more: the program ends without it.
            let _ = done.send(());
        };
        if thread::Builder::new().name("restore".into()).spawn(write).is_ok() {
            let _ = waits.recv_timeout(PATIENCE);
        }
        let _ = terminal::disable_raw_mode();
    }
}

fn restore() {
    let mut out = io::stdout().lock();
    let _ = execute!(
        out,
        event::DisableMouseCapture,
        event::DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show,
        crossterm::style::ResetColor
    );
    let _ = out.flush();
}
