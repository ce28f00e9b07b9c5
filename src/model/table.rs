//! One table of rows: slots that never move, found by key, swept by scope.
//!
//! A slot of a row that went is not given to another row until every view has rebuilt its order
//! ([`Table::reclaim`]), so an order never points at somebody else's row.

use std::{collections::HashMap, fmt};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    delta::{Scope, Usage},
    field::{Field, FieldMeta, Tone},
    key::{Key, SourceId},
    severity::Severity,
    store::TableId,
    value::Value,
};

/// How long a row that vanished stays on screen as a ghost.
pub const GHOST: SignedDuration = SignedDuration::from_secs(10);

/// A kind of row.
pub trait Row: Clone + PartialEq + fmt::Debug + Serialize + Send + Sync + 'static {
    /// Every field, in the order of the columns.
    const FIELDS: &'static [Field<Self>];

    /// Who it is.
    fn key(&self) -> &Key;

    /// How bad it is, by the row alone.
    fn severity(&self, now: Timestamp) -> Severity;

    /// The value of a label, for `-l key=value`.
    fn label(&self, _key: &str) -> Option<&str> {
        None
    }

    /// Takes over from the row it replaces what the source does not tell again (usage, restart history).
    fn carry(&mut self, _old: &Self) {}

    /// Takes what a metrics API said.
    fn measure(&mut self, _usage: &Usage) {}
}

/// Whether a row can be believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// Its source stands by it (as far as the source is current).
    Present,
    /// From the cache; its source has not spoken yet.
    Cached,
    /// Gone since this moment; shown a little longer.
    Ghost(Timestamp),
}

struct Slot<R> {
    row: R,
    scope: usize,
    mark: u32,
    presence: Presence,
}

#[derive(Clone)]
struct ScopeMark {
    scope: Scope,
    mark: u32,
    open: bool,
    /// When its first list was complete.
    listed: Option<Timestamp>,
}

/// Rows of one kind.
pub struct Table<R> {
    id: TableId,
    slots: Vec<Option<Slot<R>>>,
    by_key: HashMap<Key, u32>,
    scopes: Vec<ScopeMark>,
    scope_ids: HashMap<Scope, usize>,
    free: Vec<u32>,
    retired: Vec<u32>,
    ghosts: usize,
    /// Whether rows from the cache may be left.
    remembers: bool,
    generation: u64,
}

impl<R: Row> Table<R> {
    /// An empty table.
    pub fn new(id: TableId) -> Self {
        Self {
            id,
            slots: Vec::new(),
            by_key: HashMap::new(),
            scopes: Vec::new(),
            scope_ids: HashMap::new(),
            free: Vec::new(),
            retired: Vec::new(),
            ghosts: 0,
            remembers: false,
            generation: 0,
        }
    }

    /// Inserts or replaces a row. Says whether it was there before.
    pub fn upsert(&mut self, scope: &Scope, row: R) -> bool {
        self.put(scope, row, Presence::Present)
    }

    /// Inserts a row that the cache remembers, unless its source has spoken already.
    pub fn remember(&mut self, scope: &Scope, row: R) {
        if !self.by_key.contains_key(row.key()) {
            self.put(scope, row, Presence::Cached);
            self.remembers = true;
        }
    }

    fn put(&mut self, scope: &Scope, mut row: R, presence: Presence) -> bool {
        let index = self.scope_index(scope);
        // A row from the cache is not mentioned by a list that is under way.
        let ago = u32::from(presence == Presence::Cached);
        let mark = self.scopes[index].mark.wrapping_sub(ago);
        if let Some(&at) = self.by_key.get(row.key())
            && let Some(slot) = self.slots[at as usize].as_mut()
        {
            if matches!(slot.presence, Presence::Ghost(_)) {
                self.ghosts -= 1;
            }
            row.carry(&slot.row);
            // Objects change more often than their rows (heartbeats, managed fields); that is no change to anybody.
            if row != slot.row || presence != slot.presence || index != slot.scope {
                self.generation += 1;
            }
            *slot = Slot { row, scope: index, mark, presence };
            return true;
        }
        self.generation += 1;
        let key = row.key().clone();
        let slot = Some(Slot { row, scope: index, mark, presence });
        let at = if let Some(at) = self.free.pop() {
            self.slots[at as usize] = slot;
            at
        } else {
            self.slots.push(slot);
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        };
        self.by_key.insert(key, at);
        false
    }

    /// The row is gone: a ghost from now on.
    pub fn remove(&mut self, key: &Key, now: Timestamp) {
        if let Some(&at) = self.by_key.get(key)
            && let Some(slot) = self.slots[at as usize].as_mut()
            && !matches!(slot.presence, Presence::Ghost(_))
        {
            slot.presence = Presence::Ghost(now);
            self.ghosts += 1;
            self.generation += 1;
        }
    }

    /// A full list of `scope` begins.
    pub fn begin(&mut self, scope: &Scope) {
        let index = self.scope_index(scope);
        let state = &mut self.scopes[index];
        state.mark = state.mark.wrapping_add(1);
        state.open = true;
    }

    /// The list that [`Self::begin`] began is complete: rows of the scope it did not mention become ghosts.
    /// Without a `begin`, or after [`Self::interrupt`], nothing happens.
    pub fn commit(&mut self, scope: &Scope, now: Timestamp) {
        let index = self.scope_index(scope);
        let ScopeMark { mark, open, .. } = self.scopes[index];
        if !open {
            return;
        }
        self.scopes[index].open = false;
        self.scopes[index].listed.get_or_insert(now);
        for slot in self.slots.iter_mut().flatten() {
            if slot.scope == index && slot.mark != mark && !matches!(slot.presence, Presence::Ghost(_)) {
                slot.presence = Presence::Ghost(now);
                self.ghosts += 1;
                self.generation += 1;
            }
        }
    }

    /// Rows that only the cache knows become ghosts when lists of the same source were complete before `since` and none
    /// is under way: the last run may have listed by other scopes, which nothing sweeps any more.
    pub fn doubt(&mut self, source: &SourceId, since: Timestamp, now: Timestamp) {
        if !self.remembers {
            return;
        }
        let mut own = self.scopes.iter().filter(|state| state.scope.source == *source);
        if own.clone().any(|state| state.open) || !own.any(|state| state.listed.is_some_and(|at| at <= since)) {
            return;
        }
        self.remembers = false;
        for slot in self.slots.iter_mut().flatten().filter(|slot| slot.presence == Presence::Cached) {
            if self.scopes[slot.scope].scope.source == *source {
                slot.presence = Presence::Ghost(now);
                self.ghosts += 1;
                self.generation += 1;
            } else {
                self.remembers = true;
            }
        }
    }

    /// The source lost its connection: lists under way are void.
    pub fn interrupt(&mut self, source: &SourceId) {
        for state in self.scopes.iter_mut().filter(|state| state.scope.source == *source) {
            state.open = false;
        }
    }

    /// Sets what a metrics API said on rows that are there.
    pub fn measure(&mut self, usage: &[Usage]) {
        for usage in usage {
            if let Some(&at) = self.by_key.get(&usage.key)
                && let Some(slot) = self.slots[at as usize].as_mut()
            {
                slot.row.measure(usage);
                self.generation += 1;
            }
        }
    }

    /// Buries ghosts older than [`GHOST`]. Their slots stay empty until [`Self::reclaim`].
    pub fn bury(&mut self, now: Timestamp) {
        if self.ghosts == 0 {
            return;
        }
        for at in 0..self.slots.len() {
            if let Some(Slot { presence: Presence::Ghost(since), row, .. }) = &self.slots[at]
                && now.duration_since(*since) >= GHOST
            {
                self.by_key.remove(row.key());
                self.slots[at] = None;
                self.retired.push(u32::try_from(at).unwrap_or(u32::MAX));
                self.ghosts -= 1;
                self.generation += 1;
            }
        }
    }

    /// Every view has rebuilt its order: slots of buried rows may be given away.
    pub fn reclaim(&mut self) {
        self.free.append(&mut self.retired);
    }

    /// Whether slots wait for [`Self::reclaim`].
    pub fn has_retired(&self) -> bool {
        !self.retired.is_empty()
    }

    /// The row of this key, ghost or not.
    pub fn get(&self, key: &Key) -> Option<&R> {
        self.by_key.get(key).and_then(|&at| self.at(at))
    }

    /// The row in a slot.
    pub fn at(&self, slot: u32) -> Option<&R> {
        self.slots.get(slot as usize)?.as_ref().map(|slot| &slot.row)
    }

    /// Changes the row of this key in place, when it is there.
    pub fn edit(&mut self, key: &Key, change: impl FnOnce(&mut R)) {
        if let Some(&at) = self.by_key.get(key)
            && let Some(slot) = self.slots[at as usize].as_mut()
        {
            change(&mut slot.row);
            self.generation += 1;
        }
    }

    /// Rows that are not ghosts.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.iter_with_source().map(|(_, row)| row)
    }

    /// Rows that are not ghosts, each with its source.
    pub fn iter_with_source(&self) -> impl Iterator<Item = (&SourceId, &R)> {
        self.slots
            .iter()
            .flatten()
            .filter(|slot| !matches!(slot.presence, Presence::Ghost(_)))
            .map(|slot| (&self.scopes[slot.scope].scope.source, &slot.row))
    }

    fn scope_index(&mut self, scope: &Scope) -> usize {
        if let Some(&index) = self.scope_ids.get(scope) {
            return index;
        }
        self.scopes.push(ScopeMark { scope: scope.clone(), mark: 0, open: false, listed: None });
        self.scope_ids.insert(scope.clone(), self.scopes.len() - 1);
        self.scopes.len() - 1
    }
}

impl<R: Row> Clone for Table<R> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            slots: self
                .slots
                .iter()
                .map(|slot| {
                    slot.as_ref().map(|s| Slot {
                        row: s.row.clone(),
                        scope: s.scope,
                        mark: s.mark,
                        presence: s.presence,
                    })
                })
                .collect(),
            by_key: self.by_key.clone(),
            scopes: self.scopes.clone(),
            scope_ids: self.scope_ids.clone(),
            free: self.free.clone(),
            retired: self.retired.clone(),
            ghosts: self.ghosts,
            remembers: self.remembers,
            generation: self.generation,
        }
    }
}

/// A table without its row type: all that filter, sort, views and exports need.
pub trait Rows {
    /// Which table.
    fn id(&self) -> TableId;
    /// How many fields a row has.
    fn field_count(&self) -> usize;
    /// Field `index`'s description; out of range is the last field's.
    fn field(&self, index: usize) -> &'static FieldMeta;
    /// Grows with every change.
    fn generation(&self) -> u64;
    /// One more than the highest slot.
    fn slot_count(&self) -> u32;
    /// Rows that are not ghosts.
    fn len(&self) -> usize;
    /// Whether no row is there that is not a ghost.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The slot of a key.
    fn slot(&self, key: &Key) -> Option<u32>;
    /// The key in a slot.
    fn key(&self, slot: u32) -> Option<&Key>;
    /// Whether a row is present, remembered or a ghost; `None` for an empty slot.
    fn presence(&self, slot: u32) -> Option<Presence>;
    /// How many scopes have, or had, rows here. Their numbers stay.
    fn scope_count(&self) -> usize;
    /// The scope of this number.
    fn scope(&self, number: usize) -> Option<&Scope>;
    /// The number of a row's scope.
    fn scope_of(&self, slot: u32) -> Option<usize>;
    /// A row's source.
    fn source(&self, slot: u32) -> Option<&SourceId> {
        self.scope(self.scope_of(slot)?).map(|scope| &scope.source)
    }
    /// A cell; unknown where the slot is empty.
    fn value(&self, slot: u32, field: usize) -> Value<'_>;
    /// How a cell is meant.
    fn tone(&self, slot: u32, field: usize, now: Timestamp) -> Tone;
    /// How bad a row is.
    fn severity(&self, slot: u32, now: Timestamp) -> Severity;
    /// A row's label.
    fn label(&self, slot: u32, key: &str) -> Option<&str>;
    /// A copy that no longer changes, for a frozen view.
    fn snapshot(&self) -> Box<dyn Rows + Send + Sync>;

    /// The field of this name or alias (any case).
    fn field_named(&self, name: &str) -> Option<usize> {
        (0..self.field_count()).find(|&index| {
            let meta = self.field(index);
            meta.name.eq_ignore_ascii_case(name) || meta.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
        })
    }
}

impl<R: Row> Rows for Table<R> {
    fn id(&self) -> TableId {
        self.id
    }
    fn field_count(&self) -> usize {
        R::FIELDS.len()
    }
    fn field(&self, index: usize) -> &'static FieldMeta {
        &R::FIELDS[index.min(R::FIELDS.len() - 1)].meta
    }
    fn generation(&self) -> u64 {
        self.generation
    }
    fn slot_count(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }
    fn len(&self) -> usize {
        self.by_key.len() - self.ghosts
    }
    fn slot(&self, key: &Key) -> Option<u32> {
        self.by_key.get(key).copied()
    }
    fn key(&self, slot: u32) -> Option<&Key> {
        self.at(slot).map(Row::key)
    }
    fn presence(&self, slot: u32) -> Option<Presence> {
        self.slots.get(slot as usize)?.as_ref().map(|slot| slot.presence)
    }
    fn scope_count(&self) -> usize {
        self.scopes.len()
    }
    fn scope(&self, number: usize) -> Option<&Scope> {
        self.scopes.get(number).map(|known| &known.scope)
    }
    fn scope_of(&self, slot: u32) -> Option<usize> {
        self.slots.get(slot as usize)?.as_ref().map(|slot| slot.scope)
    }
    fn value(&self, slot: u32, field: usize) -> Value<'_> {
        match (self.at(slot), R::FIELDS.get(field)) {
            (Some(row), Some(field)) => (field.get)(row),
            _ => Value::Unknown,
        }
    }
    fn tone(&self, slot: u32, field: usize, now: Timestamp) -> Tone {
        match (self.at(slot), R::FIELDS.get(field).and_then(|field| field.tone)) {
            (Some(row), Some(tone)) => tone(row, now),
            _ => Tone::Plain,
        }
    }
    fn severity(&self, slot: u32, now: Timestamp) -> Severity {
        self.at(slot).map_or(Severity::Ok, |row| row.severity(now))
    }
    fn label(&self, slot: u32, key: &str) -> Option<&str> {
        self.at(slot)?.label(key)
    }
    fn snapshot(&self) -> Box<dyn Rows + Send + Sync> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests;
