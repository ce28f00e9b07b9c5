//! A job or cron job.

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

/// Job or cron job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobKind {
    /// Runs once.
    Job,
    /// Makes jobs on a schedule.
    CronJob,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Runs.
    Running,
    /// The (last) run succeeded.
    Complete,
    /// The (last) run failed.
    Failed,
    /// Told not to run.
    Suspended,
    /// Never ran yet.
    Waiting,
}

/// A job, or a cron job with its last run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRow {
    /// `cluster/namespace/kind/name`.
    pub key: Key,
    /// The cluster.
    pub cluster: Arc<str>,
    /// Namespace.
    pub namespace: Arc<str>,
    /// Job or cron job.
    pub kind: JobKind,
    /// Name.
    pub name: Arc<str>,
    /// The cron job that made it.
    pub owner: Option<Arc<str>>,
    /// How it stands; of a cron job, how its last run ended.
    pub outcome: Outcome,
    /// Succeeded pods and completions wanted.
    pub completions: (u32, u32),
    /// Pods running now.
    pub active: u32,
    /// Pods that failed.
    pub failed: u32,
    /// Why it failed, `BackoffLimitExceeded`.
    pub reason: Option<Arc<str>>,
    /// When it, or its last run, started.
    pub started: Option<Timestamp>,
    /// Seconds the (last finished) run took.
    pub duration: Option<i64>,
    /// Median seconds of the last ten finished runs of the same cron job.
    pub median: Option<i64>,
    /// When it last succeeded.
    pub succeeded: Option<Timestamp>,
    /// Schedule of a cron job, `*/5 * * * *`.
    pub schedule: Option<Arc<str>>,
    /// When it was created.
    pub created: Option<Timestamp>,
}

impl JobRow {
    fn outcome_word(&self) -> (&'static str, Tone) {
        match self.outcome {
            Outcome::Running => ("Running", Tone::Good),
            Outcome::Complete => ("Complete", Tone::Dim),
            Outcome::Failed => ("Failed", Tone::Bad),
            Outcome::Suspended => ("Suspended", Tone::Warn),
            Outcome::Waiting => ("Waiting", Tone::Dim),
        }
    }
}

impl Row for JobRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("cluster", "CLUSTER", Kind::Text, "The cluster.", |r| Value::text(&r.cluster))
            .column(1, 7, 16),
        Field::<Self>::new("namespace", "NAMESPACE", Kind::Text, "Namespace.", |r| Value::text(&r.namespace))
            .alias(&["ns"])
            .column(1, 9, 24),
        Field::<Self>::new("kind", "KIND", Kind::Text, "Job or CronJob.", |r| {
            Value::text(match r.kind {
                JobKind::Job => "Job",
                JobKind::CronJob => "CronJob",
            })
        })
        .column(2, 7, 7),
        Field::<Self>::new("job", "JOB", Kind::Text, "Name.", |r| Value::text(&r.name))
            .alias(&["name"])
            .column(0, 12, 48)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new(
            "outcome",
            "OUTCOME",
            Kind::Text,
            "Running, Complete, Failed, Suspended or Waiting; of a cron job, its last run's.",
            |r| Value::text(r.outcome_word().0),
        )
        .alias(&["status"])
        .column(0, 9, 9)
        .tone(|r, _| r.outcome_word().1),
        Field::<Self>::new("done", "DONE", Kind::Fraction, "Succeeded pods of those wanted.", |r| {
            Value::Fraction(r.completions.0, r.completions.1)
        })
        .column(3, 5, 7),
        Field::<Self>::new("failed", "FAILED", Kind::Int, "Pods that failed.", |r| Value::Int(r.failed.into()))
            .column(3, 6, 6)
            .tone(|r, _| if r.failed > 0 { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("reason", "REASON", Kind::Text, "Why it failed.", |r| {
            r.reason.as_deref().map_or(Value::Unknown, Value::text)
        })
        .column(5, 8, 22),
        Field::<Self>::new(
            "duration",
            "TOOK",
            Kind::Duration,
            "How long the last finished run took, or this one so far.",
            |r| Value::known(r.duration, Value::Duration),
        )
        .column(1, 5, 7)
        .tone(|r, _| match (r.duration, r.median) {
            (Some(took), Some(median)) if median > 0 && took > median * 2 => Tone::Warn,
            _ => Tone::Plain,
        }),
        Field::<Self>::new(
            "median",
            "MEDIAN",
            Kind::Duration,
            "Median of the last ten finished runs of the same cron job.",
            |r| Value::known(r.median, Value::Duration),
        )
        .column(2, 6, 7),
        Field::<Self>::new("succeeded", "LAST OK", Kind::Age, "Time since it last succeeded.", |r| {
            Value::known(r.succeeded, Value::Time)
        })
        .column(1, 7, 7),
        Field::<Self>::new("schedule", "SCHEDULE", Kind::Text, "Schedule of a cron job.", |r| {
            r.schedule.as_deref().map_or(Value::Unknown, Value::text)
        })
        .column(4, 9, 16),
        Field::<Self>::new("owner", "OWNER", Kind::Text, "The cron job that made it.", |r| {
            r.owner.as_deref().map_or(Value::Unknown, Value::text)
        })
        .column(6, 8, 32),
        Field::<Self>::new("age", "AGE", Kind::Age, "Time since it was created.", |r| {
            Value::known(r.created, Value::Time)
        })
        .column(3, 4, 7),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        match self.outcome {
            // A failed job of a cron job that has succeeded since is history.
            Outcome::Failed if self.kind == JobKind::Job && self.owner.is_some() => Severity::Notice,
            Outcome::Failed => Severity::Critical,
            Outcome::Suspended => Severity::Notice,
            _ => Severity::Ok,
        }
    }
}
