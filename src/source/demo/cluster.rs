//! A simulated cluster: nodes, workloads, pods, jobs and events.

mod build;
mod life;
mod listing;
mod phase;
mod pod;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    names,
    part::{Pace, Part, describe},
    random::Random,
    wave::Wave,
};
use crate::model::{
    delta::{Delta, Scope},
    document::Document,
    health::{Health, State},
    key::{Key, SourceId},
    rows::{EventRow, JobRow, Labels, PodContainer},
    store::{RowSet, TableId},
};
use pod::Pod;

/// A node.
struct Node {
    name: Arc<str>,
    cpu: Wave,
    memory: Wave,
    cordoned: bool,
    /// Its kubelet falls silent now and then, from the start on.
    not_ready: bool,
    pressure: bool,
}

/// What keeps pods running, or ran them.
struct Group {
    namespace: Arc<str>,
    kind: &'static str,
    name: Arc<str>,
    owner: Arc<str>,
    template: String,
    containers: Vec<(Arc<str>, Arc<str>)>,
    labels: Labels,
    /// Containers of a pod that is well.
    well: Arc<[PodContainer]>,
    cpu_request: u64,
    memory_limit: u64,
    ready: u32,
    total: u32,
    restarts: u32,
    /// Seconds before the start at which it was made.
    created: i64,
}

/// Events that are kept.
const EVENTS: usize = 300;

/// The cluster.
pub(super) struct Cluster {
    id: SourceId,
    name: Arc<str>,
    random: Random,
    nodes: Vec<Node>,
    groups: Vec<Group>,
    pods: Vec<Pod>,
    jobs: Vec<JobRow>,
    events: VecDeque<EventRow>,
    words: Vec<Arc<str>>,
    /// Pods that go on by themselves.
    moving: Vec<usize>,
    measured: usize,
    started: Timestamp,
    changes: Pace,
    usage: Pace,
    workloads: Pace,
    beat: Pace,
    stale: bool,
    silent: bool,
    /// Pods that were made, since the beginning.
    made: u64,
    /// Events that were written.
    serial: u64,
}

impl Cluster {
    /// The cluster of datacentre `n` with so many pods.
    pub(super) fn new(seed: u64, n: usize, pods: usize, namespaces: usize, changes_per_second: f64) -> Self {
        let name = names::DATACENTRES.get(n).copied().unwrap_or("eqiad");
        let mut random = Random::of(seed, name);
        let nodes = build::nodes(n, pods, &mut random);
        let mut cluster = Self {
            id: SourceId::new("kubernetes", name),
            name: name.into(),
            random,
            nodes,
            groups: Vec::new(),
            pods: Vec::with_capacity(pods),
            jobs: Vec::new(),
            events: VecDeque::new(),
            words: build::words(),
            moving: Vec::new(),
            measured: 0,
            started: Timestamp::UNIX_EPOCH,
            changes: Pace::per_second(changes_per_second),
            usage: Pace::per_second(pods as f64 / 15.0),
            workloads: Pace::every(5.0),
            beat: Pace::every(15.0),
            stale: false,
            silent: true,
            // The clusters do not begin with the same names.
            made: seed.wrapping_mul(7919).wrapping_add(n as u64 * 1_000_003) % 1_000_000_007,
            serial: 0,
        };
        cluster.populate(pods, namespaces);
        cluster
    }

    fn scope(&self, table: TableId) -> Scope {
        Scope::all(&self.id, table)
    }

    fn health(&self, state: State, since: Timestamp, message: &str) -> Delta {
        Delta::Health(Health { source: self.id.clone(), state, since, message: message.to_owned() })
    }

    /// A whole table.
    fn listed(&self, rows: RowSet) -> [Delta; 3] {
        let scope = self.scope(rows.table());
        [Delta::Begin(scope.clone()), Delta::Upsert(scope.clone(), rows), Delta::Commit(scope)]
    }

    fn find_pod(&self, key: &Key) -> Option<&Pod> {
        let name = key.rsplit('/').next()?;
        self.pods.iter().find(|pod| pod.name == name && self.pod_key(pod) == *key)
    }
}

impl Part for Cluster {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn start(&mut self, now: Timestamp) -> Vec<Delta> {
        self.started = now;
        self.age(now);
        self.count_groups();
        self.make_jobs(now);
        self.first_events(now);
        let pods = self.pods.iter().map(|pod| self.pod_row(pod, now)).collect();
        let nodes = (0..self.nodes.len()).map(|n| self.node_row(n, now)).collect();
        let workloads = (0..self.groups.len()).filter_map(|n| self.workload_row(n)).collect();
        let mut deltas = vec![self.health(State::Live, now, "")];
        for rows in [
            RowSet::ClusterNodes(nodes),
            RowSet::Pods(pods),
            RowSet::Workloads(workloads),
            RowSet::Jobs(self.jobs.clone()),
            RowSet::Events(self.events.iter().cloned().collect()),
        ] {
            deltas.extend(self.listed(rows));
        }
        deltas
    }

    fn step(&mut self, now: Timestamp, passed: Duration) -> Vec<Delta> {
        self.live(now, passed)
    }

    fn details(&self, table: TableId, key: &Key, now: Timestamp) -> Option<Document> {
        match table {
            TableId::Pods => {
                let row = self.pod_row(self.find_pod(key)?, now);
                let mut document = describe(&row, now);
                for container in row.containers.iter() {
                    document.heading(format!("Container {}", container.name));
                    document.pair("image", container.image.as_ref());
                    document.pair("ready", if container.ready { "yes" } else { "no" });
                    document.pair("restarts", container.restarts.to_string());
                    if let Some(last) = &container.last {
                        document.pair("last end", last.text());
                        document.moment(0, "ended", last.at);
                    }
                }
                Some(document)
            }
            TableId::ClusterNodes => {
                let at = (0..self.nodes.len()).find(|&n| self.node_key(n) == *key)?;
                Some(describe(&self.node_row(at, now), now))
            }
            TableId::Workloads => {
                let rows = (0..self.groups.len()).filter_map(|n| self.workload_row(n));
                rows.into_iter().find(|row| row.key == *key).map(|row| describe(&row, now))
            }
            TableId::Jobs => self.jobs.iter().find(|row| row.key == *key).map(|row| describe(row, now)),
            TableId::Events => self.events.iter().find(|row| row.key == *key).map(|row| describe(row, now)),
            _ => None,
        }
    }

    fn events(&self, key: &Key) -> Vec<EventRow> {
        let (Some(namespace), Some(name)) = (key.split('/').nth(1), key.rsplit('/').next()) else { return Vec::new() };
        let about = |event: &&EventRow| {
            (*event.namespace == *namespace || *namespace == *name)
                && event.object.split_once('/').is_some_and(|(_, object)| object == name)
        };
        self.events.iter().filter(about).cloned().collect()
    }
}
