//! A compose project: the sum of its containers.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    field::{Field, Tone},
    key::Key,
    severity::Severity,
    table::Row,
    value::{Kind, Value},
};

/// A compose project on one engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectRow {
    /// `engine/project`.
    pub key: Key,
    /// The engine.
    pub engine: Arc<str>,
    /// The project.
    pub project: Arc<str>,
    /// Containers that run.
    pub running: u32,
    /// Containers there are.
    pub total: u32,
    /// Services.
    pub services: u32,
    /// Percent of one core, summed.
    pub cpu: Option<f64>,
    /// Bytes, summed.
    pub memory: Option<u64>,
    /// Restarts, summed.
    pub restarts: u32,
    /// The worst of its containers.
    pub worst: Severity,
}

impl Row for ProjectRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("engine", "ENGINE", Kind::Text, "The engine.", |r| Value::text(&r.engine)).column(1, 6, 20),
        Field::<Self>::new("project", "PROJECT", Kind::Text, "The project.", |r| Value::text(&r.project))
            .alias(&["name"])
            .column(0, 10, 40)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new("running", "RUN", Kind::Fraction, "Containers that run, of all.", |r| {
            Value::Fraction(r.running, r.total)
        })
        .column(0, 5, 7)
        .tone(|r, _| if r.running < r.total { Tone::Warn } else { Tone::Good }),
        Field::<Self>::new("services", "SERVICES", Kind::Int, "Services.", |r| Value::Int(r.services.into()))
            .column(3, 8, 8),
        Field::<Self>::new("state", "STATE", Kind::Text, "The worst of its containers.", |r| {
            Value::text(r.worst.word())
        })
        .column(0, 8, 8)
        .tone(|r, _| r.worst.tone()),
        Field::<Self>::new("cpu", "CPU", Kind::Percent, "Percent of one core, summed.", |r| {
            Value::known(r.cpu, Value::Percent)
        })
        .column(0, 5, 6),
        Field::<Self>::new("memory", "MEM", Kind::Bytes, "Memory, summed.", |r| Value::known(r.memory, Value::Bytes))
            .alias(&["mem"])
            .column(0, 5, 6),
        Field::<Self>::new("restarts", "RST", Kind::Int, "Restarts, summed.", |r| Value::Int(r.restarts.into()))
            .column(1, 3, 6),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        self.worst
    }
}
