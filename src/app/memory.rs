//! What the console remembers between runs: read before the first frame, kept every half minute and at the end.

mod saving;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use self::saving::{Budget, Restarts, Saving};
use super::{App, event::Event, messages::Level};
use crate::{
    cache::{Cache, KEPT, worker::Worker},
    model::{key::SourceId, store::TableId},
};

/// The time between two savings.
const EVERY: SignedDuration = SignedDuration::from_secs(30);
/// Rows that are written down in one step, so that no key waits for more than about a millisecond.
const STEP: usize = 400;
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

/// Reads what the cache knows of the sources there are, and starts the thread that keeps it. What fails is told, and does
/// without. Rows of other sources stay in the file, for a run that observes them.
pub(super) fn open(cache: Option<Cache>, known: &BTreeSet<SourceId>, tell: &mpsc::Sender<(Level, String)>) -> Opened {
    let mut notes = Vec::new();
    let mut told = |error: crate::cache::Error| notes.push((Level::Warning, error.to_string()));
    let (mut rows, mut looked, mut restarts) = (Vec::new(), None, crate::model::restarts::RestartLog::default());
    if let Some(cache) = &cache {
        match cache.load_rows(|source| known.contains(source)) {
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
    let keeper = worker.map(|worker| Keeper::new(worker, Timestamp::now()));
    Opened { remembered: Event::Remembered { rows, looked, restarts }, notes, keeper }
}

/// Keeps what the console knows: round by round, each in steps of a tick.
pub(super) struct Keeper {
    worker: Worker,
    /// Of each table, which state of it was saved.
    saved: BTreeMap<TableId, u64>,
    /// When the last round began.
    at: Timestamp,
    /// What the round has still to do.
    round: VecDeque<Part>,
}

impl Keeper {
    fn new(worker: Worker, now: Timestamp) -> Self {
        Self { worker, saved: BTreeMap::new(), at: now, round: VecDeque::new() }
    }

    /// Begins to save what changed, when it is time, and goes on with what it began.
    pub(super) fn keep(&mut self, app: &App) {
        if self.round.is_empty() && app.now.duration_since(self.at) >= EVERY {
            self.begin(app);
        }
        self.go_on(app, Some(STEP));
    }

    /// Saves what changed, and waits for the disk a little.
    pub(super) fn end(mut self, app: &App) {
        self.begin(app);
        self.go_on(app, None);
        if !self.worker.stop(FAREWELL) {
            tracing::warn!("the cache was not written within {FAREWELL:?}");
        }
    }

    /// A new round. What a former one did not finish is in it again.
    fn begin(&mut self, app: &App) {
        self.at = app.now;
        let changed = |table: &TableId| self.saved.get(table) != Some(&app.store.rows(*table).generation());
        self.round = KEPT.into_iter().filter(changed).map(Part::Table).collect();
        self.round.push_back(Part::Restarts(Restarts::default()));
        self.worker.looked(app.now);
    }

    fn go_on(&mut self, app: &App, rows: Option<usize>) {
        let mut budget = Budget(rows);
        while !budget.is_spent()
            && let Some(part) = self.round.pop_front()
        {
            let rest = match part {
                Part::Table(table) => Some(Part::Saving(Saving::new(app.store.rows(table)))),
                Part::Saving(mut saving) => {
                    let put = |scope, rows| self.worker.rows(scope, rows, app.now);
                    let done = saving.step(&app.store, &mut budget, put);
                    if done {
                        self.saved.insert(saving.table, saving.generation);
                    }
                    (!done).then_some(Part::Saving(saving))
                }
                Part::Restarts(mut restarts) => {
                    let done = restarts.step(&app.restarts, &mut budget);
                    if done {
                        self.worker.restarts(restarts.fold.finish());
                        None
                    } else {
                        Some(Part::Restarts(restarts))
                    }
                }
            };
            if let Some(rest) = rest {
                self.round.push_front(rest);
            }
        }
    }
}

/// A part of a round.
enum Part {
    /// A table whose turn comes.
    Table(TableId),
    /// A table under way.
    Saving(Saving),
    /// How often pods restarted.
    Restarts(Restarts),
}

#[cfg(test)]
mod tests;
