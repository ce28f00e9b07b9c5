//! Containers of engines: unhealthy, restarting, dead, killed for memory, exited with an error, near their limit.

use super::{
    Seen,
    cases::{Case, Cases},
};
use crate::model::{
    rows::{ContainerRow, Subject},
    store::TableId,
    table::Row,
    value::percent,
};

pub(super) fn find(seen: &Seen, cases: &mut Cases) {
    for (source, row) in seen.store.containers.iter_with_source() {
        let severity = row.severity(seen.now(source));
        if !severity.is_wrong() {
            continue;
        }
        let (rule, title) = symptom(row);
        // Replicas of one compose service share a cause.
        let service = row.project.as_deref().zip(row.service.as_deref());
        let group = service.map_or_else(|| row.name.to_string(), |(project, service)| format!("{project}/{service}"));
        cases.add(Case {
            rule,
            severity,
            place: row.engine.clone(),
            cause: group.clone(),
            object: row.name.to_string(),
            group,
            title,
            name: row.name.to_string(),
            evidence: evidence(row),
            since: row.finished.filter(|_| !row.is_running()),
            subject: Subject { table: TableId::Containers, key: row.key.clone() },
            count: 1,
        });
    }
}

fn symptom(row: &ContainerRow) -> (&'static str, String) {
    match (&*row.state, row.health.as_deref()) {
        ("restarting", _) => ("container-restarting", "restarting".into()),
        ("dead", _) => ("container-dead", "dead".into()),
        (_, Some("unhealthy")) => ("container-unhealthy", "unhealthy".into()),
        ("exited", _) if row.oom_killed == Some(true) => ("container-oom", "killed for memory".into()),
        ("exited", _) => ("container-exited", format!("exited {}", row.exit_code.unwrap_or_default())),
        _ => ("container-memory", "near its memory limit".into()),
    }
}

fn evidence(row: &ContainerRow) -> String {
    let mut facts = vec![format!("state {}", row.state)];
    if let Some(health) = &row.health {
        facts.push(format!("health {health}"));
    }
    if let Some(code) = row.exit_code.filter(|_| !row.is_running()) {
        facts.push(format!("exit code {code}"));
    }
    if row.oom_killed == Some(true) {
        facts.push("the kernel killed it for memory".into());
    }
    if let Some(restarts) = row.restarts.filter(|n| *n > 0) {
        facts.push(format!("{restarts} restarts"));
    }
    if let Some(used) = row.memory_percent().filter(|_| row.is_running()) {
        facts.push(format!("{} of its memory", percent(used)));
    }
    facts.join(", ")
}
