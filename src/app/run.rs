//! The loop around [`super::update::update`]: terminal, sources, clock, cache in; frames and effects out.
//!
//! A key is drawn at once. Data is drawn on its leading edge, then at most ten times a second. Nothing is drawn while
//! the terminal still takes the last frame.

use std::{io, path::PathBuf, time::Duration};

use crossterm::event::{Event as TermEvent, EventStream, KeyEventKind, MouseButton, MouseEventKind};
use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use super::{
    App,
    effect::Effect,
    event::{Event, Mouse},
    memory,
    messages::Level,
    saved::SavedViews,
    supervisor::Supervisor,
    table_view::REBUILD_EVERY,
    update::update,
};
use crate::{
    cache::Cache,
    command::keys::Key,
    source::{Inbox, registry::Starter},
    term::{guard::Guard, screen::Screen},
    theme::Themes,
    view,
};

/// The shortest time between two frames that only data asks for.
const FRAME_EVERY: Duration = Duration::from_millis(100);
/// Changes taken at once, so that a key never waits behind a long list.
const BATCH: usize = 512;

/// Everything a console needs to run.
pub struct Console {
    /// Its state.
    pub app: App,
    /// Its themes.
    pub themes: Themes,
    /// Its sources.
    pub sources: Vec<Starter>,
    /// The file of saved views.
    pub views_file: Option<PathBuf>,
    /// What the last run knew, when it could be opened.
    pub cache: Option<Cache>,
    /// What there is to tell at the start.
    pub notes: Vec<(Level, String)>,
}

/// Runs the console until it is ended; the terminal is given back in any case. An error means that the terminal
/// cannot be used.
pub async fn console(console: Console) -> io::Result<()> {
    let guard = Guard::take(console.app.mouse)?;
    let mut signals = Signals::new()?;
    let (columns, rows) = crossterm::terminal::size()?;
    let screen = Screen::new(columns, rows, guard.taken())?;
    let inbox = Inbox::default();
    let (answers, answered) = mpsc::channel(256);
    let (tell, told) = mpsc::channel(16);
    let known = console.sources.iter().map(|source| source.id.clone()).collect();
    let memory = memory::open(console.cache, &known, &tell);
    let supervisor = Supervisor::start(console.sources, &inbox, answers);
    let mut driver = Driver {
        app: console.app,
        themes: console.themes,
        screen,
        supervisor,
        views_file: console.views_file,
        memory: memory.keeper,
        tell,
        dirty: true,
        urgent: false,
        last_frame: None,
    };
    driver.event(Event::Resize(columns, rows))?;
    for (level, text) in console.notes.into_iter().chain(memory.notes) {
        driver.event(Event::Tell(level, text))?;
    }
    driver.event(memory.remembered)?;
    let result = driver.run(&inbox, answered, told, &mut signals).await;
    drop(guard);
    if let Some(memory) = driver.memory {
        memory.end(&driver.app);
    }
    driver.supervisor.stop().await;
    // A terminal that went away ends the console; that is no error to report to nobody.
    match result {
        Err(error) if is_gone(&error) => Ok(()),
        result => result,
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof)
        || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

struct Driver {
    app: App,
    themes: Themes,
    screen: Screen,
    supervisor: Supervisor,
    views_file: Option<PathBuf>,
    memory: Option<memory::Keeper>,
    tell: mpsc::Sender<(Level, String)>,
    dirty: bool,
    /// A key waits for its frame, because the terminal still took the last one.
    urgent: bool,
    last_frame: Option<Instant>,
}

/// Whether to go on.
#[derive(PartialEq)]
enum Flow {
    On,
    End,
}

impl Driver {
    async fn run(
        &mut self,
        inbox: &Inbox,
        mut answered: mpsc::Receiver<(crate::model::query::AskId, crate::model::query::Answer)>,
        mut told: mpsc::Receiver<(Level, String)>,
        signals: &mut Signals,
    ) -> io::Result<()> {
        let mut input = EventStream::new();
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut wake: Option<Instant> = None;
        loop {
            let last_frame = self.last_frame.filter(|_| !self.urgent);
            let next_frame = last_frame.map_or_else(Instant::now, |at| at + FRAME_EVERY);
            let flow = tokio::select! { biased;
                () = signals.ended() => Flow::End,
                event = input.next() => match event {
                    Some(event) => self.input(event?)?,
                    None => return Err(io::ErrorKind::UnexpectedEof.into()),
                },
                written = self.screen.wait(), if !self.screen.is_idle() => { written?; Flow::On }
                Some((id, answer)) = answered.recv() => self.event(Event::Answer(id, answer))?,
                Some((level, text)) = told.recv() => self.event(Event::Tell(level, text))?,
                _ = tick.tick() => {
                    if let Some(memory) = &mut self.memory {
                        memory.keep(&self.app);
                    }
                    self.event(Event::Tick)?
                }
                () = sleep_until(next_frame), if self.dirty && self.screen.is_idle() => { self.draw()?; Flow::On }
                () = sleep_until(wake.unwrap_or(next_frame)), if wake.is_some() => {
                    wake = None;
                    self.event(Event::Wake)?
                }
                deltas = inbox.take(BATCH) => self.event(Event::Data(deltas))?,
            };
            if flow == Flow::End {
                return Ok(());
            }
            let behind = self.app.view().is_some_and(|view| view.is_behind(&self.app.store));
            if behind && wake.is_none() {
                wake = Some(
                    Instant::now() + Duration::from_millis(u64::try_from(REBUILD_EVERY.as_millis()).unwrap_or(250)),
                );
            }
        }
    }

    /// Something came from the terminal: taken, and drawn at once.
    fn input(&mut self, event: TermEvent) -> io::Result<Flow> {
        let event = match event {
            TermEvent::Key(key) if key.kind != KeyEventKind::Release => Event::Key(Key::from(key)),
            TermEvent::Paste(text) => Event::Paste(text),
            TermEvent::Resize(columns, rows) => {
                self.screen.resize(columns, rows)?;
                Event::Resize(columns, rows)
            }
            TermEvent::Mouse(mouse) => match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Event::Mouse(Mouse::Press(mouse.column, mouse.row)),
                MouseEventKind::ScrollDown => Event::Mouse(Mouse::Wheel(3)),
                MouseEventKind::ScrollUp => Event::Mouse(Mouse::Wheel(-3)),
                _ => return Ok(Flow::On),
            },
            _ => return Ok(Flow::On),
        };
        let flow = self.event(event)?;
        if self.screen.is_idle() {
            self.draw()?;
        } else {
            self.urgent = true;
        }
        Ok(flow)
    }

    fn event(&mut self, event: Event) -> io::Result<Flow> {
        let by_data = matches!(event, Event::Data(_) | Event::Wake);
        let before = self.app.looks();
        let effects = update(&mut self.app, event, Timestamp::now());
        // Most of what sources say concerns other tables than the one in front.
        self.dirty |= !by_data || self.app.looks() != before;
        for effect in effects {
            if self.perform(effect)? == Flow::End {
                return Ok(Flow::End);
            }
        }
        Ok(Flow::On)
    }

    fn draw(&mut self) -> io::Result<()> {
        let (app, themes) = (&self.app, &self.themes);
        let mut hits = None;
        self.screen.draw(|frame| hits = Some(view::draw(app, themes, frame)))?;
        if let Some(hits) = hits {
            self.app.hits = hits;
        }
        (self.dirty, self.urgent) = (false, false);
        self.last_frame = Some(Instant::now());
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> io::Result<Flow> {
        match effect {
            Effect::Ask(id, source, query) => self.supervisor.ask(id, &source, query),
            Effect::Cancel(id) => self.supervisor.cancel(id),
            Effect::Demand(demand) => self.supervisor.demand(demand),
            Effect::Copy(text) => self.screen.copy(&text)?,
            Effect::Mouse(ours) => self.screen.mouse(ours)?,
            Effect::Write(path, text) => self.in_background(move || {
                write_new(&path, &text)
                    .map(|()| format!("wrote {}", path.display()))
                    .map_err(|why| format!("{}: {why}; nothing was written", path.display()))
            }),
            Effect::SaveViews(views) => {
                if let Some(path) = self.views_file.clone() {
                    self.in_background(move || {
                        save_views(&path, &views)
                            .map(|()| format!("saved in {}", path.display()))
                            .map_err(|why| format!("the view could not be saved in {}: {why}", path.display()))
                    });
                }
            }
            Effect::Clear => self.screen.clear()?,
            Effect::Quit => return Ok(Flow::End),
        }
        Ok(Flow::On)
    }

    /// Does something slow elsewhere and tells how it went.
    fn in_background(&self, work: impl FnOnce() -> Result<String, String> + Send + 'static) {
        let tell = self.tell.clone();
        tokio::task::spawn_blocking(move || {
            let line = match work() {
                Ok(text) => (Level::Info, text),
                Err(text) => (Level::Error, text),
            };
            // The console may be ending; then nobody reads it.
            let _ = tell.blocking_send(line);
        });
    }
}

/// Writes a file that is not there yet, for the user alone.
fn write_new(path: &std::path::Path, text: &str) -> io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// Reads the saved views; a file that is not there holds none. The error is one line.
pub fn load_views(path: &std::path::Path) -> Result<SavedViews, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text)
            .map_err(|why| format!("{}: {}; saved views are left out", path.display(), why.message())),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(SavedViews::default()),
        Err(why) => Err(format!("{}: {why}; saved views are left out", path.display())),
    }
}

fn save_views(path: &std::path::Path, views: &SavedViews) -> io::Result<()> {
    let text = toml::to_string(views).map_err(io::Error::other)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Written beside it and put in place at once, so that no reader sees half a file.
    let beside = path.with_extension("toml.new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

/// Signals that end the console.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns when one came.
    async fn ended(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
