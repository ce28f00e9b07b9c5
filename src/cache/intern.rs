//! Sharing equal strings of rows that were read from bytes: reading gives every row its own copies.

use std::sync::Arc;

use crate::model::{
    key::Interner,
    rows::{
        ClusterNodeRow, ContainerRow, ContainerState, DiskRow, JobRow, Labels, NodeRow, PodContainer, PodRow,
        WorkloadRow,
    },
};

/// What was read already.
#[derive(Default)]
pub(super) struct Known {
    names: Interner,
    labels: Interner<[(Arc<str>, Arc<str>)]>,
    containers: Interner<[PodContainer]>,
}

/// Rows whose names of few values can be shared.
pub(super) trait Intern {
    /// Replaces strings by their shared copies.
    fn intern(&mut self, known: &mut Known);
}

fn share(text: &mut Arc<str>, known: &mut Known) {
    *text = known.names.get(text);
}

fn share_all<'a>(texts: impl IntoIterator<Item = &'a mut Arc<str>>, known: &mut Known) {
    texts.into_iter().for_each(|text| share(text, known));
}

impl Intern for NodeRow {
    fn intern(&mut self, known: &mut Known) {
        share_all([&mut self.name], known);
        share_all([&mut self.os, &mut self.kernel].into_iter().flatten(), known);
    }
}

impl Intern for DiskRow {
    fn intern(&mut self, known: &mut Known) {
        share_all([&mut self.node, &mut self.mount, &mut self.device, &mut self.kind], known);
    }
}

impl Intern for ContainerRow {
    fn intern(&mut self, known: &mut Known) {
        share_all([&mut self.engine, &mut self.image, &mut self.state], known);
        share_all([&mut self.project, &mut self.service, &mut self.health].into_iter().flatten(), known);
        share_all(self.labels.iter_mut().map(|(key, _)| key), known);
    }
}

impl Intern for PodRow {
    fn intern(&mut self, known: &mut Known) {
        share_all([&mut self.cluster, &mut self.namespace, &mut self.status], known);
        share_all([&mut self.datacentre, &mut self.node, &mut self.owner].into_iter().flatten(), known);
        share_labels(&mut self.labels, known);
        share_all(self.last.iter_mut().map(|last| &mut last.reason), known);
        if let Some(containers) = Arc::get_mut(&mut self.containers) {
            for container in containers {
                container.intern(known);
            }
        }
        self.containers = PodContainer::shared(std::mem::take(&mut self.containers), &mut known.containers);
    }
}

impl Intern for PodContainer {
    fn intern(&mut self, known: &mut Known) {
        share_all([&mut self.name, &mut self.image], known);
        share_all(self.last.iter_mut().map(|last| &mut last.reason), known);
        match &mut self.state {
            ContainerState::Waiting(reason) => share(reason, known),
            ContainerState::Terminated(end) => share(&mut end.reason, known),
            ContainerState::Running => {}
        }
    }
}

impl Intern for WorkloadRow {
    fn intern(&mut self, known: &mut Known) {
        share_all([&mut self.cluster, &mut self.namespace, &mut self.kind], known);
        share_all(&mut self.images, known);
        share_labels(&mut self.labels, known);
    }
}

impl Intern for JobRow {
    fn intern(&mut self, known: &mut Known) {
        share_all([&mut self.cluster, &mut self.namespace], known);
        share_all([&mut self.owner, &mut self.reason, &mut self.schedule].into_iter().flatten(), known);
    }
}

impl Intern for ClusterNodeRow {
    fn intern(&mut self, known: &mut Known) {
        let few = [&mut self.cluster, &mut self.name, &mut self.status, &mut self.roles, &mut self.version];
        share_all(few, known);
        share_all([&mut self.kernel, &mut self.os, &mut self.runtime, &mut self.pressure], known);
        share_labels(&mut self.labels, known);
    }
}

fn share_labels(labels: &mut Labels, known: &mut Known) {
    for (key, value) in Arc::get_mut(labels).into_iter().flatten() {
        share_all([key, value], known);
    }
    *labels = known.labels.get(labels);
}
