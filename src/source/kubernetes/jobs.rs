//! What cron jobs and their jobs tell of each other: how the last run ended, and how long runs usually take.
//!
//! Only numbers of the last runs are kept, not objects. Jobs and cron jobs come by different watches; this is where they meet.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use compact_str::CompactString;
use jiff::Timestamp;

use crate::model::rows::{JobKind, JobRow, Outcome};

/// Finished runs whose length makes the median.
const RUNS: usize = 10;

/// Cron jobs remembered; more have no history.
const CRONS: usize = 20_000;

/// Runs of one cron job.
#[derive(Default)]
struct History {
    /// The cron job's own row, once its watch told it.
    row: Option<JobRow>,
    /// Whether the list under way has mentioned it.
    listed: bool,
    /// Finished runs, oldest first: job, start, seconds.
    runs: Vec<(CompactString, Option<Timestamp>, i64)>,
    /// The newest run.
    last: Option<Last>,
}

/// How the newest run stands.
struct Last {
    started: Option<Timestamp>,
    outcome: Outcome,
    duration: Option<i64>,
    reason: Option<Arc<str>>,
}

impl History {
    fn median(&self) -> Option<i64> {
        let mut seconds: Vec<i64> = self.runs.iter().map(|(_, _, seconds)| *seconds).collect();
        seconds.sort_unstable();
        let middle = seconds.len() / 2;
        match seconds.len() {
            0 => None,
            n if n % 2 == 1 => seconds.get(middle).copied(),
            _ => Some(i64::midpoint(*seconds.get(middle - 1)?, *seconds.get(middle)?)),
        }
    }

    fn note(&mut self, row: &JobRow, uid: &str) {
        if let (Some(seconds), Outcome::Complete | Outcome::Failed) = (row.duration, row.outcome)
            && !self.runs.iter().any(|(known, ..)| known == uid)
        {
            let at = self.runs.partition_point(|(_, started, _)| *started <= row.started);
            self.runs.insert(at, (uid.into(), row.started, seconds));
            let surplus = self.runs.len().saturating_sub(RUNS);
            self.runs.drain(..surplus);
        }
        if self.last.as_ref().is_none_or(|last| last.started <= row.started) {
            self.last = Some(Last {
                started: row.started,
                outcome: row.outcome,
                duration: row.duration,
                reason: row.reason.clone(),
            });
        }
    }

    /// The cron job's row with what its runs tell.
    fn told(&self) -> Option<JobRow> {
        let mut row = self.row.clone()?;
        row.median = self.median();
        row.duration = self.runs.last().map(|(_, _, seconds)| *seconds);
        if let Some(last) = &self.last {
            // A suspended one stays so; one that runs does whatever its last finished run did.
            if !matches!(row.outcome, Outcome::Suspended | Outcome::Running)
                && matches!(last.outcome, Outcome::Failed | Outcome::Complete | Outcome::Running)
            {
                row.outcome = last.outcome;
                row.reason.clone_from(&last.reason);
            }
            row.duration = last.duration.or(row.duration);
        }
        Some(row)
    }
}

/// Histories by namespace and name.
type Crons = HashMap<(Arc<str>, Arc<str>), History>;

/// The runs of every cron job of a cluster.
#[derive(Default)]
pub(crate) struct Ledger {
    crons: Mutex<Crons>,
}

impl Ledger {
    /// Notes a job; gives back its row with the median of its siblings, and its cron job's row when that changed.
    pub(crate) fn job(&self, mut row: JobRow, uid: &str) -> (JobRow, Option<JobRow>) {
        let Some(owner) = row.owner.clone() else { return (row, None) };
        let mut crons = self.crons.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (row.namespace.clone(), owner);
        if !crons.contains_key(&name) && crons.len() >= CRONS {
            return (row, None);
        }
        let history = crons.entry(name).or_default();
        let before = history.told();
        history.note(&row, uid);
        row.median = history.median();
        let after = history.told().filter(|after| Some(after) != before.as_ref());
        (row, after)
    }

    /// Notes a cron job with so many active runs; gives back its row with what its runs tell.
    pub(crate) fn cron(&self, row: JobRow, active: usize) -> JobRow {
        let mut crons = self.crons.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (row.namespace.clone(), row.name.clone());
        if !crons.contains_key(&name) && crons.len() >= CRONS {
            return row;
        }
        let history = crons.entry(name).or_default();
        // The run that ended may be told by the cron job before the job itself is.
        if active == 0
            && let Some(last) = history.last.as_mut().filter(|last| last.outcome == Outcome::Running)
            && row.succeeded >= last.started
        {
            last.outcome = Outcome::Complete;
        }
        history.row = Some(row.clone());
        history.listed = true;
        history.told().unwrap_or(row)
    }

    /// A cron job is gone.
    pub(crate) fn forget(&self, row: &JobRow) {
        if row.kind == JobKind::CronJob {
            let name = (row.namespace.clone(), row.name.clone());
            self.crons.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
        }
    }

    /// A list of the cron jobs of this namespace, or of all, begins.
    pub(crate) fn begin(&self, namespace: Option<&str>) {
        let mut crons = self.crons.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, history) in crons.iter_mut() {
            if namespace.is_none_or(|namespace| &*name.0 == namespace) {
                history.listed = false;
            }
        }
    }

    /// The list that [`Self::begin`] began is complete: those it did not mention are gone.
    pub(crate) fn commit(&self, namespace: Option<&str>) {
        let mut crons = self.crons.lock().unwrap_or_else(PoisonError::into_inner);
        crons.retain(|name, history| {
            history.listed || history.row.is_none() || namespace.is_some_and(|namespace| &*name.0 != namespace)
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        model::store::RowSet,
        source::kubernetes::{kind::Kind, rows::Reader, status::Release},
    };

    fn reader() -> Reader {
        Reader::new("eqiad".into(), Release::Since35, Arc::new(Ledger::default()))
    }

    fn run(number: i64, seconds: i64, kind: &str) -> Value {
        let start = Timestamp::from_second(1_700_000_000 + number * 1000).unwrap();
        let end = Timestamp::from_second(start.as_second() + seconds).unwrap();
        let conditions = if kind.is_empty() {
            json!([])
        } else {
            json!([{"type": kind, "status": "True", "reason": "R", "lastTransitionTime": end.to_string()}])
        };
        json!({"metadata": {"name": format!("backup-{number}"), "namespace": "mw", "uid": format!("u{number}"),
                "ownerReferences": [{"kind": "CronJob", "name": "backup", "controller": true}]},
            "status": {"startTime": start.to_string(), "active": i32::from(kind.is_empty()), "conditions": conditions}})
    }

    fn cron() -> Value {
        json!({"metadata": {"name": "backup", "namespace": "mw"}, "spec": {"schedule": "*/5 * * * *"},
            "status": {"lastScheduleTime": "2026-11-01T00:00:00Z", "lastSuccessfulTime": "2026-11-01T00:01:00Z"}})
    }

    fn only(rows: RowSet) -> JobRow {
        match rows {
            RowSet::Jobs(mut rows) => rows.remove(0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_cron_job_takes_outcome_and_median_from_its_runs() {
        let mut reader = reader();
        for number in 0..12 {
            reader.read(Kind::Jobs, &run(number, 10 + number, "Complete").to_string()).unwrap();
        }
        let row = only(reader.read(Kind::CronJobs, &cron().to_string()).unwrap().rows);
        // The last ten took 12 to 21 seconds.
        assert_eq!((row.outcome, row.median, row.duration), (Outcome::Complete, Some(16), Some(21)));
        let failed = reader.read(Kind::Jobs, &run(12, 40, "Failed").to_string()).unwrap();
        let changed = failed.cron.unwrap();
        assert_eq!(
            (changed.outcome, changed.reason.as_deref(), changed.duration),
            (Outcome::Failed, Some("R"), Some(40))
        );
        let job = only(failed.rows);
        assert_eq!((job.outcome, job.owner.as_deref(), job.duration), (Outcome::Failed, Some("backup"), Some(40)));
        assert!(job.median.is_some());
    }

    #[test]
    fn the_same_run_told_again_changes_nothing() {
        let mut reader = reader();
        reader.read(Kind::CronJobs, &cron().to_string()).unwrap();
        let job = run(1, 10, "Complete").to_string();
        assert!(reader.read(Kind::Jobs, &job).unwrap().cron.is_some());
        assert!(reader.read(Kind::Jobs, &job).unwrap().cron.is_none());
    }

    #[test]
    fn jobs_stand_as_their_conditions_say() {
        for (spec, status, outcome) in [
            (json!({}), json!({}), Outcome::Waiting),
            (json!({"suspend": true}), json!({}), Outcome::Suspended),
            (json!({}), json!({"active": 1, "startTime": "2026-11-01T00:00:00Z"}), Outcome::Running),
            (json!({}), json!({"conditions": [{"type": "Complete", "status": "True"}]}), Outcome::Complete),
            (
                json!({}),
                json!({"conditions": [{"type": "Complete", "status": "False"}, {"type": "Failed", "status": "True"}]}),
                Outcome::Failed,
            ),
        ] {
            let job = json!({"metadata": {"name": "a", "namespace": "b"}, "spec": spec, "status": status});
            assert_eq!(only(reader().read(Kind::Jobs, &job.to_string()).unwrap().rows).outcome, outcome, "{status}");
        }
    }

    #[test]
    fn cron_jobs_that_a_list_does_not_mention_are_forgotten() {
        let ledger = Arc::new(Ledger::default());
        let mut reader = Reader::new("eqiad".into(), Release::Since35, ledger.clone());
        reader.read(Kind::CronJobs, &cron().to_string()).unwrap();
        ledger.begin(None);
        ledger.commit(None);
        assert!(ledger.crons.lock().unwrap().is_empty());
        reader.read(Kind::CronJobs, &cron().to_string()).unwrap();
        ledger.begin(Some("other"));
        ledger.commit(Some("other"));
        assert_eq!(ledger.crons.lock().unwrap().len(), 1);
    }
}
