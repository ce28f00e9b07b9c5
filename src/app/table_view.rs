//! One view of a table: what it shows, in which order, and where one stands in it.
//!
//! The selection and the marks are keys; the order is slots. The order is rebuilt when the data or the question
//! changed, never by drawing.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    derive::{self, Sum},
    filter::{Filter, FilterError},
    key::Key,
    order::{self, Sort},
    store::{Store, TableId},
    table::{Presence, Rows},
};

/// The shortest time between two rebuilds that only data asks for.
pub const REBUILD_EVERY: SignedDuration = SignedDuration::from_millis(250);

/// What a drilled-into view is limited to.
#[derive(Clone, Debug)]
pub struct Within {
    /// As the title shows it: `pod mw-web-x2l`.
    pub title: String,
    /// What rows must match.
    pub filter: Filter,
    /// The pod whose containers are shown.
    pub pod: Option<Key>,
}

/// A view held still.
pub struct Frozen {
    /// The rows as they were.
    pub rows: Box<dyn Rows + Send + Sync>,
    /// When it was frozen.
    pub since: Timestamp,
    generation: u64,
}

/// Of which data and which question an order was made.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Built {
    generation: u64,
    revision: u64,
    at: Timestamp,
}

/// An order taken out of its view.
pub(super) struct Order {
    slots: Vec<u32>,
    built: Option<Built>,
}

/// One view of a table.
pub struct TableView {
    /// Which table.
    pub table: TableId,
    /// What it is limited to, when one drilled here.
    pub within: Option<Within>,
    /// The filter as typed.
    pub filter_text: String,
    /// The filter in force: the last one that could be read.
    pub filter: Filter,
    /// Why the text typed is no filter.
    pub filter_error: Option<FilterError>,
    /// Show only what is degraded or broken.
    pub only_wrong: bool,
    /// Sort, when not the table's own.
    pub sort: Option<Sort>,
    /// Marked rows.
    pub marks: BTreeSet<Key>,
    /// The row marked last, where a range begins.
    pub mark_from: Option<Key>,
    /// The selected row.
    pub selected: Option<Key>,
    /// First row on screen.
    pub top: usize,
    /// Columns scrolled away.
    pub column_offset: usize,
    /// Matching slots, in order.
    pub order: Vec<u32>,
    /// Rows in the order that are not ghosts.
    pub count: usize,
    /// What the rows in the order add up to. Made with the order: a frame must not walk all rows.
    pub sums: Vec<Sum>,
    /// Held still.
    pub frozen: Option<Frozen>,
    /// A person chose the row: it is followed. Until then the selection is the first row.
    chosen: bool,
    /// Where the selection was, for when its row goes.
    position: usize,
    revision: u64,
    version: u64,
    built: Option<Built>,
}

impl TableView {
    /// A view of the whole table.
    pub fn new(table: TableId) -> Self {
        Self {
            table,
            within: None,
            filter_text: String::new(),
            filter: Filter::default(),
            filter_error: None,
            only_wrong: false,
            sort: None,
            marks: BTreeSet::new(),
            mark_from: None,
            selected: None,
            top: 0,
            column_offset: 0,
            order: Vec::new(),
            count: 0,
            sums: Vec::new(),
            frozen: None,
            chosen: false,
            position: 0,
            revision: 0,
            version: 0,
            built: None,
        }
    }

    /// A view of the rows that match.
    pub fn within(table: TableId, within: Within) -> Self {
        Self { within: Some(within), ..Self::new(table) }
    }

    /// The rows it shows: the store's, or those it froze.
    pub fn rows<'a>(&'a self, store: &'a Store) -> &'a dyn Rows {
        match &self.frozen {
            Some(frozen) => &*frozen.rows,
            None => store.rows(self.table),
        }
    }

    /// Sets the filter. Text that is no filter leaves the last one in force and says why.
    pub fn set_filter(&mut self, text: &str, store: &Store) {
        text.clone_into(&mut self.filter_text);
        match Filter::parse(text, store.rows(self.table)) {
            Ok(filter) => {
                self.filter = filter;
                self.filter_error = None;
                self.touch();
            }
            Err(error) => self.filter_error = Some(error),
        }
    }

    /// The question changed: the next [`Self::rebuild`] does not wait.
    pub fn touch(&mut self) {
        self.revision += 1;
    }

    /// Rebuilds the order when the data or the question changed; for data alone at most every [`REBUILD_EVERY`].
    /// Says whether anything changed. The selection stays on its row; when the row is gone for good, it
    /// goes to the row that took its place.
    pub fn rebuild(&mut self, store: &Store, now: Timestamp) -> bool {
        let rows = match &self.frozen {
            Some(frozen) => &*frozen.rows as &dyn Rows,
            None => store.rows(self.table),
        };
        let generation = rows.generation();
        if let Some(built) = self.built {
            let same_question = built.revision == self.revision;
            let soon = now.duration_since(built.at).abs() < REBUILD_EVERY;
            if same_question && (built.generation == generation || soon) {
                return false;
            }
        }
        let sort = self.sort.or_else(|| order::default_sort(self.table));
        let mut order = order::order(rows, &self.filter, self.only_wrong, sort, now);
        if let Some(within) = &self.within {
            order.retain(|&slot| within.filter.matches(rows, slot, now));
        }
        self.built = Some(Built { generation, revision: self.revision, at: now });
        let row_of = |key: &Key| rows.slot(key).and_then(|slot| order.iter().position(|&at| at == slot));
        match self.selected.as_ref().filter(|_| self.chosen).and_then(row_of) {
            Some(position) => self.position = position,
            None => {
                self.position = self.position.min(order.len().saturating_sub(1));
                self.selected = order.get(self.position).and_then(|&slot| rows.key(slot)).cloned();
            }
        }
        self.count = order.iter().filter(|&&slot| !matches!(rows.presence(slot), Some(Presence::Ghost(_)))).count();
        self.marks.retain(|key| rows.slot(key).is_some());
        self.sums = derive::sums(rows, &order);
        self.version += 1;
        self.order = order;
        true
    }

    /// Whether a rebuild would find something to do, now or once [`REBUILD_EVERY`] has passed.
    pub fn is_behind(&self, store: &Store) -> bool {
        self.built
            .is_none_or(|built| built.revision != self.revision || built.generation != self.rows(store).generation())
    }

    /// Grows with every rebuild.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Takes the order out, with what it was built from; [`Self::restore_order`] puts it back.
    pub(super) fn take_order(&mut self) -> Order {
        Order { slots: std::mem::take(&mut self.order), built: self.built.take() }
    }

    /// Puts an order back.
    pub(super) fn restore_order(&mut self, order: Order) {
        self.order = order.slots;
        self.built = order.built;
    }

    /// Forgets the order: the next [`Self::rebuild`] makes it anew. A frozen view keeps its own rows, so its order stays.
    pub(super) fn forget_order(&mut self) {
        if self.frozen.is_none() {
            self.take_order();
        }
    }

    /// Whether a person chose the selected row.
    pub fn is_chosen(&self) -> bool {
        self.chosen
    }

    /// The selected row's place in the order.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Selects the row at `position`, or the last one.
    pub fn select(&mut self, position: usize, store: &Store) {
        self.chosen = true;
        self.position = position.min(self.order.len().saturating_sub(1));
        let key = self.order.get(self.position).and_then(|&slot| self.rows(store).key(slot)).cloned();
        self.selected = key;
    }

    /// Selects this row when it is shown. Says whether it is.
    pub fn select_key(&mut self, key: &Key, store: &Store) -> bool {
        let Some(slot) = self.rows(store).slot(key) else { return false };
        let Some(position) = self.order.iter().position(|&at| at == slot) else { return false };
        self.select(position, store);
        true
    }

    /// Moves the selection by `rows`.
    pub fn go(&mut self, rows: isize, store: &Store) {
        self.select(self.position.saturating_add_signed(rows), store);
    }

    /// Scrolls so that the selection is among `height` rows on screen.
    pub fn scroll_into(&mut self, height: usize) {
        let last_top = self.order.len().saturating_sub(height);
        if self.position < self.top {
            self.top = self.position;
        } else if self.position >= self.top + height {
            self.top = self.position + 1 - height;
        }
        self.top = self.top.min(last_top);
    }

    /// Freezes the view, or lets it go on.
    pub fn toggle_freeze(&mut self, store: &Store, now: Timestamp) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => {
                let rows = store.rows(self.table).snapshot();
                let generation = rows.generation();
                Some(Frozen { rows, since: now, generation })
            }
        };
        self.touch();
    }

    /// Changes that wait behind a frozen view.
    pub fn waiting(&self, store: &Store) -> u64 {
        self.frozen.as_ref().map_or(0, |frozen| store.rows(self.table).generation().saturating_sub(frozen.generation))
    }

    /// Marks the selected row or takes its mark back, and goes one row down.
    pub fn toggle_mark(&mut self, store: &Store) {
        if let Some(key) = self.selected.clone() {
            if !self.marks.remove(&key) {
                self.marks.insert(key.clone());
            }
            self.mark_from = Some(key);
            self.go(1, store);
        }
    }

    /// Marks every row from the last mark to the selection.
    pub fn mark_range(&mut self, store: &Store) {
        let rows = self.rows(store);
        let from = self
            .mark_from
            .as_ref()
            .and_then(|key| rows.slot(key))
            .and_then(|slot| self.order.iter().position(|&at| at == slot))
            .unwrap_or(self.position);
        let range = from.min(self.position)..=from.max(self.position);
        let keys: Vec<Key> =
            self.order.get(range).unwrap_or_default().iter().filter_map(|&slot| rows.key(slot)).cloned().collect();
        self.marks.extend(keys);
    }

    /// The rows an action is for: the marked ones that are shown, else the selected one. Second: how many marked rows
    /// the filter hides.
    pub fn targets(&self, store: &Store) -> (Vec<Key>, usize) {
        if self.marks.is_empty() {
            return (self.selected.iter().cloned().collect(), 0);
        }
        let rows = self.rows(store);
        let shown: Vec<Key> = self
            .order
            .iter()
            .filter_map(|&slot| rows.key(slot))
            .filter(|key| self.marks.contains(*key))
            .cloned()
            .collect();
        let hidden = self.marks.len() - shown.len();
        (shown, hidden)
    }

    /// Whether the selected row vanished and is only a ghost.
    pub fn is_ghost(&self, store: &Store) -> bool {
        let rows = store.rows(self.table);
        self.selected.as_ref().is_some_and(|key| {
            rows.slot(key).is_none_or(|slot| matches!(rows.presence(slot), Some(Presence::Ghost(_)) | None))
        })
    }
}
