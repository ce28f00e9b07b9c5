//! A deployment, stateful set or daemon set.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Labels;
use crate::model::{
    field::{Field, Tone},
    key::Key,
    severity::Severity,
    table::Row,
    value::{Kind, Value},
};

/// A workload: what keeps pods running.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadRow {
    /// `cluster/namespace/kind/name`.
    pub key: Key,
    /// The cluster.
    pub cluster: Arc<str>,
    /// Namespace.
    pub namespace: Arc<str>,
    /// `Deployment`, `StatefulSet`, `DaemonSet`.
    pub kind: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Pods wanted.
    pub desired: u32,
    /// Pods ready.
    pub ready: u32,
    /// Pods of the newest template.
    pub updated: u32,
    /// Pods available.
    pub available: u32,
    /// A roll-out is in progress: not every pod is of the newest template, or the controller has not seen it yet.
    pub rolling: bool,
    /// The roll-out exceeded its deadline.
    pub stuck: bool,
    /// Restarts of its pods, summed; filled from the pods.
    pub restarts: u32,
    /// Images of the template.
    pub images: Vec<Arc<str>>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Labels.
    pub labels: Labels,
}

impl WorkloadRow {
    fn rollout(&self) -> (&'static str, Tone) {
        match (self.stuck, self.rolling, self.ready < self.desired) {
            (true, _, _) => ("stuck", Tone::Bad),
            (_, true, _) => ("rolling", Tone::Warn),
            (_, _, true) => ("degraded", Tone::Warn),
            _ => ("done", Tone::Dim),
        }
    }

    /// Version tags of the images, side by side: `php:8.4 httpd:2`.
    fn versions(&self) -> String {
        let short = |image: &Arc<str>| image.rsplit('/').next().unwrap_or_default().to_owned();
        self.images.iter().map(short).collect::<Vec<_>>().join(" ")
    }
}

impl Row for WorkloadRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("cluster", "CLUSTER", Kind::Text, "The cluster.", |r| Value::text(&r.cluster))
            .column(1, 7, 16),
        Field::<Self>::new("namespace", "NAMESPACE", Kind::Text, "Namespace.", |r| Value::text(&r.namespace))
            .alias(&["ns"])
            .column(1, 9, 24),
        Field::<Self>::new("kind", "KIND", Kind::Text, "Deployment, StatefulSet or DaemonSet.", |r| {
            Value::text(&r.kind)
        })
        .column(3, 9, 11),
        Field::<Self>::new("workload", "WORKLOAD", Kind::Text, "Name.", |r| Value::text(&r.name))
            .alias(&["name"])
            .column(0, 12, 48)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new("ready", "READY", Kind::Fraction, "Ready pods of those wanted.", |r| {
            Value::Fraction(r.ready, r.desired)
        })
        .column(0, 5, 9)
        .tone(|r, _| match (r.ready, r.desired) {
            (0, wanted) if wanted > 0 => Tone::Bad,
            (ready, wanted) if ready < wanted => Tone::Warn,
            _ => Tone::Good,
        }),
        Field::<Self>::new("rollout", "ROLLOUT", Kind::Text, "done, rolling, degraded or stuck.", |r| {
            Value::text(r.rollout().0)
        })
        .column(0, 8, 8)
        .tone(|r, _| r.rollout().1),
        Field::<Self>::new("updated", "UPDATED", Kind::Int, "Pods of the newest template.", |r| {
            Value::Int(r.updated.into())
        })
        .column(4, 7, 7),
        Field::<Self>::new("available", "AVAIL", Kind::Int, "Available pods.", |r| Value::Int(r.available.into()))
            .column(5, 5, 6),
        Field::<Self>::new("restarts", "RESTARTS", Kind::Int, "Restarts of its pods, summed.", |r| {
            Value::Int(r.restarts.into())
        })
        .column(2, 8, 8)
        .tone(|r, _| if r.restarts > 0 { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("age", "AGE", Kind::Age, "Time since it was created.", |r| {
            Value::known(r.created, Value::Time)
        })
        .column(3, 4, 7),
        Field::<Self>::new("version", "VERSIONS", Kind::Text, "Images of its template, without registry.", |r| {
            Value::Text(r.versions().into())
        })
        .alias(&["image", "images"])
        .column(2, 12, 80),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        if self.stuck || (self.ready == 0 && self.desired > 0) {
            Severity::Critical
        } else if self.ready < self.desired && !self.rolling {
            Severity::Warning
        } else {
            Severity::Ok
        }
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(name, _)| &**name == key).map(|(_, value)| &**value)
    }

    fn carry(&mut self, old: &Self) {
        self.restarts = old.restarts;
    }
}
