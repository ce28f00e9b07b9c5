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

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    facts::{Facts, Mount},
    files::Files,
};
use crate::model::rows::Pressure;
pub(super) use mounts::{numbers, parse as parse_mounts};
pub(super) use process::{LEADERS, ROWS, Scanner, Stat, Tracker, Units, describe};
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
#[derive(Default)]
pub(super) struct Machine {
    before: Option<Before>,
    named: Option<Names>,
    looks: u32,
}

/// Looks after which the names of system and kernel are read again: about every 30 s.
const NAMES_EVERY: u32 = 15;

impl Machine {
    /// Looks at the machine whose files these are. Rates and shares are unknown the first time, and once after a counter
    /// shrank or the machine rebooted.
    pub(super) fn facts(&mut self, files: &dyn Files) -> Facts {
        let stat = files.read("proc/stat").map(|text| cpu::parse(&text));
        let uptime = files.read("proc/uptime").and_then(|text| system::uptime(&text));
        let interfaces = files.read("proc/net/dev").map(|text| network::parse(&text)).unwrap_or_default();
        let now = Before {
            elapsed: Elapsed { uptime, booted: stat.as_ref().and_then(|stat| stat.booted) },
            cpu: stat,
            interfaces,
            devices: devices(files),
        };
        let mut facts = self.names(files);
        facts.booted = now.elapsed.booted;
        facts.cores = now.cpu.as_ref().and_then(|stat| u32::try_from(stat.cores.len()).ok()).filter(|&n| n > 0);
        facts.load = files.read("proc/loadavg").and_then(|text| system::load(&text));
        facts.pressure = pressure(files);
        facts.memory = files.read("proc/meminfo").map(|text| memory::parse(&text)).unwrap_or_default();
        facts.processes = files.processes();
        if let Some(before) = self.before.as_ref()
            && let Some(seconds) = now.elapsed.since(&before.elapsed)
        {
            differences(files, &mut facts, before, &now, seconds);
        }
        self.before = Some(now);
        facts
    }

    fn names(&mut self, files: &dyn Files) -> Facts {
        if self.looks.is_multiple_of(NAMES_EVERY) {
            self.named = None;
        }
        self.looks = self.looks.wrapping_add(1);
        // What is not known yet is looked for every time: a host over SSH tells it after its first numbers.
        let known = self.named.take_if(|known| known.os.is_some() && known.kernel.is_some());
        let names = known.unwrap_or_else(|| {
            let os = files.read("etc/os-release").or_else(|| files.read("usr/lib/os-release"));
            let kernel = files.read("proc/sys/kernel/osrelease");
            Names {
                os: os.and_then(|text| system::pretty_name(&text)),
                kernel: kernel.and_then(|text| system::line(&text)),
            }
        });
        let Names { os, kernel } = self.named.insert(names).clone();
        Facts { os, kernel, ..Facts::default() }
    }
}

fn differences(files: &dyn Files, facts: &mut Facts, before: &Before, now: &Before, seconds: f64) {
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
    let counted = |name: &str| files.exists(&format!("sys/class/net/{name}/device"));
    (facts.received, facts.sent) = network::sum(&facts.interfaces, counted);
    (facts.read, facts.written) = block::rates(&before.devices, &now.devices, seconds);
}

/// Whole devices: those with hardware (or a hypervisor's device) behind them, so that partitions, LVM, RAID and
/// loop devices do not count the same bytes again.
fn devices(files: &dyn Files) -> Vec<block::Device> {
    let Some(text) = files.read("proc/diskstats") else { return Vec::new() };
    let mut devices = block::parse(&text);
    // In `/sys` a name's slashes are written as exclamation marks.
    devices.retain(|d| files.exists(&format!("sys/block/{}/device", d.name.replace('/', "!"))));
    devices
}

fn pressure(files: &dyn Files) -> Pressure {
    let of = |what: &str| files.read(&format!("proc/pressure/{what}")).and_then(|text| pressure::some(&text));
    Pressure { cpu: of("cpu"), memory: of("memory"), io: of("io") }
}

/// The real file systems mounted now, each once.
pub(super) fn mounts(root: &dyn Files) -> Vec<Mount> {
    root.read("proc/self/mountinfo").map(|text| mounts::parse(&text)).unwrap_or_default()
}

/// When this machine booted, for ages of processes.
pub(super) fn booted(root: &dyn Files) -> Option<Timestamp> {
    root.read("proc/stat").and_then(|text| cpu::parse(&text).booted)
}

/// Ticks of `/proc`'s process times a second, on this machine.
fn hertz() -> u32 {
    u32::try_from(rustix::param::clock_ticks_per_second()).ok().filter(|&hertz| hertz > 0).unwrap_or(100)
}

#[cfg(test)]
mod tests;
