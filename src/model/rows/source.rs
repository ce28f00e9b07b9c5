//! A source, as the sources panel shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    field::{Field, Tone},
    health::Health,
    key::Key,
    severity::Severity,
    table::Row,
    value::{Kind, Value},
};

/// A source with its state; derived from its last health report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceRow {
    /// The source's id.
    pub key: Key,
    /// The last report.
    pub health: Health,
}

impl Row for SourceRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("kind", "KIND", Kind::Text, "host, docker, kubernetes.", |r| {
            Value::text(r.health.source.kind())
        })
        .column(1, 6, 12),
        Field::<Self>::new("source", "SOURCE", Kind::Text, "Name as configured.", |r| {
            Value::text(r.health.source.name())
        })
        .alias(&["name"])
        .column(0, 8, 32)
        .tone(|_, _| Tone::Accent),
        Field::<Self>::new(
            "state",
            "STATE",
            Kind::Text,
            "live, polling, connecting, stale, unreachable, needs login, not trusted, authentication failed or forbidden.",
            |r| Value::text(r.health.state.word()),
        )
        .column(0, 11, 22)
        .tone(|r, _| match (r.health.state.is_current(), r.health.state.is_fault()) {
            (true, _) => Tone::Good,
            (_, true) => Tone::Bad,
            _ => Tone::Warn,
        }),
        Field::<Self>::new("since", "SINCE", Kind::Age, "How long it has been in this state.", |r| {
            Value::Time(r.health.since)
        })
        .column(0, 5, 7),
        Field::<Self>::new("message", "MESSAGE", Kind::Text, "What failed, why, and what to do.", |r| {
            Value::text(&r.health.message)
        })
        .column(0, 20, 160),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        if self.health.state.is_fault() { Severity::Critical } else { Severity::Ok }
    }
}
