//! The row types, one a file. Each says which fields it has and how bad it is.

mod boot;
mod cluster_node;
mod container;
mod disk;
mod event;
mod face;
mod finding;
mod group;
mod job;
mod node;
mod pod;
mod pod_container;
mod process;
mod project;
mod source;
mod support;
mod unit;
mod workload;

pub use boot::Boot;
pub use cluster_node::ClusterNodeRow;
pub use container::{ContainerRow, StatsVia};
pub use disk::DiskRow;
pub use event::EventRow;
pub use face::Face;
pub use finding::{FindingRow, Subject};
pub use group::{GroupRow, NO_GROUP};
pub use job::{JobKind, JobRow, Outcome};
pub use node::{Busy, NodeRow, Pressure, Raid, SKEW};
pub use pod::{ContainerKind, ContainerState, PodContainer, PodRow, Restarts, Termination};
pub use pod_container::PodContainerRow;
pub use process::ProcessRow;
pub use project::ProjectRow;
pub use source::SourceRow;
pub use support::{Stage, Support};
pub use unit::UnitRow;
pub use workload::WorkloadRow;

use std::sync::Arc;

use super::field::Tone;

/// Labels of an object, shared by the replicas of a workload.
pub type Labels = Arc<[(Arc<str>, Arc<str>)]>;

/// The tone of a percentage: warns from `warn`, bad from `bad`.
pub(crate) fn threshold(percent: Option<f64>, warn: f64, bad: f64) -> Tone {
    match percent {
        Some(p) if p >= bad => Tone::Bad,
        Some(p) if p >= warn => Tone::Warn,
        _ => Tone::Plain,
    }
}

/// `part` of `whole` in percent; nothing of nothing is unknown.
pub(crate) fn share(part: Option<u64>, whole: Option<u64>) -> Option<f64> {
    match (part, whole) {
        (Some(part), Some(whole)) if whole > 0 => Some(part as f64 * 100.0 / whole as f64),
        _ => None,
    }
}
