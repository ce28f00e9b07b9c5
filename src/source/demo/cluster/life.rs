//! How a simulated cluster goes on: pods come and go, crash and heal, and their numbers move.

use std::time::Duration;

use jiff::Timestamp;

use super::{super::part::ahead, Cluster, EVENTS, phase::Phase};
use crate::model::{
    delta::{Delta, Usage},
    health::State,
    store::{RowSet, TableId},
};

/// Seconds of a round in which the second cluster falls silent once, and when it does in it.
const ROUND: i64 = 300;
const SILENCE: std::ops::Range<i64> = 180..225;

/// Seconds for which a node that is not ready stays so, and is well in between.
const NODE_ROUND: i64 = 400;

impl Cluster {
    /// What happened since the last step.
    pub(super) fn live(&mut self, now: Timestamp, passed: Duration) -> Vec<Delta> {
        let second = now.as_second() - self.started.as_second();
        let stale = &*self.name == "codfw" && SILENCE.contains(&second.rem_euclid(ROUND));
        let mut deltas = Vec::new();
        if stale != self.stale {
            self.stale = stale;
            deltas.push(if stale {
                self.health(
                    State::Stale,
                    now,
                    "DEMO: no answer from the API server for 20 s; it is asked again every 5 s",
                )
            } else {
                self.health(State::Live, now, "")
            });
        }
        // What happens while nobody can see it is seen later.
        if stale {
            return deltas;
        }
        self.move_on(now, &mut deltas);
        for _ in 0..self.changes.due(passed) {
            self.change(now, &mut deltas);
        }
        self.measure(now, passed, &mut deltas);
        if self.workloads.due(passed) > 0 {
            let changed = self.count_groups();
            let rows: Vec<_> = changed.into_iter().filter_map(|n| self.workload_row(n)).collect();
            if !rows.is_empty() {
                deltas.push(Delta::Upsert(self.scope(TableId::Workloads), RowSet::Workloads(rows)));
            }
        }
        let silent = second.rem_euclid(NODE_ROUND * 2) < NODE_ROUND;
        if silent != self.silent {
            self.silent = silent;
            let rows: Vec<_> =
                (0..self.nodes.len()).filter(|&n| self.nodes[n].not_ready).map(|n| self.node_row(n, now)).collect();
            deltas.push(Delta::Upsert(self.scope(TableId::ClusterNodes), RowSet::ClusterNodes(rows)));
        }
        deltas
    }

    /// Phases that end by themselves.
    fn move_on(&mut self, now: Timestamp, deltas: &mut Vec<Delta>) {
        let due = |at: &usize| self.pods[*at].due.is_some_and(|due| due <= now);
        let (ready, waiting): (Vec<usize>, Vec<usize>) = self.moving.iter().partition(|at| due(at));
        self.moving = waiting;
        for at in ready {
            // It may have been listed twice; the first time has dealt with it.
            if self.pods[at].due.is_some_and(|due| due <= now)
                && let Some((next, _, _)) = self.pods[at].phase.next()
            {
                if self.pods[at].phase == Phase::Terminating {
                    self.replace(at, now, deltas);
                } else {
                    self.enter_phase(at, next, now, deltas);
                }
            }
        }
    }

    /// The pod is gone; another one of its group takes its place.
    fn replace(&mut self, at: usize, now: Timestamp, deltas: &mut Vec<Delta>) {
        deltas.push(Delta::Remove(self.scope(TableId::Pods), self.pod_key(&self.pods[at])));
        self.pods[at] = self.new_pod(self.pods[at].group, now);
        self.enter_phase(at, Phase::Creating, now, deltas);
    }

    /// The pod enters a phase: its row, and the event that tells of it.
    fn enter_phase(&mut self, at: usize, phase: Phase, now: Timestamp, deltas: &mut Vec<Delta>) {
        let next = phase.next();
        let wait = next.map(|(_, from, to)| self.random.whole(from, to));
        let pod = &mut self.pods[at];
        if matches!(phase, Phase::Crashed | Phase::OomKilled) {
            pod.restarts += 1;
            pod.last = Some((phase == Phase::OomKilled, now));
        }
        pod.phase = phase;
        pod.since = now;
        pod.due = wait.map(|seconds| ahead(now, seconds));
        if next.is_some() {
            self.moving.push(at);
        }
        let row = self.pod_row(&self.pods[at], now);
        deltas.push(Delta::Upsert(self.scope(TableId::Pods), RowSet::Pods(vec![row])));
        if let Some(event) = self.tell_phase(at, now) {
            let scope = self.scope(TableId::Events);
            deltas.push(Delta::Upsert(scope.clone(), RowSet::Events(vec![event])));
            while self.events.len() > EVENTS {
                if let Some(old) = self.events.pop_front() {
                    deltas.push(Delta::Remove(scope.clone(), old.key));
                }
            }
        }
    }

    /// One change of one pod: mostly its numbers, now and then its fate.
    fn change(&mut self, now: Timestamp, deltas: &mut Vec<Delta>) {
        if self.pods.is_empty() {
            return;
        }
        let at = self.random.below(self.pods.len());
        let deployed = self.groups[self.pods[at].group].kind == "Deployment";
        let healthy = self.pods[at].phase == Phase::Running && deployed;
        match (self.random.below(1000), healthy) {
            (0..5, true) => self.enter_phase(at, Phase::Terminating, now, deltas),
            (5..8, true) => {
                let oom = self.random.chance(40);
                let pod = &mut self.pods[at];
                pod.restarts += 1;
                pod.last = Some((oom, now));
                self.enter_phase(at, Phase::Running, now, deltas);
            }
            (8..10, true) => {
                let trouble = [Phase::Crashed, Phase::OomKilled, Phase::ErrImagePull, Phase::Unready];
                let phase = self.random.pick(&trouble).copied().unwrap_or(Phase::Crashed);
                self.enter_phase(at, phase, now, deltas);
                self.heal_one(now, deltas);
            }
            _ => {
                let row = self.pod_row(&self.pods[at], now);
                deltas.push(Delta::Upsert(self.scope(TableId::Pods), RowSet::Pods(vec![row])));
            }
        }
    }

    /// For each new trouble an old one is dealt with, so that there is always about as much.
    fn heal_one(&mut self, now: Timestamp, deltas: &mut Vec<Delta>) {
        let troubled: Vec<usize> = (0..self.pods.len())
            .filter(|&n| {
                !self.pods[n].phase.is_fine() && !matches!(self.pods[n].phase, Phase::Failed | Phase::Terminating)
            })
            .collect();
        if let Some(&at) = self.random.pick(&troubled) {
            self.enter_phase(at, Phase::Terminating, now, deltas);
        }
    }

    /// What the metrics API says, of some pods at a time: of each every 15 s.
    fn measure(&mut self, now: Timestamp, passed: Duration, deltas: &mut Vec<Delta>) {
        let due = self.usage.due(passed).min(self.pods.len());
        let pods = self.pods.iter().cycle().skip(self.measured).take(due).filter(|pod| pod.phase.works());
        let usage: Vec<Usage> = pods
            .map(|pod| Usage {
                key: self.pod_key(pod),
                cpu: Some(pod.cpu.count(now)),
                memory: Some(pod.memory.count(now)),
                at: now,
            })
            .collect();
        self.measured = (self.measured + due).checked_rem(self.pods.len()).unwrap_or(0);
        if !usage.is_empty() {
            deltas.push(Delta::Usage(TableId::Pods, usage));
        }
        if self.beat.due(passed) > 0 {
            let awake = (0..self.nodes.len()).filter(|&n| !(self.nodes[n].not_ready && self.silent));
            let usage = awake.map(|n| Usage {
                key: self.node_key(n),
                cpu: Some(self.nodes[n].cpu.count(now)),
                memory: Some(self.nodes[n].memory.count(now)),
                at: now,
            });
            deltas.push(Delta::Usage(TableId::ClusterNodes, usage.collect()));
        }
    }
}
