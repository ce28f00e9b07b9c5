//! What follows from pods: their containers as rows, restarts of workloads, pods on nodes.

use std::collections::HashMap;

use crate::model::{
    key::Key,
    rows::{PodContainerRow, PodRow},
    store::Store,
};

/// The containers of all pods, or of one.
pub fn pod_containers(store: &Store, only: Option<&Key>) -> Vec<PodContainerRow> {
    match only {
        Some(pod) => store.pods.get(pod).map(containers_of).unwrap_or_default(),
        None => store.pods.iter().flat_map(containers_of).collect(),
    }
}

/// The containers of a pod.
pub(super) fn containers_of(pod: &PodRow) -> Vec<PodContainerRow> {
    let name = pod.name.as_str().into();
    pod.containers
        .iter()
        .map(|container| PodContainerRow {
            key: Key::of(&[&pod.key, &container.name]),
            cluster: pod.cluster.clone(),
            namespace: pod.namespace.clone(),
            pod: std::sync::Arc::clone(&name),
            container: container.clone(),
        })
        .collect()
}

/// Sums restarts of pods onto their workloads.
pub(super) fn sum_restarts(store: &mut Store) {
    let mut sums: HashMap<String, u32> = HashMap::new();
    for pod in store.pods.iter().filter(|pod| pod.restarts > 0) {
        if let Some((kind, name)) = pod.workload() {
            let sum = sums.entry(format!("{}/{}/{kind}/{name}", pod.cluster, pod.namespace)).or_default();
            *sum = sum.saturating_add(pod.restarts);
        }
    }
    let changed: Vec<(Key, u32)> = store
        .workloads
        .iter()
        .map(|row| (&row.key, row.restarts, sums.get(row.key.as_str()).copied().unwrap_or(0)))
        .filter(|(_, known, sum)| known != sum)
        .map(|(key, _, sum)| (key.clone(), sum))
        .collect();
    for (key, sum) in changed {
        store.workloads.edit(&key, |row| row.restarts = sum);
    }
}

/// Counts the pods bound to each node that have not run to their end. Unknown in clusters of which no pod is known.
pub(super) fn count_on_nodes(store: &mut Store) {
    let mut counts: HashMap<&str, HashMap<&str, u32>> = HashMap::new();
    for pod in store.pods.iter() {
        let cluster = counts.entry(&pod.cluster).or_default();
        if let Some(node) = pod.node.as_deref().filter(|_| !pod.is_completed()) {
            *cluster.entry(node).or_default() += 1;
        }
    }
    let count = |cluster: &str, node: &str| counts.get(cluster).map(|nodes| nodes.get(node).copied().unwrap_or(0));
    let changed: Vec<(Key, Option<u32>)> = store
        .cluster_nodes
        .iter()
        .map(|row| (&row.key, row.pods, count(&row.cluster, &row.name)))
        .filter(|(_, known, count)| known != count)
        .map(|(key, _, count)| (key.clone(), count))
        .collect();
    for (key, count) in changed {
        store.cluster_nodes.edit(&key, |row| row.pods = count);
    }
}
