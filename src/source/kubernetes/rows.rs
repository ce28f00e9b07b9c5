//! From slim objects to rows, at once; nothing of the object stays.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{
    jobs::Ledger,
    kind::Kind,
    slim::{self, Meta, Text},
    status::Release,
};
use crate::model::{
    key::{Interner, Key},
    rows::{JobRow, Labels, PodContainer},
    store::RowSet,
    text,
};

mod event;
mod job;
mod node;
mod pod;
#[cfg(test)]
mod tests;
mod workload;

/// Turns the objects of one watch into rows.
pub(crate) struct Reader {
    cluster: Arc<str>,
    datacentre: Option<Arc<str>>,
    release: Release,
    names: Interner,
    label_sets: Interner<[(Arc<str>, Arc<str>)]>,
    containers: Interner<[PodContainer]>,
    ledger: Arc<Ledger>,
}

/// What an object became.
pub(crate) struct Read {
    /// Its row's key.
    pub(crate) key: Key,
    /// The object's version.
    pub(crate) version: Text,
    /// Its row.
    pub(crate) rows: RowSet,
    /// The cron job's row that changed with it.
    pub(crate) cron: Option<JobRow>,
}

impl Reader {
    /// A reader for the cluster of this name and release.
    pub(crate) fn new(cluster: Arc<str>, release: Release, ledger: Arc<Ledger>) -> Self {
        Self {
            cluster,
            datacentre: None,
            release,
            names: Interner::default(),
            label_sets: Interner::default(),
            containers: Interner::default(),
            ledger,
        }
    }

    /// The reader, for a cluster that stands in this datacentre.
    pub(crate) fn standing_in(mut self, datacentre: Option<Arc<str>>) -> Self {
        self.datacentre = datacentre;
        self
    }

    /// The row of an object as the API wrote it.
    pub(crate) fn read(&mut self, kind: Kind, object: &str) -> Result<Read, serde_json::Error> {
        fn decode<T: DeserializeOwned>(object: &str) -> Result<T, serde_json::Error> {
            serde_json::from_str(object)
        }
        let mut cron = None;
        let (version, rows) = match kind {
            Kind::Pods => {
                let pod: slim::Pod = decode(object)?;
                let row = self.pod(&pod);
                (pod.metadata.resource_version, RowSet::Pods(vec![row]))
            }
            Kind::Nodes => {
                let node: slim::Node = decode(object)?;
                let row = self.node(&node);
                (node.metadata.resource_version, RowSet::ClusterNodes(vec![row]))
            }
            Kind::Events => {
                let event: slim::Event = decode(object)?;
                let row = self.event(&event);
                (event.metadata.resource_version, RowSet::Events(vec![row]))
            }
            Kind::Jobs => {
                let job: slim::Job = decode(object)?;
                let row = self.job(&job);
                let (row, changed) = self.ledger.job(row, &job.metadata.uid);
                cron = changed;
                (job.metadata.resource_version, RowSet::Jobs(vec![row]))
            }
            Kind::CronJobs => {
                let job: slim::CronJob = decode(object)?;
                let row = self.cron(&job);
                let row = self.ledger.cron(row, job.status.active.len());
                (job.metadata.resource_version, RowSet::Jobs(vec![row]))
            }
            Kind::Deployments => {
                let deployment: slim::Deployment = decode(object)?;
                let row = self.deployment(&deployment);
                (deployment.metadata.resource_version, RowSet::Workloads(vec![row]))
            }
            Kind::StatefulSets => {
                let set: slim::StatefulSet = decode(object)?;
                let row = self.stateful_set(&set);
                (set.metadata.resource_version, RowSet::Workloads(vec![row]))
            }
            Kind::DaemonSets => {
                let set: slim::DaemonSet = decode(object)?;
                let row = self.daemon_set(&set);
                (set.metadata.resource_version, RowSet::Workloads(vec![row]))
            }
        };
        let key = key_of(&rows).ok_or_else(|| serde::de::Error::custom("no row"))?;
        Ok(Read { key, version, rows, cron })
    }

    /// A name that few values have, inert and shared.
    fn shared(&mut self, name: &str) -> Arc<str> {
        self.names.get(&text::name(name))
    }

    /// A shared name, unless it is empty.
    fn some(&mut self, name: &str) -> Option<Arc<str>> {
        (!name.is_empty()).then(|| self.shared(name))
    }

    fn labels(&mut self, meta: &Meta) -> Labels {
        let labels: Vec<_> = meta.labels.iter().map(|(name, value)| (self.shared(name), self.shared(value))).collect();
        self.label_sets.get(&labels)
    }

    fn key(&self, parts: &[&str]) -> Key {
        let mut all = vec![&*self.cluster];
        all.extend_from_slice(parts);
        Key::of(&all)
    }
}

/// The key of the only row.
fn key_of(rows: &RowSet) -> Option<Key> {
    use crate::model::table::Row;
    match rows {
        RowSet::Pods(rows) => rows.first().map(|row| row.key().clone()),
        RowSet::ClusterNodes(rows) => rows.first().map(|row| row.key().clone()),
        RowSet::Events(rows) => rows.first().map(|row| row.key().clone()),
        RowSet::Jobs(rows) => rows.first().map(|row| row.key().clone()),
        RowSet::Workloads(rows) => rows.first().map(|row| row.key().clone()),
        _ => None,
    }
}

/// A count that the API gives as a signed number.
fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}
