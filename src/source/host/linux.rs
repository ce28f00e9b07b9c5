//! Linux, by the files of `/proc` and `/sys`. They are read under a root that may be a captured tree.
//!
//! `procfs-core` reads a file all or nothing, and some of its parsers panic on what no kernel writes. Containers with
//! lxcfs, old kernels and captured trees lack lines; what is missing must cost one value, not all of them. So the few
//! values that are needed are read here, line by line.

mod block;
mod cpu;
mod memory;
mod mounts;
mod network;
mod pressure;
mod process;
mod rate;
mod root;
mod system;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::facts::{Facts, Mount};
use crate::model::rows::Pressure;
pub(super) use process::{Scanner, describe};
use rate::Elapsed;
pub(super) use root::Root;

/// What the last look saw, for the differences to it.
struct Before {
    elapsed: Elapsed,
    cpu: Option<cpu::Stat>,
    interfaces: Vec<network::Interface>,
    devices: Vec<block::Device>,
}

/// What the machine runs.
#[derive(Clone)]
struct Names {
    os: Option<Arc<str>>,
    kernel: Option<Arc<str>>,
}

/// A Linux machine: reads the quick facts and remembers counters between looks.
pub(super) struct Machine {
    root: Root,
    before: Option<Before>,
    named: Option<Names>,
    looks: u32,
}

/// Looks after which the names of system and kernel are read again: about every 30 s.
const NAMES_EVERY: u32 = 15;

impl Machine {
    /// The machine whose files lie under `root`.
    pub(super) fn new(root: Root) -> Self {
        Self { root, before: None, named: None, looks: 0 }
    }

    /// Looks. Rates and shares are unknown the first time, and once after a counter shrank or the machine rebooted.
    pub(super) fn facts(&mut self) -> Facts {
        let stat = self.root.read("proc/stat").map(|text| cpu::parse(&text));
        let uptime = self.root.read("proc/uptime").and_then(|text| system::uptime(&text));
        let interfaces = self.root.read("proc/net/dev").map(|text| network::parse(&text)).unwrap_or_default();
        let devices = self.devices();
        let now = Before {
            elapsed: Elapsed { uptime, booted: stat.as_ref().and_then(|stat| stat.booted) },
            cpu: stat,
            interfaces,
            devices,
        };
        let mut facts = self.names();
        facts.booted = now.elapsed.booted;
        facts.cores = now.cpu.as_ref().and_then(|stat| u32::try_from(stat.cores.len()).ok()).filter(|&n| n > 0);
        facts.load = self.root.read("proc/loadavg").and_then(|text| system::load(&text));
        facts.pressure = self.pressure();
        facts.memory = self.root.read("proc/meminfo").map(|text| memory::parse(&text)).unwrap_or_default();
        facts.processes = self.root.count_numbered("proc");
        if let Some(before) = self.before.as_ref()
            && let Some(seconds) = now.elapsed.since(&before.elapsed)
        {
            self.differences(&mut facts, before, &now, seconds);
        }
        self.before = Some(now);
        facts
    }

    fn differences(&self, facts: &mut Facts, before: &Before, now: &Before, seconds: f64) {
        if let (Some(old), Some(new)) = (before.cpu.as_ref(), now.cpu.as_ref()) {
            facts.cpu = cpu::shares(old.all, new.all);
            facts.busy = facts.cpu.map(super::facts::Shares::busy);
            facts.per_core = new
                .cores
                .iter()
                .map(|(id, times)| {
                    let old = old.cores.iter().find(|(known, _)| known == id).map(|(_, times)| *times);
                    cpu::shares(old, Some(*times)).map(super::facts::Shares::busy)
                })
                .collect();
        }
        facts.interfaces = network::flows(&before.interfaces, &now.interfaces, seconds);
        let counted = |name: &str| self.root.exists(&format!("sys/class/net/{name}/device"));
        (facts.received, facts.sent) = network::sum(&facts.interfaces, counted);
        (facts.read, facts.written) = block::rates(&before.devices, &now.devices, seconds);
    }

    /// Whole devices: those with hardware (or a hypervisor's device) behind them, so that partitions, LVM, RAID and
    /// loop devices do not count the same bytes again.
    fn devices(&self) -> Vec<block::Device> {
        let Some(text) = self.root.read("proc/diskstats") else { return Vec::new() };
        let mut devices = block::parse(&text);
        // In `/sys` a name's slashes are written as exclamation marks.
        devices.retain(|d| self.root.exists(&format!("sys/block/{}/device", d.name.replace('/', "!"))));
        devices
    }

    fn pressure(&self) -> Pressure {
        let of = |what: &str| self.root.read(&format!("proc/pressure/{what}")).and_then(|text| pressure::some(&text));
        Pressure { cpu: of("cpu"), memory: of("memory"), io: of("io") }
    }

    fn names(&mut self) -> Facts {
        if self.looks.is_multiple_of(NAMES_EVERY) {
            self.named = None;
        }
        self.looks = self.looks.wrapping_add(1);
        let root = &self.root;
        let Names { os, kernel } = self
            .named
            .get_or_insert_with(|| {
                let os = root
                    .read("etc/os-release")
                    .or_else(|| root.read("usr/lib/os-release"))
                    .and_then(|text| system::pretty_name(&text));
                Names { os, kernel: root.read("proc/sys/kernel/osrelease").and_then(|text| system::line(&text)) }
            })
            .clone();
        Facts { os, kernel, ..Facts::default() }
    }
}

/// The real file systems mounted now, each once.
pub(super) fn mounts(root: &Root) -> Vec<Mount> {
    root.read("proc/self/mountinfo").map(|text| mounts::parse(&text)).unwrap_or_default()
}

/// When this machine booted, for ages of processes.
fn booted(root: &Root) -> Option<Timestamp> {
    root.read("proc/stat").and_then(|text| cpu::parse(&text).booted)
}

/// Ticks of `/proc`'s process times a second.
fn tick() -> Duration {
    Duration::from_secs(1) / u32::try_from(rustix::param::clock_ticks_per_second().max(1)).unwrap_or(100)
}

#[cfg(test)]
mod tests;
