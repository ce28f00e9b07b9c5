//! The one way the console changes: an event and the time in, effects out. No I/O, no clock, no waiting.

use jiff::{SignedDuration, Timestamp};

use super::{App, effect::Effect, event::Event};

/// Applies an event.
pub fn update(app: &mut App, event: Event, now: Timestamp) -> Vec<Effect> {
    app.now = now;
    let mut effects = Vec::new();
    match event {
        Event::Key(key) => app.key(key, &mut effects),
        Event::Paste(text) => app.paste(&text),
        Event::Mouse(mouse) => app.mouse(mouse, &mut effects),
        Event::Resize(columns, rows) => app.size = (columns, rows),
        Event::Data(deltas) => app.data(deltas),
        Event::Answer(id, answer) => app.answer(id, answer),
        Event::Remembered { rows, looked, restarts } => app.remember(rows, looked, restarts),
        Event::Tell(level, text) => app.messages.tell(now, level, text),
        Event::Tick => app.tick(),
        Event::Wake => {}
    }
    app.settle();
    app.mask_behind();
    app.demand(&mut effects);
    effects
}

/// How long a second `ctrl-c` counts as the second.
pub(super) const TWICE: SignedDuration = SignedDuration::from_secs(2);
