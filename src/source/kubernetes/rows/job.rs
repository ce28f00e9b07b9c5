//! Rows of jobs and cron jobs, each by itself; what they tell of each other is added by the ledger.

use super::{Reader, count};
use crate::{
    model::{
        rows::{JobKind, JobRow, Outcome},
        value::seconds_between,
    },
    source::kubernetes::slim::{CronJob, Job, Meta},
};

impl Reader {
    /// The row of a job.
    pub(super) fn job(&mut self, job: &Job) -> JobRow {
        let (spec, status) = (&job.spec, &job.status);
        let failure = status.conditions.iter().find(|condition| condition.holds("Failed"));
        let complete = status.conditions.iter().find(|condition| condition.holds("Complete"));
        let ended = status
            .completion_time
            .or_else(|| failure.or(complete).and_then(|condition| condition.last_transition_time));
        let outcome = if failure.is_some() {
            Outcome::Failed
        } else if complete.is_some() {
            Outcome::Complete
        } else if spec.suspend {
            Outcome::Suspended
        } else if status.active > 0 || status.start_time.is_some() {
            Outcome::Running
        } else {
            Outcome::Waiting
        };
        let mut row = self.job_row(JobKind::Job, "Job", &job.metadata);
        // Without completions it is done when one of its pods succeeded: kubectl counts the parallel ones.
        row.completions = (count(status.succeeded), count(spec.completions.or(spec.parallelism).unwrap_or(1)));
        row.owner = job
            .metadata
            .owner_references
            .iter()
            .find(|owner| owner.controller && owner.kind == "CronJob")
            .map(|owner| self.shared(&owner.name));
        row.outcome = outcome;
        row.active = count(status.active);
        row.failed = count(status.failed);
        row.reason = failure.and_then(|condition| self.some(&condition.reason));
        row.started = status.start_time;
        row.duration = status.start_time.zip(ended).map(|(start, end)| seconds_between(start, end));
        row.succeeded = complete.and(ended);
        row
    }

    /// The row of a cron job, as far as itself tells.
    pub(super) fn cron(&mut self, job: &CronJob) -> JobRow {
        let status = &job.status;
        let mut row = self.job_row(JobKind::CronJob, "CronJob", &job.metadata);
        row.outcome = if job.spec.suspend {
            Outcome::Suspended
        } else if !status.active.is_empty() {
            Outcome::Running
        } else if status.last_successful_time.is_some() {
            Outcome::Complete
        } else {
            Outcome::Waiting
        };
        row.active = count(i64::try_from(status.active.len()).unwrap_or(i64::MAX));
        row.started = status.last_schedule_time;
        row.succeeded = status.last_successful_time;
        row.schedule = self.some(&job.spec.schedule);
        row
    }

    fn job_row(&mut self, kind: JobKind, word: &str, meta: &Meta) -> JobRow {
        JobRow {
            key: self.key(&[&meta.namespace, word, &meta.name]),
            cluster: self.cluster.clone(),
            namespace: self.shared(&meta.namespace),
            kind,
            name: self.shared(&meta.name),
            owner: None,
            outcome: Outcome::Waiting,
            completions: (0, 0),
            active: 0,
            failed: 0,
            reason: None,
            started: None,
            duration: None,
            median: None,
            succeeded: None,
            schedule: None,
            created: meta.creation_timestamp,
        }
    }
}
