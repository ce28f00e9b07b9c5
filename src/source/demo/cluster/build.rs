//! How a simulated cluster is populated: nodes, the wiki farm, tenants' tools, system pods; exactly as many pods as asked.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    super::{
        names,
        part::ago,
        random::{Random, word},
        shared,
        wave::Wave,
    },
    Cluster, Group, Node,
    phase::Phase,
    pod::Pod,
};
use crate::model::rows::{ContainerKind, ContainerState, PodContainer};

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
const MIB: f64 = 1024.0 * 1024.0;

/// Nodes for so many pods.
pub(super) fn nodes(datacentre: usize, pods: usize, random: &mut Random) -> Vec<Node> {
    (0..pods.div_ceil(60).max(6))
        .map(|n| Node {
            name: names::node(datacentre, n).into(),
            cpu: Wave::around(random.between(9_000.0, 26_000.0), 0.3, random),
            memory: Wave::around(random.between(30.0, 85.0) * GIB, 0.1, random),
            cordoned: n == 4,
            not_ready: datacentre == 1 && n == 2,
            pressure: datacentre == 0 && n == 3,
        })
        .collect()
}

/// A container that runs and is ready.
pub(super) fn running(name: &Arc<str>, image: &Arc<str>) -> PodContainer {
    PodContainer {
        name: name.clone(),
        image: image.clone(),
        kind: ContainerKind::App,
        state: ContainerState::Running,
        ready: true,
        restarts: 0,
        last: None,
    }
}

/// The group's fixed parts.
pub(super) fn group(
    namespace: &str,
    kind: &'static str,
    name: &str,
    containers: &[(&str, &str)],
    random: &mut Random,
) -> Group {
    let farm = containers.len() > 1;
    let containers: Vec<_> =
        containers.iter().map(|(name, image)| (shared(name), shared(format!("{}/{image}", names::REGISTRY)))).collect();
    let template = random.hex(10);
    let owner = match kind {
        "Deployment" => format!("ReplicaSet/{name}-{template}"),
        kind => format!("{kind}/{name}"),
    };
    Group {
        namespace: namespace.into(),
        kind,
        name: name.into(),
        owner: owner.into(),
        template,
        well: containers.iter().map(|(name, image)| running(name, image)).collect(),
        containers,
        labels: Arc::new([(shared("app"), shared(namespace)), (shared("release"), shared(name))]),
        cpu_request: if farm { 8100 } else { 100 },
        memory_limit: if farm { 5_905_580_032 } else { 536_870_912 },
        ready: 0,
        total: 0,
        restarts: 0,
        created: random.whole(20, 900) * 86_400,
    }
}

impl Cluster {
    /// Adds pods until there are as many as wanted.
    pub(super) fn populate(&mut self, pods: usize, namespaces: usize) {
        let name = self.name.clone();
        let mut random = self.random.clone();
        for (namespace, share) in names::FARM {
            for (release, part) in [("main", 19), ("canary", 1)] {
                let count = pods * share * part / 20_000;
                let release = format!("{namespace}.{name}.{release}");
                let group = group(namespace, "Deployment", &release, &names::FARM_CONTAINERS, &mut random);
                self.add_group(group, count, Phase::Running);
            }
        }
        let system = [("calico-node", "calico/node:v3.28.1"), ("node-exporter", "prometheus-node-exporter:1.8.2")];
        for (daemon, image) in system {
            let group = group("kube-system", "DaemonSet", daemon, &[(daemon, image)], &mut random);
            let count = self.nodes.len().min(pods / 10);
            self.add_group(group, count, Phase::Running);
        }
        self.tenants(pods, namespaces.max(1), &mut random);
        self.random = random;
    }

    /// What is left goes to tenants: one tool of one to three pods each, its cron job's pods, and again from the first.
    fn tenants(&mut self, pods: usize, namespaces: usize, random: &mut Random) {
        let mut n = 0;
        while self.pods.len() < pods {
            let tool = names::tool(n % namespaces);
            let namespace = format!("tool-{tool}");
            let round = n / namespaces;
            let left = pods - self.pods.len();
            let image = format!("tool-{tool}/{tool}:latest");
            let name = if round == 0 { tool.clone() } else { format!("{tool}-worker{round}") };
            let service = group(&namespace, "Deployment", &name, &[("webservice", &image)], random);
            let count = (1 + random.below(3)).min(left);
            self.add_group(service, count, Phase::Running);
            if round == 0 && random.chance(40) {
                let job =
                    group(&namespace, "Job", &format!("{tool}-update-{}", 29_927_400 + n), &[("job", &image)], random);
                let phase = if random.chance(12) { Phase::Failed } else { Phase::Completed };
                self.add_group(job, 1.min(pods - self.pods.len()), phase);
            }
            n += 1;
        }
    }

    fn add_group(&mut self, group: Group, count: usize, phase: Phase) {
        let index = self.groups.len();
        let daemon = group.kind == "DaemonSet";
        self.groups.push(group);
        for n in 0..count {
            let mut pod = self.new_pod(index, Timestamp::UNIX_EPOCH);
            pod.phase = phase;
            if daemon {
                pod.node = Some(n);
            }
            self.pods.push(pod);
        }
    }

    /// A pod of a group, being created.
    pub(super) fn new_pod(&mut self, group: usize, now: Timestamp) -> Pod {
        self.made += 1;
        let suffix = word(self.made);
        let random = &mut self.random;
        let of = &self.groups[group];
        let name = match of.kind {
            "Deployment" => compact_str::format_compact!("{}-{}-{suffix}", of.name, of.template),
            _ => compact_str::format_compact!("{}-{suffix}", of.name),
        };
        let farm = of.containers.len() > 1;
        let (cpu, memory) = if farm {
            (random.between(300.0, 4200.0), random.between(1.6, 3.4) * GIB)
        } else {
            (random.between(1.0, 180.0), random.between(30.0, 380.0) * MIB)
        };
        Pod {
            group,
            name,
            uid: random.uuid().into(),
            node: Some(random.below(self.nodes.len())),
            created: now,
            phase: Phase::Creating,
            since: now,
            due: None,
            restarts: 0,
            last: None,
            cpu: Wave::around(cpu, 0.5, random),
            memory: Wave::around(memory, 0.08, random),
        }
    }

    /// Gives everything its past: ages, old restarts, and the trouble there is from the start.
    pub(super) fn age(&mut self, now: Timestamp) {
        for pod in &mut self.pods {
            let job = self.groups[pod.group].kind == "Job";
            let age = if job { self.random.whole(300, 80_000) } else { self.random.whole(600, 12 * 86_400) };
            pod.created = ago(now, age);
            pod.since = ago(now, self.random.whole(60, age - 60));
            if pod.phase == Phase::Running && self.random.chance(4) {
                pod.restarts = 1 + u32::try_from(self.random.below(3)).unwrap_or(0);
                pod.last = Some((self.random.chance(50), pod.since));
            }
        }
        // The same trouble for each cluster of some size; whom it meets follows from the seed.
        let candidates: Vec<usize> = (0..self.pods.len()).filter(|&n| self.pods[n].phase == Phase::Running).collect();
        for (phase, share) in Phase::TROUBLE {
            let count = (self.pods.len() * share / 1000).max(1);
            for _ in 0..count.min(candidates.len() / 20) {
                if let Some(&at) = self.random.pick(&candidates) {
                    let since = ago(now, self.random.whole(20, 3000));
                    self.enter(at, phase, since, now);
                }
            }
        }
        if let Some(&at) = self.random.pick(&candidates)
            && candidates.len() >= 20
        {
            self.enter(at, Phase::Evicted, ago(now, 5400), now);
        }
    }

    /// Puts a pod into a phase, with the past that fits.
    fn enter(&mut self, at: usize, phase: Phase, since: Timestamp, now: Timestamp) {
        let restarts = u32::try_from(self.random.whole(3, 60)).unwrap_or(3);
        let soon = self.random.whole(2, 30);
        let ended = ago(now, self.random.whole(5, 280));
        let pod = &mut self.pods[at];
        pod.phase = phase;
        pod.since = since.max(pod.created);
        match phase {
            Phase::CrashLoop | Phase::Crashed | Phase::InitCrashLoop => {
                pod.restarts = restarts;
                pod.last = Some((false, ended));
            }
            Phase::OomLoop | Phase::OomKilled => {
                pod.restarts = restarts / 2 + 1;
                pod.last = Some((true, ended));
            }
            _ => {}
        }
        // A pod that never ran is as old as its trouble, and has no past.
        if matches!(phase, Phase::Pending | Phase::Creating | Phase::Init | Phase::ErrImagePull | Phase::ConfigError) {
            (pod.created, pod.restarts, pod.last) = (pod.since, 0, None);
        }
        if phase == Phase::Pending {
            pod.node = None;
        }
        if phase.next().is_some() {
            pod.due = Some(super::super::part::ahead(now, soon));
            self.moving.push(at);
        }
    }
}

/// Words that many rows share.
pub(super) fn words() -> Vec<Arc<str>> {
    ["Running", "Completed", "CrashLoopBackOff", "ContainerCreating", "Error"].map(Arc::from).to_vec()
}
