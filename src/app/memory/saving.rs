//! A table, or the restart histories, on their way into the cache, a few rows at a time, from where they are.
//!
//! What changes in between may be saved as it was or as it is; the table's generation tells that it is due again. Knows
//! nothing of the disk.

use compact_str::CompactString;

use crate::{
    cache::fold::{Fold, Folded},
    model::{
        delta::Scope,
        restarts::RestartLog,
        store::{Store, TableId},
        table::{Presence, Rows},
    },
};

/// What finishing a scope costs, in rows.
const SCOPE: usize = 8;

/// Rows that a step may still write down; none: as many as there are.
pub(super) struct Budget(pub(super) Option<usize>);

impl Budget {
    pub(super) fn is_spent(&self) -> bool {
        self.0 == Some(0)
    }

    fn spend(&mut self, rows: usize) {
        self.0 = self.0.map(|left| left.saturating_sub(rows));
    }
}

/// A table under way.
pub(super) struct Saving {
    pub(super) table: TableId,
    /// The table's when it began.
    pub(super) generation: u64,
    scopes: usize,
    /// Scopes and slots of the rows there were, scope after scope.
    slots: Vec<(u32, u32)>,
    /// The scope in turn.
    scope: usize,
    /// The slot in turn.
    at: usize,
    fold: Fold,
}

impl Saving {
    /// Begins with a table.
    pub(super) fn new(rows: &dyn Rows) -> Self {
        let number = |slot| Some((u32::try_from(rows.scope_of(slot)?).ok()?, slot));
        let mut slots: Vec<_> = (0..rows.slot_count()).filter_map(number).collect();
        slots.sort_unstable();
        let (table, generation, scopes) = (rows.id(), rows.generation(), rows.scope_count());
        Self { table, generation, scopes, slots, scope: 0, at: 0, fold: Fold::default() }
    }

    /// Writes down as many rows as the budget allows and gives away each scope that is complete, also one that has no
    /// rows any more. Says whether all is done.
    pub(super) fn step(&mut self, store: &Store, budget: &mut Budget, mut put: impl FnMut(Scope, Folded)) -> bool {
        let rows = store.rows(self.table);
        while let Some(scope) = rows.scope(self.scope).filter(|_| self.scope < self.scopes) {
            while let Some(&(_, slot)) = self.slots.get(self.at).filter(|(of, _)| *of as usize == self.scope) {
                if budget.is_spent() {
                    return false;
                }
                budget.spend(1);
                self.at += 1;
                // The slot may have another row by now.
                let is_there = !matches!(rows.presence(slot), None | Some(Presence::Ghost(_)));
                if is_there && rows.scope_of(slot) == Some(self.scope) {
                    store.visit(self.table, slot, &mut self.fold);
                }
            }
            if budget.is_spent() {
                return false;
            }
            budget.spend(SCOPE);
            put(scope.clone(), std::mem::take(&mut self.fold).finish());
            self.scope += 1;
        }
        true
    }
}

/// The restart histories under way.
#[derive(Default)]
pub(super) struct Restarts {
    pub(super) fold: Fold,
    /// The last one that was written down.
    last: Option<CompactString>,
}

impl Restarts {
    /// Writes down as many histories as the budget allows. Says whether all is done.
    pub(super) fn step(&mut self, log: &RestartLog, budget: &mut Budget) -> bool {
        let last = self.last.take();
        for history in log.after(last.as_deref()) {
            self.fold.add(&history);
            budget.spend(1);
            if budget.is_spent() {
                self.last = Some(history.0.clone());
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
