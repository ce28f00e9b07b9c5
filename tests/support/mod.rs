//! The program in a pseudo-terminal: keys in, screens out. Waits for what a screen shows, never for a time.

use std::{
    io::{Read, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long a screen may take to show what is waited for, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// `ronde` in a terminal.
pub(crate) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    writer: Option<Box<dyn Write + Send>>,
    parser: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    closed: Arc<AtomicBool>,
    deaf: Arc<AtomicBool>,
    home: tempfile::TempDir,
}

/// What a program can do to a terminal that outlives it.
#[derive(Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "the terminal's own switches, one each")]
pub(crate) struct Modes {
    /// The other screen is shown.
    pub(crate) alternate: bool,
    /// Clicks are sent to the program.
    pub(crate) mouse: bool,
    /// What is pasted is marked.
    pub(crate) paste: bool,
    /// The cursor is hidden.
    pub(crate) hidden: bool,
    /// Keys are sent one by one, without echo.
    pub(crate) raw: bool,
}

#[allow(dead_code)] // each test binary uses its part
impl Modes {
    /// A terminal as a shell wants it.
    pub(crate) const PLAIN: Self = Self { alternate: false, mouse: false, paste: false, hidden: false, raw: false };
    /// A terminal as the console takes it.
    pub(crate) const TAKEN: Self = Self { alternate: true, mouse: true, paste: true, hidden: true, raw: true };
}

#[allow(dead_code)] // each test binary uses its part
impl Terminal {
    /// Starts the program with arguments, in a home of its own.
    pub(crate) fn start(arguments: &[&str], columns: u16, rows: u16) -> Self {
        Self::start_in(tempfile::tempdir().expect("a home"), arguments, columns, rows, &[])
    }

    /// Starts the program in this home, with more environment.
    pub(crate) fn start_in(
        home: tempfile::TempDir,
        arguments: &[&str],
        columns: u16,
        rows: u16,
        environment: &[(&str, &str)],
    ) -> Self {
        Self::start_program(env!("CARGO_BIN_EXE_ronde").as_ref(), home, arguments, columns, rows, environment)
    }

    /// Starts any program, likewise.
    pub(crate) fn start_program(
        program: &std::path::Path,
        home: tempfile::TempDir,
        arguments: &[&str],
        columns: u16,
        rows: u16,
        environment: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("USER", "tester");
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let closed = Arc::new(AtomicBool::new(false));
        let deaf = Arc::new(AtomicBool::new(false));
        let (to, bytes, close, pause) = (parser.clone(), raw.clone(), closed.clone(), deaf.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            let mut partial = Vec::new();
            while let Ok(count) = reader.read(&mut buffer) {
                // The reader is the last to hold the terminal open: the next bytes end it.
                if count == 0 || close.load(Ordering::SeqCst) {
                    return;
                }
                bytes.lock().expect("raw").extend_from_slice(&buffer[..count]);
                to.lock().expect("parser").process(&shown(&mut partial, &buffer[..count]));
                while pause.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(20)); // between two looks, not to wait
                }
            }
        });
        Self { master: Some(pair.master), child, writer: Some(writer), parser, raw, closed, deaf, home }
    }

    /// The directory that is the program's home.
    pub(crate) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Types text as it is.
    pub(crate) fn send(&mut self, text: &str) {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(text.as_bytes()).expect("the program reads");
        writer.flush().expect("the program reads");
    }

    /// The screen's text now, a line a row.
    pub(crate) fn screen(&self) -> String {
        self.parser.lock().expect("parser").screen().contents()
    }

    /// The screen's cells, row by row; the second half of a wide character is empty.
    pub(crate) fn grid(&self) -> Vec<Vec<String>> {
        let parser = self.parser.lock().expect("parser");
        let screen = parser.screen();
        let (rows, columns) = screen.size();
        let cell = |row, column| screen.cell(row, column).map_or_else(String::new, |cell| cell.contents().to_owned());
        (0..rows).map(|row| (0..columns).map(|column| cell(row, column)).collect()).collect()
    }

    /// The colours on the screen, text on ground, each pair once.
    pub(crate) fn colours(&self) -> std::collections::BTreeSet<String> {
        let parser = self.parser.lock().expect("parser");
        let screen = parser.screen();
        let (rows, columns) = screen.size();
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        cells
            .filter_map(|(row, column)| screen.cell(row, column))
            .map(|cell| format!("{:?} on {:?}", cell.fgcolor(), cell.bgcolor()))
            .collect()
    }

    /// Everything the program wrote.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.raw.lock().expect("raw").clone()
    }

    /// Whether the program is on the terminal's other screen.
    pub(crate) fn is_alternate(&self) -> bool {
        self.parser.lock().expect("parser").screen().alternate_screen()
    }

    /// What state the terminal is in.
    pub(crate) fn modes(&self) -> Modes {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.master.as_ref().and_then(|master| master.tty_name()).expect("the terminal is open");
        // Without making it the terminal of the tests.
        let flags = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
        let tty = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path).expect("the terminal is open");
        let local = rustix::termios::tcgetattr(&tty).expect("a terminal").local_modes;
        let parser = self.parser.lock().expect("parser");
        let screen = parser.screen();
        Modes {
            alternate: screen.alternate_screen(),
            mouse: screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
            paste: screen.bracketed_paste(),
            hidden: screen.hide_cursor(),
            raw: !local.contains(rustix::termios::LocalModes::ICANON | rustix::termios::LocalModes::ECHO),
        }
    }

    /// Waits until the terminal is in these modes.
    pub(crate) fn wait_modes(&mut self, what: &str, wanted: &Modes) {
        let until = Instant::now() + PATIENCE;
        while self.modes() != *wanted {
            assert!(Instant::now() < until, "{what}: {:?}; the screen is\n{}", self.modes(), self.screen());
            std::thread::sleep(Duration::from_millis(20)); // between two looks, not to wait
        }
    }

    /// The terminal takes no bytes until `false` is said.
    pub(crate) fn deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::SeqCst);
    }

    /// Waits until the screen satisfies `wanted`; returns it.
    pub(crate) fn wait(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_within(PATIENCE, what, wanted)
    }

    /// Waits until the screen satisfies `wanted`, at most so long; returns it.
    pub(crate) fn wait_within(&mut self, patience: Duration, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + patience;
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < until, "{what}: not seen within {patience:?}; the screen is\n{screen}");
            std::thread::sleep(Duration::from_millis(20)); // between two looks, not to wait
        }
    }

    /// Waits until the text is on the screen.
    pub(crate) fn see(&mut self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Waits until the text is not on the screen.
    pub(crate) fn lose(&mut self, text: &str) -> String {
        self.wait(&format!("no {text}"), |screen| !screen.contains(text))
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.lock().expect("parser").screen_mut().set_size(rows, columns);
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().expect("the terminal is open").resize(size).expect("resized");
    }

    /// The program's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Sends the program a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        #[allow(clippy::disallowed_methods, reason = "a test may")]
        let status = std::process::Command::new("kill")
            .args([&format!("-{name}"), &self.pid().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Takes the terminal away from the program.
    pub(crate) fn hang_up(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        self.writer = None;
        self.master = None;
    }

    /// Waits until the program ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("waited for") {
                return status;
            }
            assert!(Instant::now() < until, "the program did not end; the screen is\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(20)); // between two looks, not to wait
        }
    }
}

/// What the parser is given: it leaves out U+FFFD, which every terminal shows one column wide. What may be the first
/// bytes of one waits for the rest.
fn shown(partial: &mut Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
    let mut from = std::mem::take(partial);
    from.extend_from_slice(bytes);
    let waits = (1..REPLACEMENT.len()).rev().find(|&length| from.ends_with(&REPLACEMENT[..length])).unwrap_or(0);
    *partial = from.split_off(from.len() - waits);
    let mut to = Vec::with_capacity(from.len());
    let mut rest = &from[..];
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(REPLACEMENT) {
            to.push(b'?');
            rest = after;
        } else {
            to.push(*first);
            rest = after;
        }
    }
    to
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
