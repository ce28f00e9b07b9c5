//! Rows that follow from other rows: projects from containers, containers of pods, groups of machines, sources from their health, and the
//! sums that workloads and nodes show of their pods, what clusters say of machines.
//!
//! Applied by mark and sweep in the scope of the base row's source, so that slots, marks and selections stay. Nothing is
//! computed again while the base table did not change.

mod faces;
mod groups;
mod pods;
mod projects;
mod sums;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

pub use self::{
    faces::machine_of,
    pods::pod_containers,
    sums::{Sum, sums},
};
use super::{
    delta::{Delta, Scope},
    key::{Key, SourceId},
    rows::SourceRow,
    store::{RowSet, Store, TableId},
    table::Rows,
};

/// What is derived, and from which state of its base.
#[derive(Clone, Debug, Default)]
pub struct Derived {
    /// Generations of the tables a derived table was computed from.
    from: BTreeMap<TableId, (u64, u64)>,
    /// Scopes that hold derived rows.
    scopes: BTreeMap<TableId, BTreeSet<(SourceId, Option<Key>)>>,
}

impl Derived {
    /// Brings what is derived of `table` up to date, if its base changed. Tables that derive nothing are left alone.
    /// Containers of all pods are many: prefer [`Self::refresh_containers_of`].
    pub fn refresh(&mut self, store: &mut Store, table: TableId, now: Timestamp) {
        match table {
            TableId::Projects if self.is_due(store, table, TableId::Containers) => {
                let groups = projects::projects(store, now);
                self.sweep(store, table, groups, RowSet::Projects, now);
            }
            TableId::PodContainers if self.is_due(store, table, TableId::Pods) => {
                let mut groups = BTreeMap::new();
                for (source, pod) in store.pods.iter_with_source() {
                    groups.entry((source.clone(), None)).or_insert_with(Vec::new).extend(pods::containers_of(pod));
                }
                self.sweep(store, table, groups, RowSet::PodContainers, now);
            }
            TableId::Sources => sources(store, now),
            TableId::Workloads if self.is_due(store, table, TableId::Pods) => {
                pods::sum_restarts(store);
                self.note(store, table, TableId::Pods);
            }
            TableId::ClusterNodes if self.is_due(store, table, TableId::Pods) => {
                pods::count_on_nodes(store);
                self.note(store, table, TableId::Pods);
            }
            TableId::Groups => {
                self.refresh(store, TableId::Nodes, now);
                if self.is_due(store, table, TableId::Nodes) {
                    let rows = groups::groups(store, now);
                    let of = (SourceId::new("groups", "machines"), None);
                    self.sweep(store, table, [(of, rows)].into(), RowSet::Groups, now);
                }
            }
            TableId::Nodes if faces::are_there(store) => {
                self.refresh(store, TableId::ClusterNodes, now);
                if self.is_due(store, table, TableId::ClusterNodes) {
                    faces::put_on(store);
                    self.note(store, table, TableId::ClusterNodes);
                }
            }
            _ => {}
        }
    }

    /// Brings the containers of one pod up to date; those of other pods become ghosts.
    pub fn refresh_containers_of(&mut self, store: &mut Store, pod: &Key, now: Timestamp) {
        let slot = store.pods.slot(pod);
        let source = slot.and_then(|slot| Rows::source(&store.pods, slot)).cloned();
        let groups = source.map(|source| ((source, Some(pod.clone())), pod_containers(store, Some(pod))));
        // What was derived of all pods is not current any more.
        self.from.remove(&TableId::PodContainers);
        self.sweep(store, TableId::PodContainers, groups.into_iter().collect(), RowSet::PodContainers, now);
    }

    /// Whether base or derived table changed since [`Self::note`]; notes it.
    fn is_due(&mut self, store: &Store, table: TableId, base: TableId) -> bool {
        let known = self.from.get(&table).copied();
        self.note(store, table, base);
        known != self.from.get(&table).copied()
    }

    fn note(&mut self, store: &Store, table: TableId, base: TableId) {
        // Rows that are filled in, not made, are due again when their own source changed them.
        let own = matches!(table, TableId::Workloads | TableId::ClusterNodes | TableId::Nodes);
        let own = if own { store.rows(table).generation() } else { 0 };
        // A face says whether its cluster still answers, a group how many of its machines do.
        let told = if matches!(table, TableId::Nodes | TableId::Groups) { store.told } else { 0 };
        self.from.insert(table, (store.rows(base).generation() + told, own));
    }

    /// Replaces all derived rows of `table`, scope by scope; scopes without rows are emptied.
    fn sweep<R>(
        &mut self,
        store: &mut Store,
        table: TableId,
        groups: BTreeMap<(SourceId, Option<Key>), Vec<R>>,
        wrap: fn(Vec<R>) -> RowSet,
        now: Timestamp,
    ) {
        let scope = |(source, part): &(SourceId, Option<Key>)| match part {
            Some(part) => Scope::part(source, table, part),
            None => Scope::all(source, table),
        };
        let scopes: BTreeSet<_> = groups.keys().cloned().collect();
        let before = self.scopes.insert(table, scopes.clone()).unwrap_or_default();
        for scope in scopes.union(&before).map(scope) {
            store.apply(Delta::Begin(scope), now);
        }
        for (group, rows) in groups {
            store.apply(Delta::Upsert(scope(&group), wrap(rows)), now);
        }
        for scope in scopes.union(&before).map(scope) {
            store.apply(Delta::Commit(scope), now);
        }
    }
}

/// One row a source, from its last health report.
fn sources(store: &mut Store, now: Timestamp) {
    let changed: Vec<SourceRow> = store
        .health
        .values()
        .map(|health| SourceRow { key: health.source.as_str().into(), health: health.clone() })
        .filter(|row| store.sources.get(&row.key).is_none_or(|known| known.health != row.health))
        .collect();
    for row in changed {
        let scope = Scope::all(&row.health.source, TableId::Sources);
        store.apply(Delta::Upsert(scope, RowSet::Sources(vec![row])), now);
    }
}

#[cfg(test)]
mod tests;
