//! Pods: crashing, without image, in error, not ready, not scheduled, stuck while starting or ending, restarting.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    Seen,
    cases::{Case, Cases},
};
use crate::model::{
    key::Key,
    rows::{ContainerState, Outcome, PodContainer, PodRow, Subject},
    store::TableId,
    table::Row,
};

/// Pods that are wrong because their node is, by the node's key.
pub(super) type Folded = HashMap<Key, u32>;

/// Finds wrong pods. Those on a node that is not ready are counted for the node instead.
pub(super) fn find(seen: &Seen, cases: &mut Cases) -> Folded {
    let mut folded: Folded =
        seen.store.cluster_nodes.iter().filter(|node| !node.is_ready()).map(|node| (node.key.clone(), 0)).collect();
    for (source, pod) in seen.store.pods.iter_with_source() {
        let severity = pod.severity(seen.now(source));
        if !severity.is_wrong() || is_past(seen, pod) {
            continue;
        }
        let node = pod.node.as_deref().filter(|_| !folded.is_empty());
        if let Some(count) = node.and_then(|node| folded.get_mut(&Key::of(&[&pod.cluster, node]))) {
            *count += 1;
            continue;
        }
        let Symptom { rule, title, since } = symptom(pod);
        let owner = pod.workload();
        let (kind, name) = owner.unwrap_or(("Pod", &pod.name));
        cases.add(Case {
            rule,
            severity,
            place: pod.cluster.clone(),
            cause: format!("{}/{kind}/{name}", pod.namespace),
            object: format!("{}/{}", pod.namespace, pod.name),
            group: format!("{}/{name}", pod.namespace),
            title,
            name: pod.name.to_string(),
            evidence: evidence(pod),
            since,
            subject: Subject { table: TableId::Pods, key: pod.key.clone() },
            count: 1,
        });
    }
    folded
}

/// A pod of a job that ended: the job's outcome counts, not the attempts it took.
fn is_past(seen: &Seen, pod: &PodRow) -> bool {
    let Some(("Job", name)) = pod.workload() else { return false };
    let job = seen.store.jobs.get(&Key::of(&[&pod.cluster, &pod.namespace, "Job", name]));
    job.is_some_and(|job| matches!(job.outcome, Outcome::Complete | Outcome::Failed))
}

struct Symptom {
    rule: &'static str,
    title: String,
    since: Option<Timestamp>,
}

/// Which rule a wrong pod falls under. Statuses that a crashing pod goes through in turn are one rule.
fn symptom(pod: &PodRow) -> Symptom {
    let status = &*pod.status;
    let waiting = pod.unready_since.or(pod.created);
    let ended = pod.last.as_ref().and_then(|last| last.at);
    let (rule, title, since) = match status.strip_prefix("Init:").unwrap_or(status) {
        "Terminating" => ("pod-terminating", "does not end".into(), pod.deleted),
        "Pending" | "SchedulingGated" if pod.node.is_none() => ("pod-pending", "not scheduled".into(), waiting),
        "Pending" | "ContainerCreating" | "PodInitializing" => ("pod-starting", format!("stuck: {status}"), waiting),
        "Running" | "NotReady" if pod.ready < pod.containers_total && pod.unready_since.is_some() => {
            ("pod-not-ready", "not ready".into(), pod.unready_since)
        }
        "Running" | "NotReady" => ("pod-restarting", "restarting".into(), pod.restarted),
        "CrashLoopBackOff" | "Error" | "OOMKilled" | "RunContainerError" | "StartError" | "ContainerCannotRun" => {
            ("pod-crash", status.into(), pod.unready_since.or(ended))
        }
        text if text.starts_with("ExitCode:") || text.starts_with("Signal:") => {
            ("pod-crash", status.into(), pod.unready_since.or(ended))
        }
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "ImageInspectError" => {
            ("pod-image", status.into(), waiting)
        }
        text if text.contains('/') && status.starts_with("Init:") => {
            ("pod-starting", format!("stuck: {status}"), waiting)
        }
        _ => ("pod-error", status.into(), pod.unready_since.or(ended)),
    };
    Symptom { rule, title, since }
}

/// `php CrashLoopBackOff, 7/8 ready, 12 restarts (2 in the last hour), last end OOMKilled 137, on n1`.
fn evidence(pod: &PodRow) -> String {
    let mut facts = Vec::new();
    if let Some((container, state)) = pod.containers.iter().find_map(trouble) {
        facts.push(format!("{} {state}", container.name));
    }
    facts.push(format!("{}/{} ready", pod.ready, pod.containers_total));
    if pod.restarts > 0 {
        let recent = pod.recent.hour.filter(|n| *n > 0).map_or(String::new(), |n| format!(" ({n} in the last hour)"));
        facts.push(format!("{} restarts{recent}", pod.restarts));
    }
    if let Some(last) = &pod.last {
        facts.push(format!("last end {}", last.text()));
    }
    if let Some(node) = &pod.node {
        facts.push(format!("on {node}"));
    }
    facts.join(", ")
}

/// A container that keeps its pod from being well, and how.
fn trouble(container: &PodContainer) -> Option<(&PodContainer, &str)> {
    match &container.state {
        ContainerState::Waiting(reason) if !matches!(&**reason, "ContainerCreating" | "PodInitializing") => {
            Some((container, reason))
        }
        ContainerState::Terminated(end) if end.exit_code != 0 => Some((container, &end.reason)),
        ContainerState::Running if !container.ready => Some((container, "not ready")),
        _ => None,
    }
}
