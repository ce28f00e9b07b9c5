//! Nodes of clusters: not ready, under pressure. Jobs: failed. Cron jobs: last run failed, no success for long.

use jiff::SignedDuration;

use super::{
    Seen,
    cases::{Case, Cases},
    pods::Folded,
    schedule,
};
use crate::model::{
    derive::machine_of,
    key::Key,
    rows::{ClusterNodeRow, JobKind, JobRow, NodeRow, Outcome, Subject},
    severity::Severity,
    store::TableId,
    table::Row,
    value::{percent, seconds_between},
};

/// Runs a cron job may miss before that is a finding.
const MISSED: i64 = 3;

pub(super) fn find(seen: &Seen, folded: &Folded, cases: &mut Cases) {
    for (source, node) in seen.store.cluster_nodes.iter_with_source() {
        if node.severity(seen.now(source)).is_wrong() {
            let machine = machine_of(seen.store, node);
            cases.add(node_case(node, machine, folded.get(&node.key).copied().unwrap_or(0)));
        }
    }
    for (source, job) in seen.store.jobs.iter_with_source() {
        let now = seen.now(source);
        let (rule, severity, title, since) = match (job.kind, job.outcome) {
            (JobKind::Job, Outcome::Failed) => match cron_job(seen, job) {
                // Its cron job says whether the last run failed; earlier ones are history.
                Some(_) => continue,
                None => ("job-failed", Severity::Critical, "failed", ended(job)),
            },
            (JobKind::CronJob, Outcome::Failed) => ("cron-failed", Severity::Critical, "last run failed", ended(job)),
            (JobKind::CronJob, Outcome::Complete | Outcome::Waiting | Outcome::Running) => {
                let last = job.succeeded.or(job.created);
                let between = job.schedule.as_deref().and_then(schedule::longest_gap);
                let patience = between.map(|gap| (gap * MISSED + 600).max(3600));
                match (last, patience) {
                    (Some(last), Some(patience)) if seconds_between(last, now) > patience => {
                        ("cron-late", Severity::Warning, "no success for long", Some(last))
                    }
                    _ => continue,
                }
            }
            _ => continue,
        };
        cases.add(Case {
            rule,
            severity,
            place: job.cluster.clone(),
            cause: format!("{}/{}", job.namespace, job.name),
            object: format!("{}/{}", job.namespace, job.name),
            group: format!("{}/{}", job.namespace, job.name),
            title: title.into(),
            name: String::new(),
            evidence: job_evidence(job),
            since,
            subject: Subject { table: TableId::Jobs, key: job.key.clone() },
            count: 1,
        });
    }
}

fn node_case(node: &ClusterNodeRow, machine: Option<&NodeRow>, folded: u32) -> Case {
    let ready = node.is_ready();
    let mut facts = vec![format!("status {}", node.status)];
    if !node.pressure.is_empty() {
        facts.push(format!("pressure on {}", node.pressure));
    }
    // What the machine itself says is not a second finding.
    if node.pressure.contains("memory")
        && let Some(used) = machine.and_then(NodeRow::memory_percent)
    {
        facts.push(format!("{} of its memory in use", percent(used)));
    }
    if folded > 0 {
        facts.push(format!("{folded} of its pods {} not well", if folded == 1 { "is" } else { "are" }));
    }
    if let Some(pods) = node.pods {
        facts.push(format!("{pods} pods bound to it"));
    }
    Case {
        rule: if ready { "node-pressure" } else { "node-not-ready" },
        severity: if ready { Severity::Warning } else { Severity::Critical },
        place: node.cluster.clone(),
        cause: node.name.to_string(),
        object: node.name.to_string(),
        group: node.name.to_string(),
        title: if ready { format!("pressure: {}", node.pressure) } else { node.status.to_string() },
        name: String::new(),
        evidence: facts.join(", "),
        since: node.status_since.filter(|_| !ready),
        subject: match machine {
            Some(machine) => Subject { table: TableId::Nodes, key: machine.key.clone() },
            None => Subject { table: TableId::ClusterNodes, key: node.key.clone() },
        },
        count: 1 + folded,
    }
}

/// The cron job that made a job, where it is known.
fn cron_job<'a>(seen: &Seen<'a>, job: &JobRow) -> Option<&'a JobRow> {
    let owner = job.owner.as_deref()?;
    let name = owner.rsplit_once('/').map_or(owner, |(_, name)| name);
    seen.store.jobs.get(&Key::of(&[&job.cluster, &job.namespace, "CronJob", name]))
}

fn ended(job: &JobRow) -> Option<jiff::Timestamp> {
    let took = job.duration.map_or(SignedDuration::ZERO, SignedDuration::from_secs);
    job.started.map(|started| started.checked_add(took).unwrap_or(started)).or(job.created)
}

fn job_evidence(job: &JobRow) -> String {
    let mut facts = Vec::new();
    if let Some(reason) = &job.reason {
        facts.push(reason.to_string());
    }
    if job.failed > 0 {
        facts.push(format!("{} pods failed", job.failed));
    }
    if job.kind == JobKind::Job {
        facts.push(format!("{}/{} done", job.completions.0, job.completions.1));
    }
    if let Some(schedule) = &job.schedule {
        facts.push(format!("schedule {schedule}"));
        facts.push(job.succeeded.map_or("no success known".into(), |at| format!("last success {at:.0}")));
    }
    facts.join(", ")
}
