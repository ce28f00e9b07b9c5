//! Sharing equal strings of rows that were read from bytes: reading gives every row its own copies.

use std::sync::Arc;

use crate::model::{
    key::Interner,
    rows::{
        ClusterNodeRow, ContainerRow, ContainerState, DiskRow, JobRow, NodeRow, PodContainer, PodRow, Termination,
        WorkloadRow,
    },
};

/// Rows whose names of few values can be shared.
pub(super) trait Intern {
    /// Replaces strings by their shared copies.
    fn intern(&mut self, names: &mut Interner);
}

fn share(text: &mut Arc<str>, names: &mut Interner) {
    *text = names.get(text);
}

fn share_all<'a>(texts: impl IntoIterator<Item = &'a mut Arc<str>>, names: &mut Interner) {
    texts.into_iter().for_each(|text| share(text, names));
}

impl Intern for NodeRow {
    fn intern(&mut self, names: &mut Interner) {
        share_all([&mut self.name], names);
        share_all([&mut self.os, &mut self.kernel].into_iter().flatten(), names);
    }
}

impl Intern for DiskRow {
    fn intern(&mut self, names: &mut Interner) {
        share_all([&mut self.node, &mut self.mount, &mut self.device, &mut self.kind], names);
    }
}

impl Intern for ContainerRow {
    fn intern(&mut self, names: &mut Interner) {
        share_all([&mut self.engine, &mut self.image, &mut self.state], names);
        share_all([&mut self.project, &mut self.service, &mut self.health].into_iter().flatten(), names);
        share_all(self.labels.iter_mut().map(|(key, _)| key), names);
    }
}

impl Intern for PodRow {
    fn intern(&mut self, names: &mut Interner) {
        share_all([&mut self.cluster, &mut self.namespace, &mut self.status], names);
        share_all([&mut self.datacentre, &mut self.node, &mut self.owner].into_iter().flatten(), names);
        share_labels(&mut self.labels, names);
        share_all(self.last.iter_mut().map(|last| &mut last.reason), names);
        self.containers.iter_mut().for_each(|container| container.intern(names));
    }
}

impl Intern for PodContainer {
    fn intern(&mut self, names: &mut Interner) {
        share_all([&mut self.name, &mut self.image], names);
        share_all(self.last.iter_mut().map(|last| &mut last.reason), names);
        match &mut self.state {
            ContainerState::Waiting(reason) | ContainerState::Terminated(Termination { reason, .. }) => {
                share(reason, names);
            }
            ContainerState::Running(_) => {}
        }
    }
}

impl Intern for WorkloadRow {
    fn intern(&mut self, names: &mut Interner) {
        share_all([&mut self.cluster, &mut self.namespace, &mut self.kind], names);
        share_all(&mut self.images, names);
        share_labels(&mut self.labels, names);
    }
}

impl Intern for JobRow {
    fn intern(&mut self, names: &mut Interner) {
        share_all([&mut self.cluster, &mut self.namespace], names);
        share_all([&mut self.owner, &mut self.reason, &mut self.schedule].into_iter().flatten(), names);
    }
}

impl Intern for ClusterNodeRow {
    fn intern(&mut self, names: &mut Interner) {
        let few = [&mut self.cluster, &mut self.name, &mut self.status, &mut self.roles, &mut self.version];
        share_all(few, names);
        share_all([&mut self.kernel, &mut self.os, &mut self.runtime, &mut self.pressure], names);
        share_labels(&mut self.labels, names);
    }
}

fn share_labels(labels: &mut [(Arc<str>, Arc<str>)], names: &mut Interner) {
    for (key, value) in labels {
        share_all([key, value], names);
    }
}
