//! Rows of a simulated cluster beside its pods: nodes, workloads, jobs, events.

use jiff::Timestamp;

use super::{
    super::{
        names,
        part::{ago, ahead},
        shared,
    },
    Cluster, EVENTS,
    phase::Phase,
};
use crate::model::{
    key::Key,
    rows::{ClusterNodeRow, EventRow, JobKind, JobRow, Outcome, WorkloadRow},
};

impl Cluster {
    pub(super) fn node_key(&self, n: usize) -> Key {
        Key::of(&[&self.name, &self.nodes[n].name])
    }

    pub(super) fn node_row(&self, n: usize, now: Timestamp) -> ClusterNodeRow {
        let node = &self.nodes[n];
        let silent = node.not_ready && self.silent;
        let ready = if silent { "NotReady" } else { "Ready" };
        let status = if node.cordoned { format!("{ready},SchedulingDisabled") } else { ready.to_owned() };
        ClusterNodeRow {
            key: self.node_key(n),
            cluster: self.name.clone(),
            name: node.name.clone(),
            status: status.into(),
            status_since: Some(if silent { ago(now, 170) } else { ago(self.started, 86_400) }),
            roles: shared(if n < 3 { "control-plane" } else { "<none>" }),
            version: shared("v1.31.4"),
            kernel: shared("6.1.0-28-amd64"),
            os: shared("Debian GNU/Linux 12 (bookworm)"),
            runtime: shared("containerd://1.7.24"),
            ip: format!("10.{}.{}.{}", if &*self.name == "eqiad" { 64 } else { 192 }, n / 250, n % 250 + 2).into(),
            pressure: shared(if node.pressure { "memory" } else { "" }),
            taints: u32::from(n < 3) + u32::from(node.cordoned),
            pods: None,
            pods_allocatable: Some(110),
            cpu_allocatable: Some(47_600),
            memory_allocatable: Some(130_996_502_528),
            cpu: (!silent).then(|| node.cpu.count(now)),
            memory: (!silent).then(|| node.memory.count(now)),
            boot: names::boot(&node.name),
            created: Some(ago(self.started, 86_400 * (90 + i64::try_from(n).unwrap_or(0)))),
            labels: [(shared("topology.kubernetes.io/zone"), self.name.clone())].into(),
        }
    }

    /// Counts the pods of each group. Says which groups changed by it.
    pub(super) fn count_groups(&mut self) -> Vec<usize> {
        let before: Vec<(u32, u32)> = self.groups.iter().map(|group| (group.ready, group.total)).collect();
        for group in &mut self.groups {
            (group.ready, group.total, group.restarts) = (0, 0, 0);
        }
        for pod in &self.pods {
            let group = &mut self.groups[pod.group];
            group.total += u32::from(pod.phase != Phase::Evicted);
            group.ready += u32::from(pod.phase == Phase::Running);
            group.restarts += pod.restarts;
        }
        let changed = |(n, before): (usize, &(u32, u32))| {
            let group = &self.groups[n];
            ((group.ready, group.total) != *before).then_some(n)
        };
        before.iter().enumerate().filter_map(changed).collect()
    }

    pub(super) fn workload_row(&self, n: usize) -> Option<WorkloadRow> {
        let group = self.groups.get(n).filter(|group| group.kind != "Job" && group.total > 0)?;
        // One group is in the middle of a roll-out for as long as the demo runs: a canary that does not become ready.
        let rolling = group.name.ends_with(".canary") && group.name.starts_with("mw-web");
        Some(WorkloadRow {
            key: Key::of(&[&self.name, &group.namespace, group.kind, &group.name]),
            cluster: self.name.clone(),
            namespace: group.namespace.clone(),
            kind: group.kind.into(),
            name: group.name.clone(),
            desired: group.total,
            ready: group.ready,
            updated: if rolling { group.total / 2 } else { group.total },
            available: group.ready,
            rolling,
            stuck: false,
            restarts: group.restarts,
            images: group.containers.iter().map(|(_, image)| image.clone()).collect(),
            created: Some(ago(self.started, group.created)),
            labels: group.labels.clone(),
        })
    }

    /// A cron job and its last run for each tenant that has one.
    pub(super) fn make_jobs(&mut self, now: Timestamp) {
        let mut jobs = Vec::new();
        for pod in self.pods.iter().filter(|pod| self.groups[pod.group].kind == "Job") {
            let group = &self.groups[pod.group];
            let failed = pod.phase == Phase::Failed;
            let cron = group.name.rsplit_once('-').map_or(&*group.name, |(cron, _)| cron);
            let median = self.random.whole(20, 900);
            let took = if self.random.chance(8) { median * 3 } else { median + self.random.whole(0, 9) };
            let job = JobRow {
                key: Key::of(&[&self.name, &group.namespace, "Job", &group.name]),
                cluster: self.name.clone(),
                namespace: group.namespace.clone(),
                kind: JobKind::Job,
                name: group.name.clone(),
                owner: Some(cron.into()),
                outcome: if failed { Outcome::Failed } else { Outcome::Complete },
                completions: (u32::from(!failed), 1),
                active: 0,
                failed: u32::from(failed) * 3,
                reason: failed.then(|| shared("BackoffLimitExceeded")),
                started: Some(pod.created),
                duration: Some(took),
                median: None,
                succeeded: (!failed).then(|| ahead(pod.created, took).min(now)),
                schedule: None,
                created: Some(pod.created),
            };
            let suspended = self.random.chance(6);
            let running = !failed && !suspended && self.random.chance(10);
            let cron = JobRow {
                key: Key::of(&[&self.name, &group.namespace, "CronJob", cron]),
                kind: JobKind::CronJob,
                name: cron.into(),
                owner: None,
                outcome: match (suspended, running, failed) {
                    (true, _, _) => Outcome::Suspended,
                    (_, true, _) => Outcome::Running,
                    (_, _, true) => Outcome::Failed,
                    _ => Outcome::Complete,
                },
                active: u32::from(running),
                median: Some(median),
                schedule: self.random.pick(&["*/5 * * * *", "17 * * * *", "0 3 * * *", "@weekly"]).map(shared),
                created: Some(ago(now, group.created)),
                ..job.clone()
            };
            jobs.extend([job, cron]);
        }
        // One that was never due yet.
        if let Some(group) = self.groups.iter().find(|group| group.namespace.starts_with("tool-")) {
            jobs.push(JobRow {
                key: Key::of(&[&self.name, &group.namespace, "CronJob", "yearly-report"]),
                cluster: self.name.clone(),
                namespace: group.namespace.clone(),
                kind: JobKind::CronJob,
                name: shared("yearly-report"),
                owner: None,
                outcome: Outcome::Waiting,
                completions: (0, 1),
                active: 0,
                failed: 0,
                reason: None,
                started: None,
                duration: None,
                median: None,
                succeeded: None,
                schedule: Some(shared("@yearly")),
                created: Some(ago(now, 3600)),
            });
        }
        self.jobs = jobs;
    }

    /// What the trouble there is from the start left behind.
    pub(super) fn first_events(&mut self, now: Timestamp) {
        let troubled: Vec<usize> =
            (0..self.pods.len()).filter(|&n| !self.pods[n].phase.is_fine()).take(EVENTS / 2).collect();
        for at in troubled {
            let (since, restarts) = (self.pods[at].since, self.pods[at].restarts);
            self.tell_phase(at, since);
            let last = ago(now, self.random.whole(5, 240)).max(since);
            if let Some(event) = self.events.back_mut().filter(|event| &*event.kind == "Warning") {
                (event.count, event.last) = (1 + restarts * 3, Some(last));
            }
        }
        if let Some(node) = self.nodes.iter().find(|node| node.not_ready) {
            let object = format!("Node/{}", node.name);
            self.tell("Warning", "NodeNotReady", "default", object, "Node status is now: NodeNotReady".into(), now);
        }
        if self.events.is_empty() {
            let object = self.nodes.first().map(|node| format!("Node/{}", node.name)).unwrap_or_default();
            self.tell("Normal", "Starting", "default", object, "Starting kubelet.".into(), now);
        }
    }

    /// The event that goes with what a pod is going through.
    pub(super) fn tell_phase(&mut self, at: usize, now: Timestamp) -> Option<EventRow> {
        let pod = &self.pods[at];
        let group = &self.groups[pod.group];
        let (container, image) = group.containers.first()?;
        let (kind, reason, message) = match pod.phase {
            Phase::CrashLoop | Phase::OomLoop | Phase::InitCrashLoop => {
                ("Warning", "BackOff", format!("Back-off restarting failed container {container} in pod {}", pod.name))
            }
            Phase::Crashed | Phase::OomKilled => ("Normal", "Started", format!("Started container {container}")),
            Phase::ErrImagePull => ("Warning", "Failed", format!("Failed to pull image \"{image}\": not found")),
            Phase::ImagePullBackOff => ("Warning", "BackOff", format!("Back-off pulling image \"{image}\"")),
            Phase::ConfigError => ("Warning", "Failed", "Error: secret \"database-credentials\" not found".to_owned()),
            Phase::Pending => {
                let nodes = self.nodes.len();
                let text = format!("0/{nodes} nodes are available: {nodes} Insufficient cpu. preemption: not helpful");
                ("Warning", "FailedScheduling", text)
            }
            Phase::Unready => {
                ("Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503".to_owned())
            }
            Phase::Evicted => ("Warning", "Evicted", "The node was low on resource: memory.".to_owned()),
            Phase::Terminating => ("Normal", "Killing", format!("Stopping container {container}")),
            Phase::Creating | Phase::Init => {
                let node = pod.node.and_then(|n| self.nodes.get(n)).map_or("–", |node| &*node.name);
                ("Normal", "Scheduled", format!("Successfully assigned {}/{} to {node}", group.namespace, pod.name))
            }
            Phase::Running => ("Normal", "Created", format!("Created container: {container}")),
            Phase::Completed | Phase::Failed => return None,
        };
        let (namespace, object) = (group.namespace.clone(), format!("Pod/{}", pod.name));
        Some(self.tell(kind, reason, &namespace, object, message, now))
    }

    /// Writes an event, or counts the last one of its kind up.
    fn tell(
        &mut self,
        kind: &str,
        reason: &str,
        namespace: &str,
        object: String,
        message: String,
        now: Timestamp,
    ) -> EventRow {
        let same = |event: &EventRow| *event.object == *object && *event.reason == *reason && event.message == message;
        if let Some(at) = self.events.iter().position(same)
            && let Some(mut event) = self.events.remove(at)
        {
            event.count += 1;
            event.last = Some(now);
            self.events.push_back(event.clone());
            return event;
        }
        self.serial += 1;
        let name = format!("{}.{:016x}", object.split_once('/').map_or("", |(_, name)| name), self.serial);
        let event = EventRow {
            key: Key::of(&[&self.name, namespace, &name]),
            cluster: self.name.clone(),
            namespace: namespace.into(),
            kind: kind.into(),
            reason: reason.into(),
            object: object.into(),
            message,
            count: 1,
            first: Some(now),
            last: Some(now),
            reporter: shared(if reason.contains("chedul") { "default-scheduler" } else { "kubelet" }),
        };
        self.events.push_back(event.clone());
        event
    }
}
