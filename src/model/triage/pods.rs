//! Pods: crashing, without image, in error, not ready, not scheduled, stuck while starting or ending, restarting.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use jiff::Timestamp;

use super::{
    Seen,
    cases::{Case, Cases, Cause},
};
use crate::model::{
    key::Key,
    rows::{ContainerState, Outcome, PodContainer, PodRow, Subject},
    severity::Severity,
    store::TableId,
    table::Row,
};

/// Pods that are wrong because their node is, by the node's key.
pub(super) type Folded = HashMap<Key, u32>;

/// Findings of one rule in one cluster, above which those of a namespace become one, and then those of the cluster: what
/// breaks a hundred workloads at once has a cause of its own, and nobody reads a thousand lines.
const MANY: usize = 50;

/// How far cases are put together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grain {
    Workload,
    Namespace,
    Cluster,
}

/// Namespace, kind and name of what a finding is about, as far as its grain goes.
type About<'a> = (&'a str, &'a str, &'a str);

/// A pod that is wrong.
struct Wrong<'a> {
    pod: &'a PodRow,
    severity: Severity,
    symptom: Symptom,
}

impl<'a> Wrong<'a> {
    /// Rule and cluster.
    fn field(&self) -> (&'static str, &'a str) {
        (self.symptom.rule, &self.pod.cluster)
    }

    fn about(&self, grain: Grain) -> About<'a> {
        match grain {
            Grain::Workload => {
                let (kind, name) = self.pod.workload().unwrap_or(("Pod", &self.pod.name));
                (&self.pod.namespace, kind, name)
            }
            Grain::Namespace => (&self.pod.namespace, "", ""),
            Grain::Cluster => ("", "", ""),
        }
    }

    fn put(&self, cases: &mut Cases, grain: Grain) {
        let (pod, Symptom { rule, title, since }) = (self.pod, &self.symptom);
        let (namespace, kind, name) = self.about(grain);
        let cause = format!("{namespace}/{kind}/{name}");
        let new = Cause {
            rule,
            place: &pod.cluster,
            name: &cause,
            severity: self.severity,
            since: *since,
            subject: &pod.key,
            count: 1,
        };
        cases.add_as(&new, || Case {
            rule,
            severity: self.severity,
            place: pod.cluster.clone(),
            cause: cause.clone(),
            object: format!("{}/{}", pod.namespace, pod.name),
            group: match grain {
                Grain::Workload => format!("{namespace}/{name}"),
                Grain::Namespace => format!("{namespace}, several workloads"),
                Grain::Cluster => "many namespaces".to_owned(),
            },
            title: title.clone().into_owned(),
            name: if grain == Grain::Workload {
                pod.name.to_string()
            } else {
                format!("{}/{}", pod.namespace, pod.name)
            },
            evidence: evidence(pod),
            since: *since,
            subject: Subject { table: TableId::Pods, key: pod.key.clone() },
            count: 1,
        });
    }
}

/// The finest grain at which not too many findings come of each rule in each cluster.
fn grains<'a>(wrong: &[Wrong<'a>]) -> HashMap<(&'static str, &'a str), Grain> {
    let mut causes: HashMap<_, [HashSet<About<'_>>; 2]> = HashMap::new();
    for one in wrong {
        let [workloads, namespaces] = causes.entry(one.field()).or_default();
        if workloads.len() <= MANY {
            workloads.insert(one.about(Grain::Workload));
        }
        if namespaces.len() <= MANY {
            namespaces.insert(one.about(Grain::Namespace));
        }
    }
    let grain = |[workloads, namespaces]: [HashSet<_>; 2]| match () {
        () if workloads.len() <= MANY => Grain::Workload,
        () if namespaces.len() <= MANY => Grain::Namespace,
        () => Grain::Cluster,
    };
    causes.into_iter().map(|(field, causes)| (field, grain(causes))).collect()
}

/// Finds wrong pods. Those on a node that is not ready are counted for the node instead.
pub(super) fn find(seen: &Seen, cases: &mut Cases) -> Folded {
    let mut folded: Folded =
        seen.store.cluster_nodes.iter().filter(|node| !node.is_ready()).map(|node| (node.key.clone(), 0)).collect();
    let mut wrong = Vec::new();
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
        wrong.push(Wrong { pod, severity, symptom: symptom(pod) });
    }
    let grains = grains(&wrong);
    for one in &wrong {
        one.put(cases, grains.get(&one.field()).copied().unwrap_or(Grain::Workload));
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
    title: Cow<'static, str>,
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
        "Pending" | "ContainerCreating" | "PodInitializing" => {
            ("pod-starting", format!("stuck: {status}").into(), waiting)
        }
        "Running" | "NotReady" if pod.ready < pod.containers_total && pod.unready_since.is_some() => {
            ("pod-not-ready", "not ready".into(), pod.unready_since)
        }
        "Running" | "NotReady" => ("pod-restarting", "restarting".into(), pod.restarted),
        "CrashLoopBackOff" | "Error" | "OOMKilled" | "RunContainerError" | "StartError" | "ContainerCannotRun" => {
            ("pod-crash", status.to_owned().into(), pod.unready_since.or(ended))
        }
        text if text.starts_with("ExitCode:") || text.starts_with("Signal:") => {
            ("pod-crash", status.to_owned().into(), pod.unready_since.or(ended))
        }
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "ImageInspectError" => {
            ("pod-image", status.to_owned().into(), waiting)
        }
        text if text.contains('/') && status.starts_with("Init:") => {
            ("pod-starting", format!("stuck: {status}").into(), waiting)
        }
        _ => ("pod-error", status.to_owned().into(), pod.unready_since.or(ended)),
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
