//! A finding: something wrong, with its evidence.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    field::{Field, Tone},
    key::Key,
    severity::Severity,
    store::TableId,
    table::Row,
    value::{Kind, Value},
};

/// The row a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// In which table.
    pub table: TableId,
    /// Which row; the first where several are grouped.
    pub key: Key,
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRow {
    /// `rule/subject`.
    pub key: Key,
    /// The rule that found it, `pod-crash`.
    pub rule: Arc<str>,
    /// Its place in the ranking, 0 first. Triage alone decides it.
    pub rank: u32,
    /// How bad.
    pub severity: Severity,
    /// Cluster, engine or machine.
    pub place: Arc<str>,
    /// What it is about, as people name it.
    pub object: String,
    /// What is wrong, in a few words.
    pub title: String,
    /// What was seen that says so.
    pub evidence: String,
    /// Since when, where known.
    pub since: Option<Timestamp>,
    /// How many rows share the cause.
    pub count: u32,
    /// Where `enter` goes.
    pub subject: Subject,
}

impl Row for FindingRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("severity", "SEVERITY", Kind::Text, "notice, warning or critical.", |r| {
            Value::text(r.severity.word())
        })
        .column(0, 8, 8)
        .tone(|r, _| r.severity.tone()),
        Field::<Self>::new("place", "WHERE", Kind::Text, "Cluster, engine or machine.", |r| Value::text(&r.place))
            .column(1, 6, 20),
        Field::<Self>::new("object", "OBJECT", Kind::Text, "What it is about.", |r| Value::text(&r.object))
            .column(0, 14, 56)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new("count", "N", Kind::Int, "How many rows share the cause.", |r| Value::Int(r.count.into()))
            .column(2, 2, 5),
        Field::<Self>::new("finding", "FINDING", Kind::Text, "What is wrong.", |r| Value::text(&r.title))
            .alias(&["title"])
            .column(0, 14, 40),
        Field::<Self>::new("evidence", "EVIDENCE", Kind::Text, "What was seen that says so.", |r| {
            Value::text(&r.evidence)
        })
        .column(1, 16, 120),
        Field::<Self>::new("age", "AGE", Kind::Age, "Since when.", |r| Value::known(r.since, Value::Time))
            .column(0, 4, 7),
        Field::<Self>::new("rank", "RANK", Kind::Int, "Its place in the ranking.", |r| Value::Int(r.rank.into())),
        Field::<Self>::new("rule", "RULE", Kind::Text, "The rule that found it.", |r| Value::text(&r.rule))
            .column(6, 8, 20),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        self.severity
    }
}
