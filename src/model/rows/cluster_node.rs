//! A node of a cluster, as its API server sees it.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Boot, Labels, share, threshold};
use crate::model::{
    delta::Usage,
    field::{Field, Tone},
    key::Key,
    severity::Severity,
    table::Row,
    value::{Kind, Value},
};

/// A node of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterNodeRow {
    /// `cluster/node`.
    pub key: Key,
    /// The cluster.
    pub cluster: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// kubectl's STATUS: `Ready`, `NotReady`, `Unknown`, with `,SchedulingDisabled` when cordoned.
    pub status: Arc<str>,
    /// Since when the Ready condition is what it is.
    pub status_since: Option<Timestamp>,
    /// Roles, as kubectl prints them; `<none>` without.
    pub roles: Arc<str>,
    /// kubelet's version.
    pub version: Arc<str>,
    /// Kernel release.
    pub kernel: Arc<str>,
    /// Operating system.
    pub os: Arc<str>,
    /// Container runtime and version.
    pub runtime: Arc<str>,
    /// Internal address.
    pub ip: Arc<str>,
    /// Conditions under pressure: `memory`, `disk`, `pid`, joined by spaces; empty when well.
    pub pressure: Arc<str>,
    /// Taints.
    pub taints: u32,
    /// Pods bound to it; filled from the pods.
    pub pods: Option<u32>,
    /// Pods it may hold.
    pub pods_allocatable: Option<u32>,
    /// Millicores pods may request.
    pub cpu_allocatable: Option<u64>,
    /// Bytes pods may request.
    pub memory_allocatable: Option<u64>,
    /// Millicores in use, by the metrics API.
    pub cpu: Option<u64>,
    /// Bytes in use, by the metrics API.
    pub memory: Option<u64>,
    /// By what its machine is known again.
    pub boot: Option<Boot>,
    /// When it joined.
    pub created: Option<Timestamp>,
    /// Labels.
    pub labels: Labels,
}

impl ClusterNodeRow {
    fn cpu_percent(&self) -> Option<f64> {
        share(self.cpu, self.cpu_allocatable)
    }

    fn memory_percent(&self) -> Option<f64> {
        share(self.memory, self.memory_allocatable)
    }

    /// Ready, cordoned or not.
    pub fn is_ready(&self) -> bool {
        self.status.split(',').next() == Some("Ready")
    }
}

impl Row for ClusterNodeRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("cluster", "CLUSTER", Kind::Text, "The cluster.", |r| Value::text(&r.cluster))
            .column(1, 7, 16),
        Field::<Self>::new("node", "NODE", Kind::Text, "Name.", |r| Value::text(&r.name))
            .alias(&["name"])
            .column(0, 10, 40)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new("status", "STATUS", Kind::Text, "As kubectl prints it.", |r| Value::text(&r.status))
            .column(0, 8, 26)
            .tone(|r, _| match (r.is_ready(), r.status.contains("SchedulingDisabled")) {
                (false, _) => Tone::Bad,
                (true, true) => Tone::Warn,
                (true, false) => Tone::Good,
            }),
        Field::<Self>::new("pressure", "PRESSURE", Kind::Text, "memory, disk or pid, when the kubelet says so.", |r| {
            if r.pressure.is_empty() { Value::Text("".into()) } else { Value::text(&r.pressure) }
        })
        .column(3, 8, 16)
        .tone(|_, _| Tone::Bad),
        Field::<Self>::new("roles", "ROLES", Kind::Text, "Roles.", |r| Value::text(&r.roles)).column(5, 6, 16),
        Field::<Self>::new("pods", "PODS", Kind::Int, "Pods bound to it.", |r| {
            Value::known(r.pods, |n| Value::Int(n.into()))
        })
        .column(2, 4, 5),
        Field::<Self>::new("pods-allocatable", "OF", Kind::Int, "Pods it may hold.", |r| {
            Value::known(r.pods_allocatable, |n| Value::Int(n.into()))
        })
        .column(6, 3, 5),
        Field::<Self>::new("cpu", "CPU", Kind::Cpu, "Processor use, by the metrics API.", |r| {
            Value::known(r.cpu, Value::Cpu)
        })
        .column(2, 4, 6),
        Field::<Self>::new("cpu-percent", "CPU%", Kind::Percent, "Processor use of what is allocatable.", |r| {
            Value::known(r.cpu_percent(), Value::Percent)
        })
        .column(1, 5, 5)
        .tone(|r, _| threshold(r.cpu_percent(), 80.0, 95.0)),
        Field::<Self>::new("memory", "MEM", Kind::Bytes, "Memory use, by the metrics API.", |r| {
            Value::known(r.memory, Value::Bytes)
        })
        .alias(&["mem"])
        .column(2, 4, 6),
        Field::<Self>::new("memory-percent", "MEM%", Kind::Percent, "Memory use of what is allocatable.", |r| {
            Value::known(r.memory_percent(), Value::Percent)
        })
        .column(1, 5, 5)
        .tone(|r, _| threshold(r.memory_percent(), 85.0, 95.0)),
        Field::<Self>::new("version", "VERSION", Kind::Text, "kubelet's version.", |r| Value::text(&r.version))
            .column(2, 8, 16),
        Field::<Self>::new("kernel", "KERNEL", Kind::Text, "Kernel release.", |r| Value::text(&r.kernel))
            .column(7, 8, 24),
        Field::<Self>::new("runtime", "RUNTIME", Kind::Text, "Container runtime.", |r| Value::text(&r.runtime))
            .column(8, 8, 24),
        Field::<Self>::new("os", "OS", Kind::Text, "Operating system.", |r| Value::text(&r.os)).column(8, 8, 32),
        Field::<Self>::new("ip", "IP", Kind::Text, "Internal address.", |r| Value::text(&r.ip)).column(6, 9, 16),
        Field::<Self>::new("taints", "TAINTS", Kind::Int, "Taints.", |r| Value::Int(r.taints.into())).column(7, 6, 6),
        Field::<Self>::new("age", "AGE", Kind::Age, "Time since it joined.", |r| Value::known(r.created, Value::Time))
            .column(1, 4, 7),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        if !self.is_ready() {
            Severity::Critical
        } else if !self.pressure.is_empty() {
            Severity::Warning
        } else if self.status.contains("SchedulingDisabled") {
            Severity::Notice
        } else {
            Severity::Ok
        }
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(name, _)| &**name == key).map(|(_, value)| &**value)
    }

    fn carry(&mut self, old: &Self) {
        self.cpu = self.cpu.or(old.cpu);
        self.memory = self.memory.or(old.memory);
        self.pods = old.pods;
    }

    fn measure(&mut self, usage: &Usage) {
        self.cpu = usage.cpu;
        self.memory = usage.memory;
    }
}
