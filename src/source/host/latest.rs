//! What is known of the machine now: parts come in at their own pace, the row is put together of them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    disks::Round,
    facts::{Facts, Processes},
    history::{EVERY, History},
    now,
    standing::Standing,
};
use crate::model::rows::{DiskRow, NodeRow, UnitRow};

/// A part that was read.
pub(super) enum Part {
    /// The quick facts.
    Facts(Box<Facts>),
    /// File systems.
    Disks(Round),
    /// Units, `None` without systemd; or why they are not known.
    Units(Result<Option<Vec<UnitRow>>, String>),
    /// Processes.
    Processes(Processes),
    /// What changes rarely.
    Standing(Standing),
    /// Seconds the clock is ahead of ours.
    Skew(i64),
    /// What observing costs.
    Cost(Cost),
}

/// What the probe costs its host since it was started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    /// Percent of one core, with all it runs.
    pub(super) cpu: f64,
    /// Bytes it sends a second.
    pub(super) bytes: f64,
}

/// Everything that was read last.
pub(super) struct Latest {
    /// The quick facts; `None` before the first look.
    pub(super) facts: Option<Facts>,
    /// File systems; `None` before the first round.
    pub(super) disks: Option<Vec<DiskRow>>,
    /// Mount points that do not answer.
    pub(super) hung: Vec<String>,
    /// Units.
    pub(super) units: Option<Vec<UnitRow>>,
    /// Why the units are not known.
    pub(super) units_fault: Option<String>,
    /// Processes.
    pub(super) processes: Processes,
    /// What changes rarely; `None` before it was read.
    pub(super) standing: Option<Standing>,
    /// Seconds the clock is ahead of ours.
    pub(super) skew: Option<i64>,
    /// What observing costs, where that is measured.
    pub(super) cost: Option<Cost>,
    /// Groups it belongs to, joined by commas.
    pub(super) groups: Option<Arc<str>>,
    /// The datacentre it stands in.
    pub(super) datacentre: Option<Arc<str>>,
    node: Arc<str>,
    /// When the histories were added to last.
    beat: Option<Instant>,
    cpu: History,
    memory: History,
    network: History,
}

impl Latest {
    /// Nothing is known of `node` yet.
    pub(super) fn new(node: &Arc<str>) -> Self {
        Self {
            facts: None,
            disks: None,
            hung: Vec::new(),
            units: None,
            units_fault: None,
            processes: Processes::default(),
            standing: None,
            skew: None,
            cost: None,
            groups: None,
            datacentre: None,
            node: node.clone(),
            beat: None,
            cpu: History::default(),
            memory: History::default(),
            network: History::default(),
        }
    }

    /// Takes the quick facts; they are the beat of the histories, in which what comes seldom stands for the time it took.
    pub(super) fn take_facts(&mut self, facts: Facts) {
        let now = Instant::now();
        let beats = self.beat.map_or(1, |before| beats(now.duration_since(before)));
        self.beat = Some(now);
        let percent = |used: u64, total: u64| used as f64 * 100.0 / total as f64;
        let memory = &facts.memory;
        let used = memory.used().zip(memory.total.filter(|&t| t > 0)).map(|(used, total)| percent(used, total));
        for _ in 0..beats {
            self.cpu.push(facts.busy);
            self.memory.push(used);
            self.network.push(facts.received.zip(facts.sent).map(|(received, sent)| received + sent));
        }
        self.facts = Some(facts);
    }

    /// The machine's row; what was not read yet is unknown.
    pub(super) fn row(&self) -> NodeRow {
        let mut row = NodeRow::unknown(&self.node);
        row.groups.clone_from(&self.groups);
        row.datacentre.clone_from(&self.datacentre);
        if let Some(facts) = &self.facts {
            row.os.clone_from(&facts.os);
            row.kernel.clone_from(&facts.kernel);
            row.booted = facts.booted;
            row.cores = facts.cores;
            row.cpu = facts.busy;
            row.user = facts.cpu.map(|shares| shares.user);
            row.system = facts.cpu.map(|shares| shares.system);
            row.iowait = facts.cpu.map(|shares| shares.iowait);
            row.steal = facts.cpu.map(|shares| shares.steal);
            row.load = facts.load;
            row.pressure = facts.pressure;
            row.memory_total = facts.memory.total;
            row.memory_used = facts.memory.used();
            row.swap_total = facts.memory.swap_total;
            row.swap_used = facts.memory.swap_used();
            row.received = facts.received;
            row.sent = facts.sent;
            row.read = facts.read;
            row.written = facts.written;
            row.processes = facts.processes;
        }
        let writable = || self.disks.iter().flatten().filter(|disk| !disk.read_only);
        let worst = |percent: fn(&DiskRow) -> Option<f64>| {
            let known = writable().filter_map(|disk| Some((disk.mount.clone(), percent(disk)?)));
            known.max_by(|a, b| a.1.total_cmp(&b.1))
        };
        row.fullest = worst(DiskRow::percent);
        row.fewest_inodes = worst(DiskRow::inode_percent);
        row.failed_units = self.units.as_ref().map(|units| {
            let failed = units.iter().filter(|unit| &*unit.active == "failed").count();
            u32::try_from(failed).unwrap_or(u32::MAX)
        });
        if let Some(standing) = &self.standing {
            row.boot.clone_from(&standing.boot);
            row.support = standing.support;
            row.stage = standing.support.map(|support| support.stage(now()));
            row.raid = standing.raid();
            row.reboot = standing.reboot.0;
            row.virtualisation.clone_from(&standing.virtualisation);
        }
        row.skew = self.skew;
        row.waiting = self.processes.waiting;
        row.hung = self.disks.as_ref().map(|_| u32::try_from(self.hung.len()).unwrap_or(u32::MAX));
        row.top = self.processes.rows.first().and_then(|top| Some((top.name.clone(), top.cpu?)));
        row.busy.clone_from(&self.processes.busy);
        row.cpu_history = self.cpu.shared();
        row.memory_history = self.memory.shared();
        row.network_history = self.network.shared();
        row
    }
}

/// How many beats of a history so much time is; one after a gap in which nothing was known.
fn beats(time: Duration) -> u32 {
    match (time.as_secs_f64() / EVERY.as_secs_f64()).round() {
        beats if !(2.0..=3.0).contains(&beats) => 1,
        beats if beats < 3.0 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::key::Key, source::host::facts::Memory};

    fn disk(mount: &str, used: u64, read_only: bool) -> DiskRow {
        DiskRow {
            key: Key::of(&["h1", mount]),
            node: "h1".into(),
            mount: mount.into(),
            device: "/dev/sda1".into(),
            kind: "ext4".into(),
            size: 100,
            used,
            available: 100 - used,
            inodes: 10,
            inodes_used: 1,
            read_only,
        }
    }

    #[test]
    fn what_was_not_read_is_unknown() {
        let row = Latest::new(&"h1".into()).row();
        assert_eq!(row, NodeRow::unknown("h1"));
    }

    #[test]
    fn the_fullest_is_one_that_can_be_written() {
        let mut latest = Latest::new(&"h1".into());
        latest.disks = Some(vec![disk("/", 40, false), disk("/iso", 100, true), disk("/srv", 90, false)]);
        let row = latest.row();
        assert_eq!(row.fullest.map(|(mount, p)| (mount.to_string(), p)), Some(("/srv".to_owned(), 90.0)));
    }

    #[test]
    fn a_history_keeps_its_time_when_facts_come_less_often() {
        let of = |millis| beats(Duration::from_millis(millis));
        assert_eq!((of(0), of(500), of(2100), of(4000), of(5900), of(3_600_000)), (1, 1, 1, 2, 3, 1));
    }

    #[test]
    fn histories_grow_with_the_facts() {
        let mut latest = Latest::new(&"h1".into());
        let memory = Memory { total: Some(200), available: Some(50), ..Memory::default() };
        latest.take_facts(Facts { memory, ..Facts::default() });
        latest.take_facts(Facts { memory, received: Some(3.0), sent: Some(4.0), ..Facts::default() });
        let row = latest.row();
        assert_eq!(row.memory_history.as_ref(), &[75.0, 75.0]);
        assert_eq!(row.network_history.as_ref(), &[7.0]);
        assert!(row.cpu_history.is_empty());
    }
}
