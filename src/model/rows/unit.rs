//! A systemd unit of a machine.

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

/// A unit, as `systemctl list-units` lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitRow {
    /// `node/unit`.
    pub key: Key,
    /// The machine.
    pub node: Arc<str>,
    /// The unit's name, `ssh.service`.
    pub unit: Arc<str>,
    /// `loaded`, `not-found`, `masked`.
    pub load: Arc<str>,
    /// `active`, `inactive`, `failed`, `activating`.
    pub active: Arc<str>,
    /// The type's own state, `running`, `exited`, `dead`.
    pub sub: Arc<str>,
    /// What it says of itself.
    pub description: Arc<str>,
}

impl Row for UnitRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("node", "NODE", Kind::Text, "The machine.", |r| Value::text(&r.node))
            .alias(&["host"])
            .column(1, 6, 24),
        Field::<Self>::new("unit", "UNIT", Kind::Text, "The unit's name.", |r| Value::text(&r.unit))
            .alias(&["name"])
            .column(0, 12, 48)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new("load", "LOAD", Kind::Text, "Whether its file was loaded.", |r| Value::text(&r.load))
            .column(4, 6, 10),
        Field::<Self>::new("active", "ACTIVE", Kind::Text, "Its state.", |r| Value::text(&r.active))
            .column(0, 8, 12)
            .tone(|r, _| match &*r.active {
                "active" => Tone::Good,
                "failed" => Tone::Bad,
                "activating" | "reloading" => Tone::Warn,
                _ => Tone::Dim,
            }),
        Field::<Self>::new("sub", "SUB", Kind::Text, "The state in the words of its type.", |r| Value::text(&r.sub))
            .column(2, 7, 14),
        Field::<Self>::new("description", "DESCRIPTION", Kind::Text, "What it says of itself.", |r| {
            Value::text(&r.description)
        })
        .column(3, 12, 80),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        if &*self.active == "failed" { Severity::Warning } else { Severity::Ok }
    }
}
