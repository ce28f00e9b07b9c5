//! Jobs and cron jobs, as far as tables need them.

use jiff::Timestamp;
use serde::{Deserialize, de::IgnoredAny};

use super::{Condition, Meta, Text, nullable, time};

/// A job.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Job {
    pub(crate) metadata: Meta,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) spec: JobSpec,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) status: JobStatus,
}

/// What it is to do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct JobSpec {
    pub(crate) completions: Option<i64>,
    pub(crate) parallelism: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) suspend: bool,
}

/// How far it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct JobStatus {
    pub(crate) active: i64,
    pub(crate) succeeded: i64,
    pub(crate) failed: i64,
    #[serde(deserialize_with = "time")]
    pub(crate) start_time: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    pub(crate) completion_time: Option<Timestamp>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) conditions: Vec<Condition>,
}

/// A cron job.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct CronJob {
    pub(crate) metadata: Meta,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) spec: CronJobSpec,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) status: CronJobStatus,
}

/// When it runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CronJobSpec {
    pub(crate) schedule: Text,
    #[serde(deserialize_with = "nullable")]
    pub(crate) suspend: bool,
}

/// When it ran.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CronJobStatus {
    #[serde(deserialize_with = "nullable")]
    pub(crate) active: Vec<IgnoredAny>,
    #[serde(deserialize_with = "time")]
    pub(crate) last_schedule_time: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    pub(crate) last_successful_time: Option<Timestamp>,
}
