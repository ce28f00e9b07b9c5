//! A simulated pod and its row.

use std::sync::Arc;

use compact_str::CompactString;
use jiff::Timestamp;

use super::{super::wave::Wave, Cluster, phase::Phase};
use crate::model::{
    key::Key,
    rows::{ContainerKind, ContainerState, PodContainer, PodRow, Restarts, Termination},
};

/// A pod. Small, so that a hundred thousand fit.
pub(super) struct Pod {
    pub(super) group: usize,
    pub(super) name: CompactString,
    pub(super) uid: CompactString,
    /// Its node's number; none while it is pending.
    pub(super) node: Option<usize>,
    pub(super) created: Timestamp,
    pub(super) phase: Phase,
    /// Since when it is in this phase.
    pub(super) since: Timestamp,
    /// When the next phase comes.
    pub(super) due: Option<Timestamp>,
    pub(super) restarts: u32,
    pub(super) last: Option<(bool, Timestamp)>,
    pub(super) cpu: Wave,
    pub(super) memory: Wave,
}

/// How a container ended: killed for memory or by its own fault.
fn termination(oom: bool, at: Timestamp) -> Termination {
    let (reason, exit_code) = if oom { ("OOMKilled", 137) } else { ("Error", 1) };
    Termination { reason: reason.into(), exit_code, at: Some(at) }
}

impl Cluster {
    /// The pod's key.
    pub(super) fn pod_key(&self, pod: &Pod) -> Key {
        Key::of(&[&self.name, &self.groups[pod.group].namespace, &pod.name])
    }

    /// The pod's row now.
    pub(super) fn pod_row(&self, pod: &Pod, now: Timestamp) -> PodRow {
        let group = &self.groups[pod.group];
        let containers = self.containers(pod);
        let counted = containers.iter().filter(|container| container.kind != ContainerKind::Init);
        let ready = counted.clone().filter(|container| container.ready).count();
        let total = counted.count();
        let well = pod.phase.is_fine() || pod.phase == Phase::Terminating;
        let works = pod.phase.works();
        PodRow {
            key: self.pod_key(pod),
            cluster: self.name.clone(),
            datacentre: Some(self.name.clone()),
            namespace: group.namespace.clone(),
            name: pod.name.clone(),
            uid: pod.uid.clone(),
            status: self.status(pod.phase),
            ready: u32::try_from(ready).unwrap_or(0),
            containers_total: u32::try_from(total).unwrap_or(0),
            restarts: pod.restarts,
            restarted: pod.last.filter(|_| pod.restarts > 0).map(|(_, at)| at),
            recent: Restarts::default(),
            last: pod.last.map(|(oom, at)| termination(oom, at).into()),
            cpu: works.then(|| pod.cpu.count(now)),
            memory: works.then(|| pod.memory.count(now)),
            cpu_request: Some(group.cpu_request),
            memory_limit: Some(group.memory_limit),
            node: pod.node.and_then(|n| self.nodes.get(n)).map(|node| node.name.clone()),
            ip: self.address(pod),
            owner: Some(group.owner.clone()),
            created: Some(pod.created),
            unready_since: (!well).then_some(pod.since),
            deleted: (pod.phase == Phase::Terminating).then_some(pod.since),
            labels: group.labels.clone(),
            containers,
        }
    }

    fn address(&self, pod: &Pod) -> CompactString {
        let Some(node) = pod.node.filter(|_| pod.phase != Phase::Creating) else { return CompactString::default() };
        let host = usize::from(pod.uid.as_bytes().first().copied().unwrap_or(2));
        compact_str::format_compact!("10.{}.{}.{host}", if &*self.name == "eqiad" { 67 } else { 194 }, node % 256)
    }

    /// One allocation for each word.
    fn status(&self, phase: Phase) -> Arc<str> {
        let word = phase.status();
        self.words.iter().find(|known| &***known == word).cloned().unwrap_or_else(|| word.into())
    }

    fn containers(&self, pod: &Pod) -> Arc<[PodContainer]> {
        let group = &self.groups[pod.group];
        let waiting = |reason: &str| ContainerState::Waiting(reason.into());
        let mut containers = Vec::with_capacity(group.containers.len() + 1);
        if matches!(pod.phase, Phase::Init | Phase::InitCrashLoop)
            && let Some((_, image)) = group.containers.first()
        {
            let works = pod.phase == Phase::Init;
            containers.push(PodContainer {
                name: "wait-for-database".into(),
                image: image.clone(),
                kind: ContainerKind::Init,
                state: if works { ContainerState::Running } else { waiting("CrashLoopBackOff") },
                ready: false,
                restarts: if works { 0 } else { pod.restarts },
                last: pod.last.map(|(oom, at)| termination(oom, at).into()),
            });
        }
        for (n, (name, image)) in group.containers.iter().enumerate() {
            let first = n == 0;
            let state = match pod.phase {
                Phase::Pending => waiting("Pending"),
                Phase::Creating => waiting("ContainerCreating"),
                Phase::Init | Phase::InitCrashLoop => waiting("PodInitializing"),
                Phase::Completed => {
                    let end = Termination { reason: "Completed".into(), exit_code: 0, at: Some(pod.since) };
                    ContainerState::Terminated(Box::new(end))
                }
                Phase::Failed | Phase::Evicted => ContainerState::Terminated(termination(false, pod.since).into()),
                Phase::Crashed if first => ContainerState::Terminated(termination(false, pod.since).into()),
                Phase::OomKilled if first => ContainerState::Terminated(termination(true, pod.since).into()),
                Phase::CrashLoop | Phase::OomLoop if first => waiting("CrashLoopBackOff"),
                Phase::ErrImagePull if first => waiting("ErrImagePull"),
                Phase::ImagePullBackOff if first => waiting("ImagePullBackOff"),
                Phase::ConfigError if first => waiting("CreateContainerConfigError"),
                _ => ContainerState::Running,
            };
            let ready = matches!(state, ContainerState::Running) && !(first && pod.phase == Phase::Unready);
            containers.push(PodContainer {
                name: name.clone(),
                image: image.clone(),
                kind: ContainerKind::App,
                state,
                ready,
                restarts: if first { pod.restarts } else { 0 },
                last: pod.last.filter(|_| first).map(|(oom, at)| termination(oom, at).into()),
            });
        }
        // Kept once for all replicas, as the rows of a real cluster are.
        if *containers == *group.well { group.well.clone() } else { containers.into() }
    }
}
