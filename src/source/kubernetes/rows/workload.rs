//! Rows of deployments, stateful sets and daemon sets.

use super::{Reader, count};
use crate::{
    model::rows::WorkloadRow,
    source::kubernetes::slim::{Container, DaemonSet, Deployment, Meta, StatefulSet},
};

/// Pods wanted and had.
struct Replicas {
    desired: i64,
    ready: i64,
    updated: i64,
    available: i64,
}

impl Reader {
    /// The row of a deployment.
    pub(super) fn deployment(&mut self, deployment: &Deployment) -> WorkloadRow {
        let (spec, status) = (&deployment.spec, &deployment.status);
        let desired = spec.replicas.unwrap_or(1);
        let replicas = Replicas {
            desired,
            ready: status.ready_replicas,
            updated: status.updated_replicas,
            available: status.available_replicas,
        };
        let mut row = self.workload("Deployment", &deployment.metadata, &spec.template.spec.containers, &replicas);
        row.rolling = is_unseen(&deployment.metadata, status.observed_generation)
            || status.updated_replicas < desired
            // Pods of an older template are still there.
            || status.replicas > status.updated_replicas;
        row.stuck = status.conditions.iter().any(|condition| {
            condition.kind == "Progressing"
                && condition.status == "False"
                && condition.reason == "ProgressDeadlineExceeded"
        });
        row
    }

    /// The row of a stateful set.
    pub(super) fn stateful_set(&mut self, set: &StatefulSet) -> WorkloadRow {
        let status = &set.status;
        let desired = set.spec.replicas.unwrap_or(1);
        // `updatedReplicas` is reset once every pod is of the new revision.
        let done = status.current_revision == status.update_revision;
        let updated = if done { desired } else { status.updated_replicas };
        let replicas =
            Replicas { desired, ready: status.ready_replicas, updated, available: status.available_replicas };
        let mut row = self.workload("StatefulSet", &set.metadata, &set.spec.template.spec.containers, &replicas);
        row.rolling = is_unseen(&set.metadata, status.observed_generation) || !done;
        row
    }

    /// The row of a daemon set.
    pub(super) fn daemon_set(&mut self, set: &DaemonSet) -> WorkloadRow {
        let status = &set.status;
        let desired = status.desired_number_scheduled;
        let replicas = Replicas {
            desired,
            ready: status.number_ready,
            updated: status.updated_number_scheduled,
            available: status.number_available,
        };
        let mut row = self.workload("DaemonSet", &set.metadata, &set.spec.template.spec.containers, &replicas);
        row.rolling = is_unseen(&set.metadata, status.observed_generation) || status.updated_number_scheduled < desired;
        row
    }

    fn workload(&mut self, kind: &str, meta: &Meta, containers: &[Container], replicas: &Replicas) -> WorkloadRow {
        WorkloadRow {
            key: self.key(&[&meta.namespace, kind, &meta.name]),
            cluster: self.cluster.clone(),
            namespace: self.shared(&meta.namespace),
            kind: self.shared(kind),
            name: self.shared(&meta.name),
            desired: count(replicas.desired),
            ready: count(replicas.ready),
            updated: count(replicas.updated),
            available: count(replicas.available),
            rolling: false,
            stuck: false,
            restarts: 0,
            images: containers.iter().map(|container| self.shared(&container.image)).collect(),
            created: meta.creation_timestamp,
            labels: self.labels(meta),
        }
    }
}

/// The controller has not seen the newest specification yet.
fn is_unseen(meta: &Meta, observed: Option<i64>) -> bool {
    meta.generation.is_some_and(|generation| observed.is_none_or(|observed| observed < generation))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::source::kubernetes::{jobs::Ledger, status::Release};

    fn reader() -> Reader {
        Reader::new("eqiad".into(), Release::Since35, Arc::new(Ledger::default()))
    }

    #[test]
    fn a_deployment_rolls_until_every_pod_is_new() {
        for (generation, status, rolling, stuck) in [
            (
                2,
                json!({"observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "updatedReplicas": 3, "availableReplicas": 3}),
                false,
                false,
            ),
            (3, json!({"observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "updatedReplicas": 3}), true, false),
            (2, json!({"observedGeneration": 2, "replicas": 4, "readyReplicas": 3, "updatedReplicas": 3}), true, false),
            (2, json!({"observedGeneration": 2, "replicas": 3, "readyReplicas": 2, "updatedReplicas": 1}), true, false),
            (
                2,
                json!({"observedGeneration": 2, "replicas": 4, "updatedReplicas": 1,
                "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}),
                true,
                true,
            ),
        ] {
            let deployment = serde_json::from_value(json!({"metadata": {"name": "web", "namespace": "mw", "generation": generation},
                "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "php", "image": "r/php:8"}]}}}, "status": status})).unwrap();
            let row = reader().deployment(&deployment);
            assert_eq!((row.rolling, row.stuck, row.desired), (rolling, stuck, 3), "{status}");
            assert_eq!(row.key.as_str(), "eqiad/mw/Deployment/web");
        }
    }

    #[test]
    fn sets_roll_by_revision_and_by_number() {
        let set = |current: &str| {
            serde_json::from_value(json!({"metadata": {"name": "db", "namespace": "mw"}, "spec": {"replicas": 2},
                "status": {"readyReplicas": 2, "currentRevision": current, "updateRevision": "b"}}))
            .unwrap()
        };
        assert!(reader().stateful_set(&set("a")).rolling);
        let done = reader().stateful_set(&set("b"));
        assert_eq!((done.rolling, done.updated), (false, 2));
        let daemon = serde_json::from_value(json!({"metadata": {"name": "log", "namespace": "mw"},
            "status": {"desiredNumberScheduled": 5, "numberReady": 5, "updatedNumberScheduled": 4}}))
        .unwrap();
        assert!(reader().daemon_set(&daemon).rolling);
    }

    #[test]
    fn a_deployment_without_a_number_wants_one_pod() {
        let deployment = serde_json::from_value(json!({"metadata": {"name": "web"}})).unwrap();
        assert_eq!(reader().deployment(&deployment).desired, 1);
    }
}
