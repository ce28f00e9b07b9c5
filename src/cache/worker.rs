//! The thread that writes the cache, so that no caller ever waits for a disk.
//!
//! What waits is bounded: rows of one scope replace those that still wait, a full queue drops the oldest rows (they will
//! be saved again when they change), and the restart histories, of which only the newest waits, are never dropped.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use jiff::Timestamp;

use super::{Cache, Error, fold::Folded};
use crate::model::delta::Scope;

/// Scopes that may wait.
pub const LIMIT: usize = 1024;

/// Where errors of the thread go.
pub type Report = Box<dyn Fn(Error) + Send>;

#[derive(Default)]
struct Queue {
    rows: VecDeque<(Scope, Folded, Timestamp)>,
    restarts: Option<Folded>,
    looked: Option<Timestamp>,
    dropped: u64,
    stop: bool,
    done: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The handle of the thread. Cheap to clone; none of its calls waits for the disk.
#[derive(Clone)]
pub struct Worker {
    shared: Arc<Shared>,
}

impl Worker {
    /// Starts the thread. `report` hears an error when it begins, and not again until writing succeeded in between.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub fn start(cache: Cache, report: Report) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        thread::Builder::new().name("cache".to_owned()).spawn(move || {
            run(cache, &theirs, &report);
            theirs.queue().done = true;
            theirs.changed.notify_all();
        })?;
        Ok(Self { shared })
    }

    /// Saves the rows of a scope, soon.
    pub fn rows(&self, scope: Scope, rows: Folded, now: Timestamp) {
        self.put(|queue| {
            if let Some(waiting) = queue.rows.iter_mut().find(|(known, ..)| *known == scope) {
                *waiting = (scope, rows, now);
                return;
            }
            if queue.rows.len() >= LIMIT {
                queue.rows.pop_front();
                queue.dropped += 1;
            }
            queue.rows.push_back((scope, rows, now));
        });
    }

    /// Saves how often pods restarted, soon.
    pub fn restarts(&self, restarts: Folded) {
        self.put(|queue| queue.restarts = Some(restarts));
    }

    /// This user looks now.
    pub fn looked(&self, now: Timestamp) {
        self.put(|queue| queue.looked = Some(now));
    }

    /// Scopes whose rows were dropped because the disk was too slow.
    pub fn dropped(&self) -> u64 {
        self.shared.queue().dropped
    }

    /// Writes what waits and ends; false when that was not done within `patience` (a disk that hangs), and the thread
    /// is left behind.
    pub fn stop(&self, patience: Duration) -> bool {
        self.put(|queue| queue.stop = true);
        let waited = self.shared.changed.wait_timeout_while(self.shared.queue(), patience, |queue| !queue.done);
        waited.unwrap_or_else(PoisonError::into_inner).0.done
    }

    fn put(&self, change: impl FnOnce(&mut Queue)) {
        change(&mut self.shared.queue());
        self.shared.changed.notify_all();
    }
}

/// Attempts at a lock of another console while the console waits for the thread to end; each takes a moment of its own.
const ATTEMPTS: u32 = 10;

fn run(mut cache: Cache, shared: &Shared, report: &Report) {
    let mut failing = false;
    let mut locked = 0;
    loop {
        let (work, stop) = next(shared);
        let Some(work) = work else {
            if stop {
                return;
            }
            continue;
        };
        let done = match &work {
            Work::Rows(scope, rows, now) => cache.save_rows(scope, rows, *now),
            Work::Restarts(restarts) => cache.save_restarts(restarts),
            Work::Looked(now) => cache.set_looked_at(*now),
        };
        let Err(error) = done else {
            (failing, locked) = (false, 0);
            continue;
        };
        locked = if matches!(error, Error::Locked { .. }) { locked + 1 } else { 0 };
        if locked > 0 && (!stop || locked < ATTEMPTS) {
            put_back(shared, work);
        }
        if !failing {
            failing = true;
            report(error);
        }
    }
}

/// What could not be written waits again, unless newer waits already.
fn put_back(shared: &Shared, work: Work) {
    let mut queue = shared.queue();
    match work {
        Work::Restarts(restarts) => {
            queue.restarts.get_or_insert(restarts);
        }
        Work::Looked(now) => {
            queue.looked.get_or_insert(now);
        }
        Work::Rows(scope, rows, now) => {
            let newer = queue.rows.iter().any(|(known, ..)| *known == scope);
            if !newer && queue.rows.len() < LIMIT {
                queue.rows.push_front((scope, rows, now));
            }
        }
    }
}

enum Work {
    Rows(Scope, Folded, Timestamp),
    Restarts(Folded),
    Looked(Timestamp),
}

/// Waits for work. Histories first: they cannot be read anew from anywhere.
fn next(shared: &Shared) -> (Option<Work>, bool) {
    let idle =
        |queue: &mut Queue| queue.rows.is_empty() && queue.restarts.is_none() && queue.looked.is_none() && !queue.stop;
    let waited = shared.changed.wait_while(shared.queue(), idle);
    let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
    let work = if let Some(restarts) = queue.restarts.take() {
        Some(Work::Restarts(restarts))
    } else if let Some(now) = queue.looked.take() {
        Some(Work::Looked(now))
    } else {
        queue.rows.pop_front().map(|(scope, rows, now)| Work::Rows(scope, rows, now))
    };
    (work, queue.stop)
}
