//! What a cluster knows of a machine that is one of its nodes.

use std::sync::Arc;

use super::ClusterNodeRow;
use crate::model::{key::Key, severity::Severity, table::Row, value::Value};

/// A machine as the cluster sees it whose node it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// The node's key, `cluster/node`.
    pub key: Key,
    /// The cluster.
    pub cluster: Arc<str>,
    /// The node's name.
    pub node: Arc<str>,
    /// kubectl's STATUS.
    pub status: Arc<str>,
    /// Conditions under pressure; empty when well.
    pub pressure: Arc<str>,
    /// Pods bound to it.
    pub pods: Option<u32>,
    /// Pods it may hold.
    pub pods_allocatable: Option<u32>,
    /// Millicores pods may request.
    pub cpu_allocatable: Option<u64>,
    /// Bytes pods may request.
    pub memory_allocatable: Option<u64>,
    /// kubelet's version.
    pub version: Arc<str>,
    /// How bad the cluster finds it.
    pub severity: Severity,
    /// Whether the cluster's word is an old one: it does not answer.
    pub is_stale: bool,
}

impl Face {
    /// What a cluster says of a node.
    pub fn of(node: &ClusterNodeRow, is_stale: bool) -> Self {
        Self {
            key: node.key.clone(),
            cluster: node.cluster.clone(),
            node: node.name.clone(),
            status: node.status.clone(),
            pressure: node.pressure.clone(),
            pods: node.pods,
            pods_allocatable: node.pods_allocatable,
            cpu_allocatable: node.cpu_allocatable,
            memory_allocatable: node.memory_allocatable,
            version: node.version.clone(),
            // A node's severity does not change with time alone.
            severity: node.severity(jiff::Timestamp::UNIX_EPOCH),
            is_stale,
        }
    }

    /// The status, which says when it is an old one.
    pub(super) fn shown(&self) -> Value<'_> {
        if self.is_stale { Value::Text(format!("{}, stale", self.status).into()) } else { Value::text(&self.status) }
    }
}
