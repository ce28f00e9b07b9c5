//! A pod.

use std::sync::Arc;

use compact_str::CompactString;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Labels, share};
use crate::model::{
    delta::Usage,
    field::{Field, Tone},
    key::{Interner, Key},
    severity::Severity,
    table::Row,
    value::{Kind, Value, seconds_between},
};

/// How a container ended (`state.terminated` or `lastState.terminated`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Termination {
    /// `OOMKilled`, `Error`, `Completed`, `ContainerStatusUnknown`.
    pub reason: Arc<str>,
    /// Exit code; 137 is SIGKILL, 143 SIGTERM.
    pub exit_code: i32,
    /// When it ended.
    pub at: Option<Timestamp>,
}

impl Termination {
    /// `OOMKilled 137`; a reason that is the exit code itself stands alone.
    pub fn text(&self) -> String {
        if self.reason.starts_with("ExitCode:") {
            self.reason.to_string()
        } else {
            format!("{} {}", self.reason, self.exit_code)
        }
    }
}

/// What part a container plays in its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ContainerKind {
    /// Runs before the others.
    Init,
    /// An init container that goes on running beside the others (`restartPolicy: Always`).
    Sidecar,
    /// An ordinary container.
    App,
    /// Added to a running pod by `kubectl debug`.
    Ephemeral,
}

impl ContainerKind {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Sidecar => "sidecar",
            Self::App => "app",
            Self::Ephemeral => "ephemeral",
        }
    }
}

/// A container's state now. Since when it runs is left to its details: without it, replicas are alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ContainerState {
    /// Not started; the reason, `CrashLoopBackOff`, `ImagePullBackOff`.
    Waiting(Arc<str>),
    /// Runs.
    Running,
    /// Ended.
    Terminated(Box<Termination>),
}

/// One container of a pod, as far as tables need it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PodContainer {
    /// Its name.
    pub name: Arc<str>,
    /// Its image.
    pub image: Arc<str>,
    /// Its part.
    pub kind: ContainerKind,
    /// Its state.
    pub state: ContainerState,
    /// Whether it is ready.
    pub ready: bool,
    /// Restarts, as the API counts them.
    pub restarts: u32,
    /// How its last run ended.
    pub last: Option<Box<Termination>>,
}

impl PodContainer {
    /// The containers of a pod, kept once for all pods whose containers are in the same state: that is most of the
    /// replicas of a workload. What ended ended at a moment of its own, so pods where something did are not looked up.
    pub fn shared(all: impl AsRef<[Self]> + Into<Arc<[Self]>>, known: &mut Interner<[Self]>) -> Arc<[Self]> {
        let has_past = |one: &Self| one.last.is_some() || matches!(one.state, ContainerState::Terminated(_));
        if all.as_ref().iter().any(has_past) { all.into() } else { known.get(all.as_ref()) }
    }
}

/// How often a pod's containers restarted within windows; `None` where history does not reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restarts {
    /// In the last hour.
    pub hour: Option<u32>,
    /// In the last 24 hours.
    pub day: Option<u32>,
    /// Since this user last looked.
    pub since_look: Option<u32>,
}

/// A pod. Status, ready and restarts are exactly what kubectl prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodRow {
    /// `cluster/namespace/name`.
    pub key: Key,
    /// The cluster's configured name.
    pub cluster: Arc<str>,
    /// The datacentre that the configuration says its cluster stands in.
    pub datacentre: Option<Arc<str>>,
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: CompactString,
    /// Identity of this very pod; a successor of the same name has another.
    pub uid: CompactString,
    /// kubectl's STATUS.
    pub status: Arc<str>,
    /// Containers that are ready, with sidecars.
    pub ready: u32,
    /// Containers, with sidecars.
    pub containers_total: u32,
    /// kubectl's RESTARTS.
    pub restarts: u32,
    /// When the last restart that counts happened.
    pub restarted: Option<Timestamp>,
    /// Restarts within windows, from this console's history.
    pub recent: Restarts,
    /// The newest termination of any of its containers.
    pub last: Option<Box<Termination>>,
    /// Millicores in use, by the metrics API.
    pub cpu: Option<u64>,
    /// Bytes in use, by the metrics API.
    pub memory: Option<u64>,
    /// Millicores requested by its containers.
    pub cpu_request: Option<u64>,
    /// Bytes it may use, when every container has a limit.
    pub memory_limit: Option<u64>,
    /// The node it is bound to.
    pub node: Option<Arc<str>>,
    /// Its address.
    pub ip: CompactString,
    /// What made it: `ReplicaSet/mw-web-7f65`, as the owner reference says.
    pub owner: Option<Arc<str>>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Since when it is not ready, or not scheduled; none while all is well.
    pub unready_since: Option<Timestamp>,
    /// When deletion was asked for.
    pub deleted: Option<Timestamp>,
    /// Labels.
    pub labels: Labels,
    /// Its containers: init, sidecars, app, ephemeral, each in the order of the specification.
    pub containers: Arc<[PodContainer]>,
}

impl PodRow {
    /// Ended well, for good.
    pub fn is_completed(&self) -> bool {
        matches!(&*self.status, "Completed" | "Succeeded")
    }

    /// Kind and name of the workload that keeps it running: its owner, or the deployment whose replica set owns it
    /// (the set has the deployment's name, then the pod-template hash).
    pub fn workload(&self) -> Option<(&str, &str)> {
        Some(match self.owner.as_deref()?.split_once('/')? {
            ("ReplicaSet", name) => ("Deployment", name.rsplit_once('-').map_or(name, |(name, _)| name)),
            owner => owner,
        })
    }

    /// Memory in percent of the limit.
    pub fn memory_percent(&self) -> Option<f64> {
        share(self.memory, self.memory_limit)
    }

    /// kubectl's status in one of four tones.
    fn status_tone(&self) -> Tone {
        match &*self.status {
            "Running" if self.ready < self.containers_total => Tone::Warn,
            "Running" => Tone::Good,
            "Completed" | "Succeeded" => Tone::Dim,
            "Pending" | "ContainerCreating" | "PodInitializing" | "Terminating" | "SchedulingGated" | "NotReady" => {
                Tone::Warn
            }
            text if text.starts_with("Init:") && text.contains('/') => Tone::Warn,
            _ => Tone::Bad,
        }
    }
}

/// Seconds a pod may be unready, unscheduled or terminating before that is a finding.
pub(crate) const PATIENCE: i64 = 300;

impl Row for PodRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("cluster", "CLUSTER", Kind::Text, "The cluster, as configured.", |r| {
            Value::text(&r.cluster)
        })
        .alias(&["dc"])
        .column(1, 7, 16),
        Field::<Self>::new("namespace", "NAMESPACE", Kind::Text, "Namespace.", |r| Value::text(&r.namespace))
            .alias(&["ns"])
            .column(1, 9, 24),
        Field::<Self>::new("pod", "POD", Kind::Text, "Name.", |r| Value::text(&r.name))
            .alias(&["name"])
            .column(0, 16, 56)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new(
            "ready",
            "READY",
            Kind::Fraction,
            "Ready containers of all, sidecars included, as kubectl counts.",
            |r| Value::Fraction(r.ready, r.containers_total),
        )
        .column(0, 5, 5)
        .tone(|r, _| if r.ready < r.containers_total && !r.is_completed() { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("status", "STATUS", Kind::Text, "As kubectl prints it.", |r| Value::text(&r.status))
            .column(0, 9, 26)
            .tone(|r, _| r.status_tone()),
        Field::<Self>::new(
            "restarts",
            "RESTARTS",
            Kind::Int,
            "As kubectl prints it: restarts, and when the last one was.",
            |r| Value::Count(r.restarts, r.restarted),
        )
        .alias(&["rst"])
        .column(0, 8, 14)
        .tone(|r, _| if r.restarts > 0 { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("restarts-1h", "1H", Kind::Int, "Restarts in the last hour.", |r| {
            Value::known(r.recent.hour, |n| Value::Int(n.into()))
        })
        .column(6, 3, 4)
        .tone(|r, _| if r.recent.hour.unwrap_or(0) > 0 { Tone::Bad } else { Tone::Plain }),
        Field::<Self>::new("restarts-24h", "24H", Kind::Int, "Restarts in the last 24 hours.", |r| {
            Value::known(r.recent.day, |n| Value::Int(n.into()))
        })
        .column(6, 3, 4)
        .tone(|r, _| if r.recent.day.unwrap_or(0) > 0 { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("restarts-new", "NEW", Kind::Int, "Restarts since you last looked.", |r| {
            Value::known(r.recent.since_look, |n| Value::Int(n.into()))
        })
        .column(5, 3, 4)
        .tone(|r, _| if r.recent.since_look.unwrap_or(0) > 0 { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new(
            "last",
            "LAST",
            Kind::Text,
            "How the last container that ended did: reason and exit code.",
            |r| r.last.as_ref().map_or(Value::Unknown, |last| Value::Text(last.text().into())),
        )
        .column(3, 8, 20)
        .tone(|r, _| match r.last.as_ref() {
            Some(last) if &*last.reason == "OOMKilled" => Tone::Bad,
            Some(last) if last.exit_code != 0 => Tone::Warn,
            _ => Tone::Dim,
        }),
        Field::<Self>::new("ended", "ENDED", Kind::Age, "When the last container that ended did.", |r| {
            Value::known(r.last.as_ref().and_then(|last| last.at), Value::Time)
        })
        .column(8, 5, 7),
        Field::<Self>::new("exit", "EXIT", Kind::Int, "Exit code of the last container that ended.", |r| {
            Value::known(r.last.as_ref().map(|last| last.exit_code), |n| Value::Int(n.into()))
        }),
        Field::<Self>::new("cpu", "CPU", Kind::Cpu, "Processor use, by the metrics API.", |r| {
            Value::known(r.cpu, Value::Cpu)
        })
        .column(2, 4, 6),
        Field::<Self>::new("memory", "MEM", Kind::Bytes, "Memory use, by the metrics API.", |r| {
            Value::known(r.memory, Value::Bytes)
        })
        .alias(&["mem"])
        .column(2, 4, 6)
        .tone(|r, _| super::threshold(r.memory_percent(), 85.0, 95.0)),
        Field::<Self>::new(
            "memory-percent",
            "MEM%",
            Kind::Percent,
            "Memory of the limit, where every container has one.",
            |r| Value::known(r.memory_percent(), Value::Percent),
        ),
        Field::<Self>::new("cpu-request", "REQ", Kind::Cpu, "Processor its containers request.", |r| {
            Value::known(r.cpu_request, Value::Cpu)
        }),
        Field::<Self>::new("node", "NODE", Kind::Text, "The node it is bound to.", |r| {
            r.node.as_deref().map_or(Value::Unknown, Value::text)
        })
        .column(4, 6, 24),
        Field::<Self>::new("ip", "IP", Kind::Text, "Its address.", |r| {
            if r.ip.is_empty() { Value::Unknown } else { Value::text(&r.ip) }
        })
        .column(9, 9, 16),
        Field::<Self>::new("owner", "OWNER", Kind::Text, "What made it.", |r| {
            r.owner.as_deref().map_or(Value::Unknown, Value::text)
        })
        .column(7, 8, 32),
        Field::<Self>::new("workload", "WORKLOAD", Kind::Text, "What keeps it running.", |r| {
            r.workload().map_or(Value::Unknown, |(kind, name)| Value::Text(format!("{kind}/{name}").into()))
        }),
        Field::<Self>::new("age", "AGE", Kind::Age, "Time since it was created.", |r| {
            Value::known(r.created, Value::Time)
        })
        .column(1, 4, 7),
        Field::<Self>::new("image", "IMAGE", Kind::Text, "Images of its containers.", |r| {
            let images: Vec<&str> = r.containers.iter().map(|c| &*c.image).collect();
            Value::Text(images.join(" ").into())
        }),
        Field::<Self>::new(
            "datacentre",
            "DATACENTRE",
            Kind::Text,
            "The datacentre its cluster stands in, as configured.",
            |r| r.datacentre.as_deref().map_or(Value::Unknown, Value::text),
        ),
        Field::<Self>::new("uid", "UID", Kind::Text, "Identity of this very pod.", |r| Value::text(&r.uid)),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, now: Timestamp) -> Severity {
        let long = |since: Option<Timestamp>| since.is_some_and(|at| seconds_between(at, now) >= PATIENCE);
        match &*self.status {
            "Completed" | "Succeeded" => Severity::Ok,
            "Terminating" => {
                if long(self.deleted) {
                    Severity::Warning
                } else {
                    Severity::Ok
                }
            }
            "Pending" | "ContainerCreating" | "PodInitializing" | "SchedulingGated" => {
                if long(self.unready_since.or(self.created)) { Severity::Warning } else { Severity::Ok }
            }
            "Running" | "NotReady" => {
                if self.ready < self.containers_total && long(self.unready_since) {
                    Severity::Critical
                } else if self.recent.hour.unwrap_or(0) > 0 {
                    Severity::Warning
                } else if self.recent.since_look.unwrap_or(0) > 0 {
                    Severity::Notice
                } else {
                    Severity::Ok
                }
            }
            text if text.starts_with("Init:") && text.contains('/') => {
                if long(self.unready_since.or(self.created)) {
                    Severity::Warning
                } else {
                    Severity::Ok
                }
            }
            _ => Severity::Critical,
        }
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(name, _)| &**name == key).map(|(_, value)| &**value)
    }

    fn carry(&mut self, old: &Self) {
        if self.uid == old.uid {
            self.cpu = self.cpu.or(old.cpu);
            self.memory = self.memory.or(old.memory);
            if self.recent == Restarts::default() {
                self.recent = old.recent;
            }
        }
    }

    fn measure(&mut self, usage: &Usage) {
        self.cpu = usage.cpu;
        self.memory = usage.memory;
    }
}
