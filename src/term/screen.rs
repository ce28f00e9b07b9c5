//! Frames become bytes here, and a thread of its own writes them: a slow or stopped terminal delays frames, never
//! the console. While bytes are on their way no frame is drawn; the next one then shows the newest state.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use crossterm::{
    QueueableCommand,
    clipboard::CopyToClipboard,
    event,
    terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate},
};
use ratatui::{
    Frame, Terminal,
    backend::{Backend as _, CrosstermBackend},
    layout::Rect,
};
use tokio::sync::mpsc as tokio_mpsc;

use super::guard::Taken;

/// Bytes of a frame before they are sent.
#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal of fixed size that draws into bytes; its first frame draws every cell that is not blank.
fn terminal(bytes: &Bytes, area: Rect) -> io::Result<Terminal<CrosstermBackend<Bytes>>> {
    let options = ratatui::TerminalOptions { viewport: ratatui::Viewport::Fixed(area) };
    Terminal::with_options(CrosstermBackend::new(bytes.clone()), options)
}

/// Tells frames that change something from those that only reset the style and hide the cursor once more.
struct News {
    /// What a frame begins with in which no cell changed; where it puts the cursor follows.
    reset: Vec<u8>,
    /// Where the last frame put the cursor.
    cursor: Vec<u8>,
}

impl News {
    fn new() -> io::Result<Self> {
        let bytes = Bytes::default();
        CrosstermBackend::new(bytes.clone()).draw(std::iter::empty())?;
        Ok(Self { reset: bytes.take(), cursor: Vec::new() })
    }

    /// Whether a frame changes a cell or moves the cursor.
    fn is_in(&mut self, frame: &[u8]) -> bool {
        let reset = frame.windows(self.reset.len().max(1)).rposition(|part| part == self.reset);
        let cursor = &frame[reset.map_or(0, |at| at + self.reset.len())..];
        let moved = *cursor != *self.cursor;
        if moved {
            self.cursor = cursor.to_vec();
        }
        moved || reset != Some(0)
    }
}

/// The screen.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Bytes>>,
    bytes: Bytes,
    writer: mpsc::SyncSender<Vec<u8>>,
    written: tokio_mpsc::Receiver<io::Result<()>>,
    under_way: usize,
    news: News,
    /// Bytes sent to the terminal since the start.
    pub sent: u64,
    /// Frames drawn since the start.
    pub frames: u64,
}

impl Screen {
    /// A screen of the terminal's size, written to standard output while the terminal is ours.
    pub fn new(columns: u16, rows: u16, taken: Taken) -> io::Result<Self> {
        let bytes = Bytes::default();
        let (writer, to_write) = mpsc::sync_channel::<Vec<u8>>(64);
        let (done, written) = tokio_mpsc::channel(64);
        thread::Builder::new().name("terminal".into()).spawn(move || {
            for bytes in to_write {
                let mut out = io::stdout().lock();
                if !taken.still() {
                    return;
                }
                let result = out.write_all(&bytes).and_then(|()| out.flush());
                drop(out);
                let failed = result.is_err();
                if done.blocking_send(result).is_err() || failed {
                    return;
                }
            }
        })?;
        let terminal = terminal(&bytes, Rect::new(0, 0, columns, rows))?;
        Ok(Self { terminal, bytes, writer, written, under_way: 0, news: News::new()?, sent: 0, frames: 0 })
    }

    /// The terminal has another size: the next frame draws every cell.
    pub fn resize(&mut self, columns: u16, rows: u16) -> io::Result<()> {
        self.terminal = terminal(&self.bytes, Rect::new(0, 0, columns, rows))?;
        // Clearing through ratatui would ask the terminal where its cursor is, and wait for the answer.
        self.bytes.queue(Clear(ClearType::All))?;
        Ok(())
    }

    /// The next frame draws every cell.
    pub fn clear(&mut self) -> io::Result<()> {
        let size = self.terminal.get_frame().area();
        self.resize(size.width, size.height)
    }

    /// Whether a frame drawn now would be written at once.
    pub fn is_idle(&self) -> bool {
        self.under_way == 0
    }

    /// Waits until bytes are written. An error means that the terminal is gone. Cancel safe.
    pub async fn wait(&mut self) -> io::Result<()> {
        match self.written.recv().await {
            Some(result) => {
                self.under_way = self.under_way.saturating_sub(1);
                result
            }
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Draws a frame and sends what changed, as one synchronized update. Nothing is sent when nothing changed.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame)) -> io::Result<()> {
        let waiting = self.bytes.take();
        self.terminal.draw(render)?;
        let frame = self.bytes.take();
        self.frames += 1;
        let mut out = waiting;
        if self.news.is_in(&frame) {
            out.queue(BeginSynchronizedUpdate)?;
            out.extend_from_slice(&frame);
            out.queue(EndSynchronizedUpdate)?;
        }
        self.send(out)
    }

    /// Puts text into the clipboard of the user's terminal.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut out = Vec::new();
        out.queue(CopyToClipboard::to_clipboard_from(text))?;
        self.send(out)
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub fn mouse(&mut self, ours: bool) -> io::Result<()> {
        let mut out = Vec::new();
        if ours {
            out.queue(event::EnableMouseCapture)?;
        } else {
            out.queue(event::DisableMouseCapture)?;
        }
        self.send(out)
    }

    fn send(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.sent += bytes.len() as u64;
        self.under_way += 1;
        match self.writer.try_send(bytes) {
            Ok(()) => Ok(()),
            // Only small things (clipboard, mouse) are sent while bytes are under way; more than the queue holds
            // are of no use to a terminal that does not take them.
            Err(mpsc::TrySendError::Full(_)) => {
                self.under_way -= 1;
                Ok(())
            }
            Err(mpsc::TrySendError::Disconnected(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_frames_that_change_something_are_news() {
        let bytes = Bytes::default();
        let mut terminal = terminal(&bytes, Rect::new(0, 0, 20, 3)).unwrap();
        let mut news = News::new().unwrap();
        let mut draw = |text: &str, cursor: Option<(u16, u16)>| {
            terminal
                .draw(|frame| {
                    frame.buffer_mut().set_string(0, 0, text, ratatui::style::Style::new());
                    if let Some(at) = cursor {
                        frame.set_cursor_position(at);
                    }
                })
                .unwrap();
            news.is_in(&bytes.take())
        };
        assert!(draw("web-1", None), "the first");
        assert!(!draw("web-1", None), "the same");
        assert!(draw("web-2", None));
        assert!(draw("web-2", Some((3, 1))), "a cursor");
        assert!(!draw("web-2", Some((3, 1))));
        assert!(draw("web-2", Some((4, 1))), "it moves");
        assert!(draw("web-2", None), "it goes");
        assert!(!draw("web-2", None));
    }
}
