//! A pod's row.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Reader, count};
use crate::{
    model::{
        rows::{ContainerKind, ContainerState, PodContainer, PodRow, Restarts, Termination},
        text,
    },
    source::kubernetes::{
        quantity,
        slim::{Container, ContainerStatus, EndedState, Pod, PodStatus, State},
        status::{ended_reason, printed},
    },
};

impl Reader {
    /// The row of a pod.
    pub(super) fn pod(&mut self, pod: &Pod) -> PodRow {
        let (meta, spec, status) = (&pod.metadata, &pod.spec, &pod.status);
        let columns = printed(pod, self.release);
        let containers = self.containers(pod);
        PodRow {
            key: self.key(&[&meta.namespace, &meta.name]),
            cluster: self.cluster.clone(),
            datacentre: self.datacentre.clone(),
            namespace: self.shared(&meta.namespace),
            name: (&*text::name(&meta.name)).into(),
            uid: (&*text::name(&meta.uid)).into(),
            status: self.shared(&columns.status),
            ready: columns.ready,
            containers_total: columns.total,
            restarts: columns.restarts,
            restarted: columns.restarted,
            recent: Restarts::default(),
            last: self.newest_end(status).map(Box::new),
            cpu: None,
            memory: None,
            cpu_request: cpu_request(&spec.containers, &spec.init_containers),
            memory_limit: memory_limit(&spec.containers, &spec.init_containers),
            node: self.some(&spec.node_name),
            ip: (&*text::name(&status.pod_ip)).into(),
            owner: meta.controller().map(|owner| self.shared(&format!("{}/{}", owner.kind, owner.name))),
            created: meta.creation_timestamp,
            unready_since: unready_since(status, meta.creation_timestamp),
            deleted: meta.deletion_timestamp,
            labels: self.labels(meta),
            containers,
        }
    }

    fn containers(&mut self, pod: &Pod) -> Arc<[PodContainer]> {
        let (spec, status) = (&pod.spec, &pod.status);
        let mut all = Vec::with_capacity(spec.containers.len() + spec.init_containers.len());
        // In the order of the row: init, sidecars, app, ephemeral.
        for sidecar in [false, true] {
            let kind = if sidecar { ContainerKind::Sidecar } else { ContainerKind::Init };
            for container in spec.init_containers.iter().filter(|container| container.is_sidecar() == sidecar) {
                all.push(self.container(container, kind, &status.init_container_statuses));
            }
        }
        for container in &spec.containers {
            all.push(self.container(container, ContainerKind::App, &status.container_statuses));
        }
        for container in &spec.ephemeral_containers {
            all.push(self.container(container, ContainerKind::Ephemeral, &status.ephemeral_container_statuses));
        }
        PodContainer::shared(all, &mut self.containers)
    }

    fn container(&mut self, container: &Container, kind: ContainerKind, told: &[ContainerStatus]) -> PodContainer {
        let status = told.iter().find(|told| told.name == container.name);
        PodContainer {
            name: self.shared(&container.name),
            image: self.shared(&container.image),
            kind,
            state: status.map_or_else(|| ContainerState::Waiting("".into()), |status| self.state(&status.state)),
            ready: status.is_some_and(|status| status.ready),
            restarts: status.map_or(0, |status| count(status.restart_count.into())),
            last: status.and_then(|status| status.last_state.terminated.as_ref()).map(|ended| self.ended(ended).into()),
        }
    }

    fn state(&mut self, state: &State) -> ContainerState {
        if let Some(ended) = &state.terminated {
            ContainerState::Terminated(self.ended(ended).into())
        } else if state.running.is_some() {
            ContainerState::Running
        } else {
            // The API's default for a container of which nothing is known.
            let reason = state.waiting.as_ref().map_or("", |waiting| &waiting.reason);
            ContainerState::Waiting(self.shared(reason))
        }
    }

    fn ended(&mut self, ended: &EndedState) -> Termination {
        let reason = self.shared(&ended_reason(ended));
        Termination { reason, exit_code: ended.exit_code, at: ended.finished_at }
    }

    /// The newest end of any run of any of its containers.
    fn newest_end(&mut self, status: &PodStatus) -> Option<Termination> {
        let newest = status
            .init_container_statuses
            .iter()
            .chain(&status.container_statuses)
            .flat_map(|container| [&container.state.terminated, &container.last_state.terminated])
            .flatten()
            // An init container that did its work is no news.
            .max_by_key(|ended| (ended.finished_at, ended.exit_code != 0))?;
        Some(self.ended(newest))
    }
}

/// Since when a pod that should be ready is not.
fn unready_since(status: &PodStatus, created: Option<Timestamp>) -> Option<Timestamp> {
    if matches!(&*status.phase, "Succeeded" | "Failed") {
        return None;
    }
    let condition = |kind: &str| status.conditions.iter().find(|condition| condition.kind == kind);
    match condition("Ready").or_else(|| condition("PodScheduled")) {
        Some(condition) if condition.status != "True" => condition.last_transition_time.or(created),
        Some(condition) if condition.kind == "Ready" => None,
        _ => created,
    }
}

/// Millicores the scheduler reserves: containers and sidecars summed, or the largest start of an init container.
fn cpu_request(containers: &[Container], init: &[Container]) -> Option<u64> {
    let request =
        |container: &Container| container.resources.requests.get("cpu").and_then(|text| quantity::millicores(text));
    let mut any = false;
    let mut sum = 0u64;
    for amount in containers.iter().chain(init.iter().filter(|container| container.is_sidecar())).filter_map(request) {
        any = true;
        sum = sum.saturating_add(amount);
    }
    let start = init.iter().filter(|container| !container.is_sidecar()).filter_map(request).max();
    (any || start.is_some()).then(|| sum.max(start.unwrap_or(0)))
}

/// Bytes it may use: the limits of containers and sidecars summed, when each has one.
fn memory_limit(containers: &[Container], init: &[Container]) -> Option<u64> {
    if containers.is_empty() {
        return None;
    }
    containers.iter().chain(init.iter().filter(|container| container.is_sidecar())).try_fold(0u64, |sum, container| {
        let limit = container.resources.limits.get("memory").and_then(|text| quantity::units(text))?;
        Some(sum.saturating_add(limit))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::kubernetes::{jobs::Ledger, status::Release};

    fn row(value: serde_json::Value) -> PodRow {
        let pod: Pod = serde_json::from_value(value).unwrap();
        let reader = Reader::new("eqiad".into(), Release::Since35, Arc::new(Ledger::default()));
        reader.standing_in(Some("ashburn".into())).pod(&pod)
    }

    #[test]
    fn a_pod_becomes_a_row() {
        let row = row(json!({
            "metadata": {"name": "web-1", "namespace": "mw-web", "uid": "u-1", "creationTimestamp": "2026-11-01T00:00:00Z",
                "labels": {"app": "web"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "web-7f", "controller": true}]},
            "spec": {"nodeName": "node1",
                "initContainers": [{"name": "s", "image": "proxy:1", "restartPolicy": "Always", "resources": {"requests": {"cpu": "50m"}, "limits": {"memory": "64Mi"}}},
                                   {"name": "i", "image": "init:1", "resources": {"requests": {"cpu": "2"}}}],
                "containers": [{"name": "php", "image": "php:8", "resources": {"requests": {"cpu": "250m"}, "limits": {"memory": "1Gi"}}}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1",
                "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-02T00:00:00Z"}],
                "containerStatuses": [{"name": "php", "restartCount": 2, "ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-02T01:00:00Z"}}}]}
        }));
        assert_eq!(row.key.as_str(), "eqiad/mw-web/web-1");
        assert_eq!(row.datacentre.as_deref(), Some("ashburn"));
        assert_eq!((&*row.status, row.ready, row.containers_total, row.restarts), ("CrashLoopBackOff", 0, 2, 2));
        assert_eq!(row.last.as_deref().map(Termination::text).as_deref(), Some("OOMKilled 137"));
        assert_eq!((row.cpu_request, row.memory_limit), (Some(2000), Some((1 << 30) + (64 << 20))));
        assert_eq!(row.unready_since, Some("2026-11-02T00:00:00Z".parse().unwrap()));
        assert_eq!(row.owner.as_deref(), Some("ReplicaSet/web-7f"));
        let kinds: Vec<_> = row.containers.iter().map(|c| (&*c.name, c.kind)).collect();
        assert_eq!(kinds, [("i", ContainerKind::Init), ("s", ContainerKind::Sidecar), ("php", ContainerKind::App)]);
    }

    #[test]
    fn what_is_well_or_over_is_not_unready() {
        let since = |status: serde_json::Value| {
            row(json!({"metadata": {"name": "a", "creationTimestamp": "2026-11-01T00:00:00Z"}, "status": status}))
                .unready_since
        };
        assert_eq!(since(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})), None);
        assert_eq!(since(json!({"phase": "Succeeded", "conditions": [{"type": "Ready", "status": "False"}]})), None);
        assert_eq!(since(json!({"phase": "Pending"})), Some("2026-11-01T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_limit_is_known_only_when_every_container_has_one() {
        let row = row(json!({"metadata": {"name": "a"}, "spec": {"containers": [
            {"name": "a", "resources": {"limits": {"memory": "1Gi"}}}, {"name": "b"}]}}));
        assert_eq!((row.memory_limit, row.cpu_request), (None, None));
    }

    #[test]
    fn hostile_names_are_inert() {
        let row = row(
            json!({"metadata": {"name": "a\u{1b}[31m", "namespace": "n\u{202e}", "labels": {"k\u{7}": "v\u{1b}"}}, "status": {"phase": "\u{1b}c"}}),
        );
        for text in [&*row.name, &*row.namespace, &*row.status, &*row.labels[0].0, &*row.labels[0].1] {
            assert!(text.chars().all(text::is_shown), "{text:?}");
        }
    }
}
