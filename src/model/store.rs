//! All tables, and the one function through which they change.
//!
//! A new table is one line in `tables!` and one file under `rows/`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    delta::{Delta, Scope},
    health::{Health, State},
    key::{Key, SourceId},
    rows::{
        ClusterNodeRow, ContainerRow, DiskRow, EventRow, FindingRow, GroupRow, JobRow, NodeRow, PodContainerRow,
        PodRow, ProcessRow, ProjectRow, SourceRow, UnitRow, WorkloadRow,
    },
    table::{Rows, Table},
};

/// Declares the tables: variant, store member, row type, name on the command line, one sentence.
macro_rules! tables {
    ($($variant:ident $member:ident $row:ty, $name:literal, $doc:literal;)*) => {
        /// Names a table.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum TableId { $(#[doc = $doc] $variant,)* }

        impl TableId {
            /// Every table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in `ronde list`, in files and in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What a row of it is.
            pub fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            /// The table of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|table| table.name() == name)
            }
        }

        /// Rows of one table.
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub enum RowSet { $(#[doc = $doc] $variant(Vec<$row>),)* }

        impl RowSet {
            /// Which table they belong to.
            pub fn table(&self) -> TableId {
                match self { $(Self::$variant(_) => TableId::$variant,)* }
            }

            /// How many.
            pub fn len(&self) -> usize {
                match self { $(Self::$variant(rows) => rows.len(),)* }
            }

            /// Whether there are none.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// The same rows, each on its own, with its key.
            pub fn split(self) -> Vec<(Key, Self)> {
                use super::table::Row;
                match self {
                    $(Self::$variant(rows) => {
                        rows.into_iter().map(|row| (row.key().clone(), Self::$variant(vec![row]))).collect()
                    })*
                }
            }

            /// Adds the rows of `other`, which must be of the same table; gives them back if they are not.
            pub fn append(&mut self, other: Self) -> Option<Self> {
                match (self, other) {
                    $((Self::$variant(rows), Self::$variant(mut more)) => { rows.append(&mut more); None })*
                    #[allow(unreachable_patterns)]
                    (_, other) => Some(other),
                }
            }
        }

        /// Everything the console knows.
        pub struct Store {
            $(#[doc = $doc] pub $member: Table<$row>,)*
            /// The last report of each source.
            pub health: BTreeMap<SourceId, Health>,
            /// Reports of sources so far that said something new.
            pub told: u64,
        }

        impl Default for Store {
            fn default() -> Self {
                Self { $($member: Table::new(TableId::$variant),)* health: BTreeMap::new(), told: 0 }
            }
        }

        impl Store {
            /// A table without its row type.
            pub fn rows(&self, table: TableId) -> &dyn Rows {
                match table { $(TableId::$variant => &self.$member,)* }
            }

            fn upsert(&mut self, scope: &Scope, rows: RowSet) {
                match rows { $(RowSet::$variant(rows) => for row in rows { self.$member.upsert(scope, row); },)* }
            }

            /// Inserts rows that the cache remembers, or that are only known to be there.
            pub fn remember(&mut self, scope: &Scope, rows: RowSet) {
                match rows { $(RowSet::$variant(rows) => for row in rows { self.$member.remember(scope, row); },)* }
            }

            fn with(&mut self, table: TableId, change: impl TableChange) {
                match table { $(TableId::$variant => change.apply(&mut self.$member),)* }
            }

            /// Buries old ghosts everywhere.
            pub fn bury(&mut self, now: Timestamp) {
                $(self.$member.bury(now);)*
            }

            /// Whether slots wait for [`Self::reclaim`].
            pub fn has_retired(&self) -> bool {
                $(self.$member.has_retired())||*
            }

            /// Every view has rebuilt its order; see [`Table::reclaim`].
            pub fn reclaim(&mut self) {
                $(self.$member.reclaim();)*
            }

            /// Shows the row in a slot, ghost or not, to a visitor.
            pub fn visit(&self, table: TableId, slot: u32, visitor: &mut impl Visitor) {
                match table {
                    $(TableId::$variant => if let Some(row) = self.$member.at(slot) { visitor.see(row); },)*
                }
            }
        }
    };
}

tables! {
    Nodes nodes NodeRow, "nodes", "Machines: this one, and hosts over SSH.";
    Groups groups GroupRow, "groups", "Groups of machines, summed over them.";
    Disks disks DiskRow, "disks", "File systems of machines.";
    Units units UnitRow, "units", "systemd units of machines.";
    Processes processes ProcessRow, "processes", "Processes of machines, busiest first.";
    Containers containers ContainerRow, "containers", "Containers of Docker and Podman engines.";
    Projects projects ProjectRow, "projects", "Compose projects, summed over their containers.";
    ContainerProcesses container_processes ProcessRow, "container-processes", "Processes in containers, with host PIDs.";
    Pods pods PodRow, "pods", "Pods of every cluster.";
    PodContainers pod_containers PodContainerRow, "pod-containers", "Containers of pods.";
    Workloads workloads WorkloadRow, "workloads", "Deployments, stateful sets and daemon sets of every cluster.";
    Jobs jobs JobRow, "jobs", "Jobs and cron jobs of every cluster.";
    ClusterNodes cluster_nodes ClusterNodeRow, "cluster-nodes", "Nodes of every cluster.";
    Events events EventRow, "events", "Events of every cluster.";
    Findings findings FindingRow, "findings", "What is wrong, ranked.";
    Sources sources SourceRow, "sources", "What ronde observes, and how that goes.";
}

/// How long a source is live, and a list of it complete, before what only the cache knows of it is taken for gone.
pub const DOUBT: SignedDuration = SignedDuration::from_mins(1);

/// Sees rows whatever their type.
pub trait Visitor {
    /// A row.
    fn see<R: super::table::Row>(&mut self, row: &R);
}

/// A change of one table whose row type does not matter.
trait TableChange {
    fn apply<R: super::table::Row>(self, table: &mut Table<R>);
}

struct Removal<'a>(&'a Key, Timestamp);
impl TableChange for Removal<'_> {
    fn apply<R: super::table::Row>(self, table: &mut Table<R>) {
        table.remove(self.0, self.1);
    }
}

struct Start<'a>(&'a Scope);
impl TableChange for Start<'_> {
    fn apply<R: super::table::Row>(self, table: &mut Table<R>) {
        table.begin(self.0);
    }
}

struct End<'a>(&'a Scope, Timestamp);
impl TableChange for End<'_> {
    fn apply<R: super::table::Row>(self, table: &mut Table<R>) {
        table.commit(self.0, self.1);
    }
}

struct Interruption<'a>(&'a SourceId);
impl TableChange for Interruption<'_> {
    fn apply<R: super::table::Row>(self, table: &mut Table<R>) {
        table.interrupt(self.0);
    }
}

struct Doubt<'a>(&'a SourceId, Timestamp, Timestamp);
impl TableChange for Doubt<'_> {
    fn apply<R: super::table::Row>(self, table: &mut Table<R>) {
        table.doubt(self.0, self.1, self.2);
    }
}

struct Measurement<'a>(&'a [super::delta::Usage]);
impl TableChange for Measurement<'_> {
    fn apply<R: super::table::Row>(self, table: &mut Table<R>) {
        table.measure(self.0);
    }
}

impl Store {
    /// Applies one change.
    pub fn apply(&mut self, delta: Delta, now: Timestamp) {
        match delta {
            Delta::Upsert(scope, rows) => self.upsert(&scope, rows),
            Delta::Announce(scope, rows) => self.remember(&scope, rows),
            Delta::Remove(scope, key) => self.with(scope.table, Removal(&key, now)),
            Delta::Begin(scope) => self.with(scope.table, Start(&scope)),
            Delta::Commit(scope) => self.with(scope.table, End(&scope, now)),
            Delta::Usage(table, usage) => self.with(table, Measurement(&usage)),
            Delta::Health(health) => self.set_health(health),
        }
    }

    /// Makes ghosts of what the cache remembers and no list of a source that is live for [`DOUBT`] confirmed.
    pub fn doubt(&mut self, now: Timestamp) {
        let since = now.checked_sub(DOUBT).unwrap_or(Timestamp::MIN);
        let live = self.health.values().filter(|health| health.state.is_current() && health.since <= since);
        let live: Vec<SourceId> = live.map(|health| health.source.clone()).collect();
        for source in &live {
            for &table in TableId::ALL {
                self.with(table, Doubt(source, since, now));
            }
        }
    }

    fn set_health(&mut self, mut health: Health) {
        // A fault that goes on, said anew, voids nothing: lists may be healing it.
        if health.state.is_fault() && !self.state(&health.source).is_fault() {
            for &table in TableId::ALL {
                self.with(table, Interruption(&health.source));
            }
        }
        // `since` is when the state began, not when it was last reported.
        if let Some(known) = self.health.get(&health.source)
            && known.state == health.state
        {
            health.since = known.since;
        }
        if self.health.get(&health.source) == Some(&health) {
            return;
        }
        self.told += 1;
        self.health.insert(health.source.clone(), health);
    }

    /// A source's state; `Connecting` before its first report.
    pub fn state(&self, source: &SourceId) -> State {
        self.health.get(source).map_or(State::Connecting, |health| health.state)
    }
}

#[cfg(test)]
mod tests;
