//! The language sources speak to the store: rows come and go, lists begin and end, health changes.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    health::Health,
    key::{Key, SourceId},
    store::{RowSet, TableId},
};

/// The part of a table that one list covers: mark and sweep stays inside it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Scope {
    /// Who lists.
    pub source: SourceId,
    /// Into which table.
    pub table: TableId,
    /// The namespace, project or whatever else the list was limited to; empty for all.
    pub part: Arc<str>,
}

impl Scope {
    /// All that `source` has in `table`.
    pub fn all(source: &SourceId, table: TableId) -> Self {
        Self { source: source.clone(), table, part: "".into() }
    }

    /// What `source` has of `part` in `table`.
    pub fn part(source: &SourceId, table: TableId, part: &str) -> Self {
        Self { source: source.clone(), table, part: part.into() }
    }
}

/// One change.
#[derive(Clone, Debug)]
pub enum Delta {
    /// These rows are so now. All belong to the scope.
    Upsert(Scope, RowSet),
    /// These rows are there, and no more is known of them: they stand for what was never reached. A row of which anything is known
    /// already, be it by the cache, stays as it is.
    Announce(Scope, RowSet),
    /// This row is gone.
    Remove(Scope, Key),
    /// A full list of the scope begins: what it does not mention until [`Delta::Commit`] is gone.
    Begin(Scope),
    /// The full list is complete.
    Commit(Scope),
    /// What a metrics API said, onto rows that are there (`Pods`, `ClusterNodes`); unknown keys are passed over.
    Usage(TableId, Vec<Usage>),
    /// A source's state changed.
    Health(Health),
}

/// Processor and memory use of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// Of which row.
    pub key: Key,
    /// Millicores.
    pub cpu: Option<u64>,
    /// Bytes of the working set.
    pub memory: Option<u64>,
    /// When it was measured.
    pub at: Timestamp,
}
