//! An event of a cluster.

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

/// An event of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRow {
    /// `cluster/namespace/name`.
    pub key: Key,
    /// The cluster.
    pub cluster: Arc<str>,
    /// Namespace.
    pub namespace: Arc<str>,
    /// `Normal` or `Warning`.
    pub kind: Arc<str>,
    /// `BackOff`, `FailedScheduling`.
    pub reason: Arc<str>,
    /// Kind and name of what it is about, `Pod/web-1`.
    pub object: Arc<str>,
    /// What happened.
    pub message: String,
    /// How often.
    pub count: u32,
    /// First seen.
    pub first: Option<Timestamp>,
    /// Last seen: the newest of series, last, event and creation time.
    pub last: Option<Timestamp>,
    /// Who reports it.
    pub reporter: Arc<str>,
}

impl Row for EventRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("last", "LAST", Kind::Age, "Time since it was last seen.", |r| {
            Value::known(r.last, Value::Time)
        })
        .alias(&["age"])
        .column(0, 5, 7),
        Field::<Self>::new("cluster", "CLUSTER", Kind::Text, "The cluster.", |r| Value::text(&r.cluster))
            .column(1, 7, 16),
        Field::<Self>::new("namespace", "NAMESPACE", Kind::Text, "Namespace.", |r| Value::text(&r.namespace))
            .alias(&["ns"])
            .column(3, 9, 24),
        Field::<Self>::new("type", "TYPE", Kind::Text, "Normal or Warning.", |r| Value::text(&r.kind))
            .column(2, 7, 8)
            .tone(|r, _| if &*r.kind == "Warning" { Tone::Warn } else { Tone::Dim }),
        Field::<Self>::new("reason", "REASON", Kind::Text, "The machine's word for it.", |r| Value::text(&r.reason))
            .column(0, 8, 24),
        Field::<Self>::new("object", "OBJECT", Kind::Text, "What it is about.", |r| Value::text(&r.object))
            .column(1, 10, 48)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new("count", "COUNT", Kind::Int, "How often.", |r| Value::Int(r.count.into())).column(3, 5, 6),
        Field::<Self>::new("message", "MESSAGE", Kind::Text, "What happened.", |r| Value::text(&r.message))
            .column(1, 16, 160),
        Field::<Self>::new("first", "FIRST", Kind::Age, "Time since it was first seen.", |r| {
            Value::known(r.first, Value::Time)
        })
        .column(6, 5, 7),
        Field::<Self>::new("reporter", "FROM", Kind::Text, "Who reports it.", |r| Value::text(&r.reporter))
            .column(7, 6, 24),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        if &*self.kind == "Warning" { Severity::Warning } else { Severity::Ok }
    }
}
