//! A node's row.

use super::Reader;
use crate::{
    model::{
        rows::{Boot, ClusterNodeRow},
        text,
    },
    source::kubernetes::{quantity, slim::Node},
};

/// Conditions under which a node takes no pods or loses them, and their words in the table.
const PRESSURES: [(&str, &str); 4] =
    [("MemoryPressure", "memory"), ("DiskPressure", "disk"), ("PIDPressure", "pid"), ("NetworkUnavailable", "network")];

impl Reader {
    /// The row of a node.
    pub(super) fn node(&mut self, node: &Node) -> ClusterNodeRow {
        let (meta, status) = (&node.metadata, &node.status);
        let ready = status.conditions.iter().find(|condition| condition.kind == "Ready");
        let pressure: Vec<&str> = PRESSURES
            .iter()
            .filter(|(kind, _)| status.conditions.iter().any(|condition| condition.holds(kind)))
            .map(|(_, word)| *word)
            .collect();
        let address = status.addresses.iter().find(|address| address.kind == "InternalIP");
        let amount = |name: &str| status.allocatable.get(name);
        ClusterNodeRow {
            key: self.key(&[&meta.name]),
            cluster: self.cluster.clone(),
            name: (&*text::name(&meta.name)).into(),
            status: self.shared(&status_text(node)),
            status_since: ready.and_then(|condition| condition.last_transition_time),
            roles: self.shared(&roles(node)),
            version: self.shared(&status.node_info.kubelet_version),
            kernel: self.shared(&status.node_info.kernel_version),
            os: self.shared(&status.node_info.os_image),
            runtime: self.shared(&status.node_info.container_runtime_version),
            ip: (&*text::name(address.map_or("", |address| &address.address))).into(),
            pressure: self.shared(&pressure.join(" ")),
            taints: u32::try_from(node.spec.taints.len()).unwrap_or(u32::MAX),
            pods: None,
            pods_allocatable: amount("pods").and_then(|n| quantity::units(n)).and_then(|n| u32::try_from(n).ok()),
            cpu_allocatable: amount("cpu").and_then(|text| quantity::millicores(text)),
            memory_allocatable: amount("memory").and_then(|text| quantity::units(text)),
            cpu: None,
            memory: None,
            boot: Boot::new(&status.node_info.boot_id, &status.node_info.machine_id),
            created: meta.creation_timestamp,
            labels: self.labels(meta),
        }
    }
}

/// kubectl's STATUS of a node (`printNode`).
fn status_text(node: &Node) -> String {
    let ready = node.status.conditions.iter().rev().find(|condition| condition.kind == "Ready");
    let word = match ready.map(|condition| condition.status == "True") {
        Some(true) => "Ready",
        Some(false) => "NotReady",
        None => "Unknown",
    };
    let cordoned = if node.spec.unschedulable { ",SchedulingDisabled" } else { "" };
    format!("{word}{cordoned}")
}

/// kubectl's ROLES of a node (`findNodeRoles`): sorted, each once.
fn roles(node: &Node) -> String {
    let mut roles: Vec<&str> = node
        .metadata
        .labels
        .iter()
        .filter_map(|(name, value)| match name.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None => (name == "kubernetes.io/role").then_some(&**value),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::source::kubernetes::{jobs::Ledger, status::Release};

    fn row(labels: &Value, spec: &Value, status: &Value) -> ClusterNodeRow {
        let node = serde_json::from_value(
            json!({"metadata": {"name": "node1", "labels": labels}, "spec": spec, "status": status}),
        )
        .unwrap();
        Reader::new("eqiad".into(), Release::Since35, Arc::new(Ledger::default())).node(&node)
    }

    #[test]
    fn status_as_kubectl_prints_it() {
        let ready = |status: &str| json!({"conditions": [{"type": "Ready", "status": status}]});
        for (spec, status, expected) in [
            (json!({}), ready("True"), "Ready"),
            (json!({"unschedulable": true}), ready("True"), "Ready,SchedulingDisabled"),
            (json!({}), ready("False"), "NotReady"),
            (json!({}), ready("Unknown"), "NotReady"),
            (json!({"unschedulable": true}), json!({}), "Unknown,SchedulingDisabled"),
        ] {
            assert_eq!(&*row(&json!({}), &spec, &status).status, expected);
        }
    }

    #[test]
    fn roles_as_kubectl_prints_them() {
        for (labels, expected) in [
            (json!({}), "<none>"),
            (
                json!({"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": ""}),
                "control-plane,worker",
            ),
            (json!({"kubernetes.io/role": "worker", "node-role.kubernetes.io/worker": ""}), "worker"),
            (json!({"node-role.kubernetes.io/": "x", "kubernetes.io/role": ""}), "<none>"),
        ] {
            assert_eq!(&*row(&labels, &json!({}), &json!({})).roles, expected);
        }
    }

    #[test]
    fn pressure_taints_and_what_it_may_hold() {
        let row = row(
            &json!({}),
            &json!({"taints": [{"key": "a", "effect": "NoSchedule"}, {"key": "b", "effect": "NoExecute"}]}),
            &json!({"conditions": [{"type": "DiskPressure", "status": "True"}, {"type": "MemoryPressure", "status": "True"}, {"type": "PIDPressure", "status": "False"}],
                   "allocatable": {"cpu": "3920m", "memory": "1Gi", "pods": "110", "ephemeral-storage": "x"},
                   "addresses": [{"type": "Hostname", "address": "node1"}, {"type": "InternalIP", "address": "10.0.0.1"}]}),
        );
        assert_eq!((&*row.pressure, row.taints, &*row.ip), ("memory disk", 2, "10.0.0.1"));
        assert_eq!(
            (row.cpu_allocatable, row.memory_allocatable, row.pods_allocatable),
            (Some(3920), Some(1 << 30), Some(110))
        );
    }
}
