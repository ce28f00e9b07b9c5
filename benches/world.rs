//! The console over a simulated fleet, for the benches; knows nothing of what is measured.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::{Terminal, backend::TestBackend};
use ronde::{
    action::role::Role,
    app::{App, Settings, event::Event, saved::SavedViews, update::update},
    command::{keymap::Keymap, keys::Key},
    model::delta::Delta,
    source::demo::{Demo, Shape},
    theme::Themes,
    view,
};

/// Columns and rows of the terminal.
pub(crate) const SIZE: (u16, u16) = (200, 50);

/// The tab of pods.
const PODS: usize = 3;

/// A console with what it shows.
pub(crate) struct World {
    /// The fleet.
    pub(crate) demo: Demo,
    /// The console.
    pub(crate) app: App,
    /// Its themes.
    pub(crate) themes: Themes,
    /// Its time.
    pub(crate) now: Timestamp,
}

impl World {
    /// A console on its tab of pods, of which there are so many; 1,000 of them change in a second.
    pub(crate) fn new(pods: usize) -> Self {
        let shape = Shape { pods, namespaces: pods / 20, changes_per_second: 1000.0, ..Shape::default() };
        let now = Timestamp::from_second(1_780_000_000).expect("a moment");
        let mut demo = Demo::new(&shape);
        let deltas = demo.start(now);
        let mut app = empty(now);
        update(&mut app, Event::Data(deltas), now);
        let mut world = Self { demo, app, themes: Themes::load(None).expect("the themes are built in"), now };
        // What waits for its turn (findings, the order) has had it.
        world.pass(SignedDuration::from_secs(1));
        world
    }

    /// Time passes and nothing happens.
    pub(crate) fn pass(&mut self, time: SignedDuration) {
        self.now += time;
        update(&mut self.app, Event::Tick, self.now);
    }

    /// A second later: what changed, at least so many changes.
    pub(crate) fn changes(&mut self, least: usize) -> Vec<Delta> {
        let mut changes = Vec::new();
        while changes.len() < least {
            self.now += SignedDuration::from_secs(1);
            changes.extend(self.demo.step(self.now, Duration::from_secs(1)));
        }
        changes
    }

    /// A key.
    pub(crate) fn press(&mut self, key: &str) {
        update(&mut self.app, Event::Key(Key::parse(key).expect("a key")), self.now);
    }

    /// Draws a frame.
    pub(crate) fn draw<B: ratatui::backend::Backend>(&mut self, terminal: &mut Terminal<B>) {
        let mut hits = None;
        let drawn = terminal.draw(|frame| hits = Some(view::draw(&self.app, &self.themes, frame)));
        assert!(drawn.is_ok(), "the terminal takes frames");
        self.app.hits = hits.unwrap_or_default();
    }
}

/// A console that knows nothing yet, on its tab of pods.
pub(crate) fn empty(now: Timestamp) -> App {
    let mut app = App::new(Settings::default(), Role::read_only(), Keymap::default(), SavedViews::default(), now);
    app.active = PODS;
    update(&mut app, Event::Resize(SIZE.0, SIZE.1), now);
    app
}

/// A terminal that keeps its cells to itself.
pub(crate) fn terminal() -> Terminal<TestBackend> {
    Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("it has no other end")
}
