//! What the console remembers between runs: read before the first frame, kept every half minute and at the end.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::{App, event::Event, messages::Level};
use crate::{
    cache::{Cache, KEPT, worker::Worker},
    model::store::TableId,
};

/// The time between two savings.
const EVERY: SignedDuration = SignedDuration::from_secs(30);
/// How long the end may wait for the disk.
const FAREWELL: Duration = Duration::from_secs(2);

/// What was remembered, and who goes on remembering.
pub(super) struct Opened {
    /// Rows, the last look, restarts; for the console.
    pub(super) remembered: Event,
    /// What went wrong.
    pub(super) notes: Vec<(Level, String)>,
    /// Keeps what is known from now on.
    pub(super) keeper: Option<Keeper>,
}

/// Reads what the cache knows and starts the thread that keeps it. What fails is told, and does without.
pub(super) fn open(cache: Option<Cache>, tell: &mpsc::Sender<(Level, String)>) -> Opened {
    let mut notes = Vec::new();
    let mut told = |error: crate::cache::Error| notes.push((Level::Warning, error.to_string()));
    let (mut rows, mut looked, mut restarts) = (Vec::new(), None, crate::model::restarts::RestartLog::default());
    if let Some(cache) = &cache {
        match cache.load_rows() {
            Ok(remembered) => rows = remembered.rows,
            Err(error) => told(error),
        }
        cache.looked_at().map_or_else(&mut told, |at| looked = at);
        cache.load_restarts(Timestamp::now()).map_or_else(&mut told, |log| restarts = log);
    }
    let worker = cache.and_then(|cache| {
        let tell = tell.clone();
        let report = Box::new(move |error: crate::cache::Error| {
            // A console that has so much to tell already can do without this line; the log has it.
            tracing::warn!("{error}");
            let _ = tell.try_send((Level::Warning, error.to_string()));
        });
        Worker::start(cache, report).map_err(|error| notes.push((Level::Warning, format!("cache: {error}")))).ok()
    });
    let keeper = worker.map(|worker| Keeper { worker, saved: BTreeMap::new(), at: Timestamp::now() });
    Opened { remembered: Event::Remembered { rows, looked, restarts }, notes, keeper }
}

/// Keeps what the console knows.
pub(super) struct Keeper {
    worker: Worker,
    saved: BTreeMap<TableId, u64>,
    at: Timestamp,
}

impl Keeper {
    /// Saves what changed, when it is time.
    pub(super) fn keep(&mut self, app: &App) {
        if app.now.duration_since(self.at) >= EVERY {
            self.save(app);
        }
    }

    /// Saves what changed, and waits for the disk a little.
    pub(super) fn end(mut self, app: &App) {
        self.save(app);
        if !self.worker.stop(FAREWELL) {
            tracing::warn!("the cache was not written within {FAREWELL:?}");
        }
    }

    fn save(&mut self, app: &App) {
        self.at = app.now;
        for table in KEPT {
            let generation = app.store.rows(table).generation();
            if self.saved.insert(table, generation) == Some(generation) {
                continue;
            }
            for (scope, rows) in app.store.scoped(table) {
                self.worker.rows(scope, rows, app.now);
            }
        }
        self.worker.restarts(app.restarts.clone());
        self.worker.looked(app.now);
    }
}
