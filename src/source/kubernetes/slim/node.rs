//! A node, as far as tables need it.

use serde::{Deserialize, de::IgnoredAny};

use super::{Condition, Meta, Quantities, Text, nullable, quantities};

/// A node.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Node {
    pub(crate) metadata: Meta,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) spec: NodeSpec,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) status: NodeStatus,
}

/// What it is to be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NodeSpec {
    pub(crate) unschedulable: bool,
    #[serde(deserialize_with = "nullable")]
    pub(crate) taints: Vec<IgnoredAny>,
}

/// What it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeStatus {
    #[serde(deserialize_with = "nullable")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) addresses: Vec<Address>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) node_info: NodeInfo,
    #[serde(deserialize_with = "quantities")]
    pub(crate) allocatable: Quantities,
}

/// Where it is reached.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Address {
    #[serde(rename = "type")]
    pub(crate) kind: Text,
    pub(crate) address: Text,
}

/// What runs it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeInfo {
    pub(crate) kubelet_version: Text,
    pub(crate) kernel_version: Text,
    pub(crate) os_image: Text,
    pub(crate) container_runtime_version: Text,
    #[serde(rename = "bootID")]
    pub(crate) boot_id: Text,
    #[serde(rename = "machineID")]
    pub(crate) machine_id: Text,
}
