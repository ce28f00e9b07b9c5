//! A simulated fleet: two datacentres with a wiki farm and tenants' tools, container engines, machines; and a handful of
//! things that go wrong, from the start and over time. For a first look, for pictures, for tests and benches.
//!
//! Everything follows from the seed and the time that is passed in; nothing is read from this machine.

mod cluster;
mod engine;
mod machine;
mod names;
mod part;
mod random;
mod simulated;
mod wave;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::Source;
use crate::model::delta::Delta;
use part::Part;

/// How large the fleet is, and how lively.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// The world follows from it.
    pub seed: u64,
    /// Machines.
    pub hosts: usize,
    /// Containers on engines.
    pub containers: usize,
    /// Pods of both clusters together.
    pub pods: usize,
    /// Tenants' namespaces of both clusters together, beside those of the wiki farm.
    pub namespaces: usize,
    /// Rows of pods that change in a second.
    pub changes_per_second: f64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { seed: 1, hosts: 12, containers: 24, pods: 1500, namespaces: 80, changes_per_second: 20.0 }
    }
}

/// The fleet.
pub struct Demo {
    parts: Vec<Box<dyn Part>>,
}

impl Demo {
    /// A fleet of this shape.
    pub fn new(shape: &Shape) -> Self {
        let mut parts: Vec<Box<dyn Part>> = Vec::new();
        // Three of five pods stand in the primary datacentre.
        let first = shape.pods - shape.pods * 2 / 5;
        for (n, pods) in [first, shape.pods - first].into_iter().enumerate() {
            let namespaces = (shape.namespaces + 1 - n) / 2;
            let part = if shape.pods == 0 { 0.0 } else { pods as f64 / shape.pods as f64 };
            parts.push(Box::new(cluster::Cluster::new(
                shape.seed,
                n,
                pods,
                namespaces,
                shape.changes_per_second * part,
            )));
        }
        let engines = names::engines(shape.containers);
        for n in 0..engines {
            let containers = shape.containers / engines + usize::from(n < shape.containers % engines);
            parts.push(Box::new(engine::Engine::new(shape.seed, n, containers)));
        }
        for (n, (name, role)) in names::machines(shape.hosts, engines).into_iter().enumerate() {
            parts.push(Box::new(machine::Machine::new(shape.seed, n, &name, role)));
        }
        Self { parts }
    }

    /// The fleet as it is found.
    pub fn start(&mut self, now: Timestamp) -> Vec<Delta> {
        self.parts.iter_mut().flat_map(|part| part.start(now)).collect()
    }

    /// What happened in the `passed` time up to now.
    pub fn step(&mut self, now: Timestamp, passed: Duration) -> Vec<Delta> {
        self.parts.iter_mut().flat_map(|part| part.step(now, passed)).collect()
    }

    /// The fleet as sources that drive themselves by the clock: one for each cluster, engine and machine.
    pub fn into_sources(self) -> Vec<Box<dyn Source>> {
        let sources = self.parts.into_iter().map(simulated::Simulated::new);
        sources.map(|source| Box::new(source) as Box<dyn Source>).collect()
    }
}

/// Shares a text.
fn shared(text: impl AsRef<str>) -> Arc<str> {
    text.as_ref().into()
}

#[cfg(test)]
mod tests;
