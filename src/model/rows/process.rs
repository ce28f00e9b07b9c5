//! A process of a machine, or in a container.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::threshold;
use crate::model::{
    field::{Field, Tone},
    key::Key,
    severity::Severity,
    table::Row,
    value::{Kind, Value, seconds_between},
};

/// A process, by its PID on the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessRow {
    /// `node/pid`, or `engine/container/pid`.
    pub key: Key,
    /// The machine or engine.
    pub node: Arc<str>,
    /// The container it runs in, where known.
    pub container: Option<Arc<str>>,
    /// PID on the host.
    pub pid: u32,
    /// PID in the container (innermost `NSpid`), where known.
    pub inner_pid: Option<u32>,
    /// Parent's PID on the host.
    pub parent: Option<u32>,
    /// The user's name, or number.
    pub user: Option<Arc<str>>,
    /// Command name.
    pub name: Arc<str>,
    /// Whole command line, as the process gives it.
    pub command: String,
    /// Percent of one core.
    pub cpu: Option<f64>,
    /// Resident bytes.
    pub memory: Option<u64>,
    /// `R` running, `S` sleeping, `D` waiting for a device, `Z` zombie, `T` stopped.
    pub state: char,
    /// The kernel's function that it waits in, of a process in state D, where it may be read.
    pub waits_in: Option<Arc<str>>,
    /// Threads.
    pub threads: Option<u32>,
    /// When it started.
    pub started: Option<Timestamp>,
    /// Since when it has used more than 90 % of a core.
    pub busy_since: Option<Timestamp>,
}

impl Row for ProcessRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("node", "NODE", Kind::Text, "The machine or engine.", |r| Value::text(&r.node))
            .alias(&["host", "engine"])
            .column(4, 6, 20),
        Field::<Self>::new("container", "CONTAINER", Kind::Text, "The container it runs in.", |r| {
            r.container.as_deref().map_or(Value::Unknown, Value::text)
        })
        .column(2, 9, 32),
        Field::<Self>::new("pid", "PID", Kind::Int, "PID on the host.", |r| Value::Int(r.pid.into())).column(0, 6, 8),
        Field::<Self>::new("inner-pid", "IN", Kind::Int, "PID inside the container.", |r| {
            Value::known(r.inner_pid, |pid| Value::Int(pid.into()))
        })
        .column(6, 4, 8),
        Field::<Self>::new("parent", "PPID", Kind::Int, "The parent's PID.", |r| {
            Value::known(r.parent, |pid| Value::Int(pid.into()))
        })
        .alias(&["ppid"])
        .column(7, 6, 8),
        Field::<Self>::new("user", "USER", Kind::Text, "The user it runs as.", |r| {
            r.user.as_deref().map_or(Value::Unknown, Value::text)
        })
        .column(3, 6, 16),
        Field::<Self>::new(
            "state",
            "S",
            Kind::Text,
            "R running, S sleeping, D waiting for a device, Z zombie, T stopped.",
            |r| Value::Text(r.state.to_string().into()),
        )
        .column(2, 1, 1)
        .tone(|r, _| match r.state {
            'D' => Tone::Bad,
            'Z' => Tone::Warn,
            'R' => Tone::Good,
            _ => Tone::Dim,
        }),
        Field::<Self>::new(
            "waits-in",
            "WAITS IN",
            Kind::Text,
            "Kernel function that a process in state D waits in; its user or root may know.",
            |r| r.waits_in.as_deref().map_or(Value::Unknown, Value::text),
        )
        .optional_column(3, 8, 20)
        .tone(|_, _| Tone::Bad),
        Field::<Self>::new("cpu", "CPU", Kind::Percent, "Percent of one core.", |r| {
            Value::known(r.cpu, Value::Percent)
        })
        .column(0, 5, 6)
        .tone(|r, _| threshold(r.cpu, 90.0, 400.0)),
        Field::<Self>::new("busy", "BUSY", Kind::Age, "Time above 90 % of a core.", |r| {
            Value::known(r.busy_since, Value::Time)
        })
        .column(3, 4, 6)
        .tone(|_, _| Tone::Warn),
        Field::<Self>::new("memory", "MEM", Kind::Bytes, "Resident memory.", |r| Value::known(r.memory, Value::Bytes))
            .alias(&["mem", "rss"])
            .column(1, 5, 6),
        Field::<Self>::new("threads", "THR", Kind::Int, "Threads.", |r| {
            Value::known(r.threads, |n| Value::Int(n.into()))
        })
        .column(8, 4, 5),
        Field::<Self>::new("age", "AGE", Kind::Age, "Time since it started.", |r| Value::known(r.started, Value::Time))
            .column(5, 4, 7),
        Field::<Self>::new("name", "NAME", Kind::Text, "Command name.", |r| Value::text(&r.name))
            .column(0, 8, 16)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new("command", "COMMAND", Kind::Text, "Whole command line.", |r| Value::text(&r.command))
            .column(4, 12, 120),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, now: Timestamp) -> Severity {
        let busy_long = self.busy_since.is_some_and(|since| seconds_between(since, now) >= 300);
        if self.state == 'D' || busy_long { Severity::Warning } else { Severity::Ok }
    }
}
