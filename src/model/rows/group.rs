//! A group of machines: the sum of its members.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{share, threshold};
use crate::model::{
    field::{Field, Tone},
    key::Key,
    severity::Severity,
    table::Row,
    value::{Kind, Value},
};

/// What machines without a group are shown as.
pub const NO_GROUP: &str = "(no group)";

/// Machines that were put together in the configuration. One that is in two groups counts in both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    /// The group's name.
    pub key: Key,
    /// The group.
    pub group: Arc<str>,
    /// Machines that answer.
    pub live: u32,
    /// Machines there are.
    pub total: u32,
    /// The worst of its machines.
    pub worst: Severity,
    /// Machines that are not well.
    pub wrong: u32,
    /// Failed systemd units, summed.
    pub failed_units: Option<u32>,
    /// Machines that should be rebooted; `None` when that is known of none.
    pub reboot: Option<u32>,
    /// Machines without security support; `None` when that is known of none.
    pub ended: Option<u32>,
    /// Logical processors, summed.
    pub cores: Option<u32>,
    /// Busy share of all their processors, percent.
    pub cpu: Option<f64>,
    /// Bytes of memory in use, summed.
    pub memory_used: Option<u64>,
    /// Bytes of memory of the same machines, summed.
    pub memory_total: Option<u64>,
    /// The fullest file system: `machine:mount` and its use in percent.
    pub fullest: Option<(Arc<str>, f64)>,
    /// Pods bound to those that are nodes of a cluster, summed.
    pub pods: Option<u32>,
}

impl GroupRow {
    fn memory_percent(&self) -> Option<f64> {
        share(self.memory_used, self.memory_total)
    }
}

fn count(number: Option<u32>) -> Value<'static> {
    Value::known(number, |n| Value::Int(n.into()))
}

fn warned(number: Option<u32>) -> Tone {
    if number.unwrap_or(0) > 0 { Tone::Warn } else { Tone::Plain }
}

impl Row for GroupRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("group", "GROUP", Kind::Text, "The group, as configured.", |r| Value::text(&r.group))
            .alias(&["name"])
            .column(0, 8, 32)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new("live", "LIVE", Kind::Fraction, "Machines that answer, of all.", |r| {
            Value::Fraction(r.live, r.total)
        })
        .alias(&["machines"])
        .column(0, 5, 9)
        .tone(|r, _| if r.live < r.total { Tone::Bad } else { Tone::Good }),
        Field::<Self>::new("state", "STATE", Kind::Text, "The worst of its machines.", |r| Value::text(r.worst.word()))
            .column(0, 8, 8)
            .tone(|r, _| r.worst.tone()),
        Field::<Self>::new("wrong", "WRONG", Kind::Int, "Machines that are not well.", |r| Value::Int(r.wrong.into()))
            .column(2, 5, 5),
        Field::<Self>::new("failed", "FAIL", Kind::Int, "Failed systemd units, summed.", |r| count(r.failed_units))
            .column(1, 4, 5)
            .tone(|r, _| warned(r.failed_units)),
        Field::<Self>::new("reboot", "BOOT?", Kind::Int, "Machines that should be rebooted, of those known.", |r| {
            count(r.reboot)
        })
        .column(1, 5, 5)
        .tone(|r, _| warned(r.reboot)),
        Field::<Self>::new("ended", "ENDED", Kind::Int, "Machines whose system has no security support.", |r| {
            count(r.ended)
        })
        .column(3, 5, 5)
        .tone(|r, _| if r.ended.unwrap_or(0) > 0 { Tone::Bad } else { Tone::Plain }),
        Field::<Self>::new("cpu", "CPU", Kind::Percent, "Busy share of all their processors.", |r| {
            Value::known(r.cpu, Value::Percent)
        })
        .column(0, 5, 6)
        .tone(|r, _| threshold(r.cpu, 80.0, 95.0)),
        Field::<Self>::new("cores", "CORES", Kind::Int, "Logical processors, summed.", |r| count(r.cores))
            .column(4, 5, 6),
        Field::<Self>::new("memory", "MEM", Kind::Percent, "Share of their memory not available.", |r| {
            Value::known(r.memory_percent(), Value::Percent)
        })
        .alias(&["mem"])
        .column(0, 5, 6)
        .tone(|r, _| threshold(r.memory_percent(), 85.0, 95.0)),
        Field::<Self>::new("memory-used", "USED", Kind::Bytes, "Memory in use, summed.", |r| {
            Value::known(r.memory_used, Value::Bytes)
        })
        .column(4, 5, 6),
        Field::<Self>::new("memory-total", "OF", Kind::Bytes, "Memory there is, summed.", |r| {
            Value::known(r.memory_total, Value::Bytes)
        })
        .column(4, 4, 6),
        Field::<Self>::new("disk", "DISK", Kind::Percent, "Use of the fullest file system among them.", |r| {
            Value::known(r.fullest.as_ref().map(|(_, p)| *p), Value::Percent)
        })
        .column(0, 5, 6)
        .tone(|r, _| threshold(r.fullest.as_ref().map(|(_, p)| *p), 85.0, 95.0)),
        Field::<Self>::new("fullest", "FULLEST", Kind::Text, "Machine and mount point of that file system.", |r| {
            r.fullest.as_ref().map_or(Value::Unknown, |(place, _)| Value::text(place))
        })
        .column(2, 8, 40),
        Field::<Self>::new("pods", "PODS", Kind::Int, "Pods bound to those that are nodes of a cluster.", |r| {
            count(r.pods)
        })
        .optional_column(3, 4, 6),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        if self.live < self.total { self.worst.max(Severity::Warning) } else { self.worst }
    }
}
