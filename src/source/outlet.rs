//! The way from sources to the console: bounded, in order, and coalescing.
//!
//! A row that changes again before the console took the last change replaces it, so a source that is faster
//! than the screen costs memory for its rows once, and no fact with a key is ever lost. When [`LIMIT`] changes of
//! different rows wait, senders wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::model::{
    delta::{Delta, Scope, Usage},
    health::{Health, State},
    key::{Key, SourceId},
    store::{RowSet, TableId},
};

/// Changes that may wait for the console.
pub const LIMIT: usize = 4096;

#[derive(Default)]
struct Queue {
    /// What waits, in order; `None` where a later change replaced an earlier one.
    waiting: Vec<Option<Delta>>,
    /// Where a row's last change waits.
    rows: HashMap<(TableId, Key), usize>,
    /// Where a source's last health waits.
    health: HashMap<SourceId, usize>,
    live: usize,
    /// Changes that replaced an earlier one, since the start.
    coalesced: u64,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Notify,
    emptied: Notify,
}

/// A source's end.
#[derive(Clone)]
pub struct Outlet {
    source: SourceId,
    shared: Arc<Shared>,
}

/// The console's end. Many outlets lead here.
#[derive(Clone, Default)]
pub struct Inbox {
    shared: Arc<Shared>,
}

impl Inbox {
    /// An outlet for a source.
    pub fn outlet(&self, source: SourceId) -> Outlet {
        Outlet { source, shared: self.shared.clone() }
    }

    /// Waits until something is there, then takes at most `most` changes. Cancel safe.
    pub async fn take(&self, most: usize) -> Vec<Delta> {
        loop {
            let filled = self.shared.filled.notified();
            let taken = self.try_take(most);
            if !taken.is_empty() {
                return taken;
            }
            filled.await;
        }
    }

    /// Takes at most `most` changes that are there now.
    pub fn try_take(&self, most: usize) -> Vec<Delta> {
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let end = queue.waiting.len().min(most);
        let taken: Vec<Delta> = queue.waiting.drain(..end).flatten().collect();
        queue.live -= taken.len();
        let shift = |index: &mut usize| {
            let stays = *index >= end;
            *index = index.saturating_sub(end);
            stays
        };
        queue.rows.retain(|_, index| shift(index));
        queue.health.retain(|_, index| shift(index));
        if queue.waiting.is_empty() {
            queue.rows.shrink_to(64);
            queue.waiting.shrink_to(64);
        }
        drop(queue);
        if !taken.is_empty() {
            self.shared.emptied.notify_waiters();
        }
        taken
    }

    /// How often a change replaced an earlier one that still waited.
    pub fn coalesced(&self) -> u64 {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).coalesced
    }
}

impl Outlet {
    /// The source this belongs to.
    pub fn source(&self) -> &SourceId {
        &self.source
    }

    /// Rows of `scope` are so now. Waits while the console is far behind.
    pub async fn upsert(&self, scope: &Scope, rows: RowSet) {
        for (key, row) in rows.split() {
            self.put(Slot::Row(scope.table, key), Delta::Upsert(scope.clone(), row)).await;
        }
    }

    /// Rows of `scope` are there of which nothing is known yet; see [`Delta::Announce`].
    pub async fn announce(&self, scope: &Scope, rows: RowSet) {
        self.put(Slot::Free, Delta::Announce(scope.clone(), rows)).await;
    }

    /// A row of `scope` is gone.
    pub async fn remove(&self, scope: &Scope, key: Key) {
        self.put(Slot::Row(scope.table, key.clone()), Delta::Remove(scope.clone(), key)).await;
    }

    /// A full list of `scope` begins.
    pub async fn begin(&self, scope: &Scope) {
        self.put(Slot::Barrier, Delta::Begin(scope.clone())).await;
    }

    /// The full list is complete.
    pub async fn commit(&self, scope: &Scope) {
        self.put(Slot::Barrier, Delta::Commit(scope.clone())).await;
    }

    /// A whole small list at once: begin, rows, commit.
    pub async fn replace(&self, scope: &Scope, rows: RowSet) {
        self.begin(scope).await;
        self.upsert(scope, rows).await;
        self.commit(scope).await;
    }

    /// What a metrics API said.
    pub async fn usage(&self, table: TableId, usage: Vec<Usage>) {
        self.put(Slot::Free, Delta::Usage(table, usage)).await;
    }

    /// This source's state, from now on.
    pub async fn health(&self, state: State, message: impl Into<String>) {
        let health = Health { source: self.source.clone(), state, since: Timestamp::now(), message: message.into() };
        self.put(Slot::Health(self.source.clone()), Delta::Health(health)).await;
    }

    async fn put(&self, slot: Slot, delta: Delta) {
        let mut delta = Some(delta);
        loop {
            let emptied = self.shared.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if self.try_put(&slot, &mut delta) {
                self.shared.filled.notify_one();
                return;
            }
            emptied.await;
        }
    }

    fn try_put(&self, slot: &Slot, delta: &mut Option<Delta>) -> bool {
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = match slot {
            Slot::Row(table, key) => queue.rows.get(&(*table, key.clone())).copied(),
            Slot::Health(source) => queue.health.get(source).copied(),
            Slot::Barrier | Slot::Free => None,
        };
        if let Some(index) = earlier
            && let Some(waiting) = queue.waiting.get_mut(index)
        {
            *waiting = delta.take();
            queue.coalesced += 1;
            return true;
        }
        if queue.live >= LIMIT && !matches!(slot, Slot::Health(_)) {
            return false;
        }
        let at = queue.waiting.len();
        match slot {
            Slot::Row(table, key) => {
                queue.rows.insert((*table, key.clone()), at);
            }
            Slot::Health(source) => {
                queue.health.insert(source.clone(), at);
            }
            // A row change must not move across the begin or end of a list.
            Slot::Barrier => queue.rows.clear(),
            Slot::Free => {}
        }
        queue.live += 1;
        queue.waiting.push(delta.take());
        true
    }
}

enum Slot {
    Row(TableId, Key),
    Health(SourceId),
    Barrier,
    Free,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rows::NodeRow;

    fn row(name: &str, cpu: f64) -> RowSet {
        let mut row = NodeRow::unknown(name);
        row.cpu = Some(cpu);
        RowSet::Nodes(vec![row])
    }

    #[tokio::test]
    async fn a_row_that_changes_twice_waits_once_with_its_last_value() {
        let inbox = Inbox::default();
        let source = SourceId::new("host", "h1");
        let scope = Scope::all(&source, TableId::Nodes);
        let outlet = inbox.outlet(source);
        for n in 0..100 {
            outlet.upsert(&scope, row("h1", f64::from(n))).await;
        }
        let taken = inbox.try_take(1000);
        assert_eq!(taken.len(), 1);
        assert!(matches!(&taken[0], Delta::Upsert(_, RowSet::Nodes(rows)) if rows[0].cpu == Some(99.0)));
        assert_eq!(inbox.coalesced(), 99);
    }

    #[tokio::test]
    async fn a_change_never_moves_across_the_end_of_a_list() {
        let inbox = Inbox::default();
        let source = SourceId::new("host", "h1");
        let scope = Scope::all(&source, TableId::Nodes);
        let outlet = inbox.outlet(source);
        outlet.begin(&scope).await;
        outlet.upsert(&scope, row("h1", 1.0)).await;
        outlet.commit(&scope).await;
        outlet.upsert(&scope, row("h1", 2.0)).await;
        let kinds: Vec<_> = inbox.try_take(10).iter().map(std::mem::discriminant).collect();
        assert_eq!(kinds.len(), 4);
        assert_eq!(kinds[1], kinds[3]);
    }

    #[tokio::test]
    async fn a_full_queue_makes_senders_wait_and_loses_nothing() {
        let inbox = Inbox::default();
        let source = SourceId::new("host", "h1");
        let scope = Scope::all(&source, TableId::Nodes);
        let outlet = inbox.outlet(source);
        let sender = tokio::spawn(async move {
            for n in 0..LIMIT * 3 {
                outlet.upsert(&scope, row(&format!("h{n}"), 0.0)).await;
            }
        });
        let mut seen = 0;
        while seen < LIMIT * 3 {
            let taken = inbox.take(100).await;
            assert!(taken.len() <= 100);
            seen += taken.len();
        }
        sender.await.expect("the sender ends");
        assert!(inbox.try_take(10).is_empty());
    }
}
