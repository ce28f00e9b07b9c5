//! A simulated machine: its numbers, disks, units and processes.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    names::{self, Role},
    part::{Pace, Part, ago, describe},
    random::Random,
    shared,
    wave::Wave,
};
use crate::model::{
    delta::{Delta, Scope},
    document::Document,
    health::{Health, State},
    key::{Key, SourceId},
    rows::{Busy, DiskRow, NodeRow, Pressure, ProcessRow, Raid, UnitRow},
    store::{RowSet, TableId},
};

const GIB: u64 = 1 << 30;

/// Seconds of a round in which a machine has a busy process, and how many of them it lasts.
const BUSY_ROUND: i64 = 1800;
const BUSY_SPELL: i64 = 500;

struct Program {
    pid: u32,
    name: &'static str,
    user: &'static str,
    cpu: Wave,
    memory: u64,
    state: char,
}

/// The machine.
pub(super) struct Machine {
    id: SourceId,
    name: Arc<str>,
    number: usize,
    role: Role,
    random: Random,
    cpu: Wave,
    memory: Wave,
    received: Wave,
    written: Wave,
    programs: Vec<Program>,
    disks: Vec<DiskRow>,
    units: Vec<UnitRow>,
    started: Timestamp,
    booted: Timestamp,
    beat: Pace,
    fill: Pace,
}

/// Programs by what a machine does: name, user, percent of a core. The first is the one that runs wild at times.
fn programs(role: Role) -> &'static [(&'static str, &'static str, f64)] {
    match role {
        Role::Bastion => {
            &[("kubectl", "bob", 6.0), ("sshd", "root", 1.0), ("ssh", "alice", 2.0), ("tmux: server", "alice", 0.5)]
        }
        Role::Engine => {
            &[("ruby", "991", 42.0), ("dockerd", "root", 6.0), ("containerd", "root", 4.0), ("postgres", "70", 11.0)]
        }
        Role::Database => {
            &[("mariadbd", "mysql", 78.0), ("prometheus-mysq", "prometheus", 2.0), ("pt-heartbeat", "root", 1.0)]
        }
        Role::Worker => &[
            ("php-fpm8.3", "www-data", 82.0),
            ("envoy", "1337", 31.0),
            ("mcrouter", "998", 14.0),
            ("kubelet", "root", 9.0),
            ("containerd", "root", 5.0),
        ],
    }
}

/// Programs that run everywhere.
const COMMON: [(&str, &str, f64); 6] = [
    ("systemd", "root", 0.3),
    ("systemd-journal", "root", 1.5),
    ("prometheus-node", "prometheus", 1.2),
    ("rsyslogd", "root", 0.8),
    ("cron", "root", 0.1),
    ("kworker/u96:3", "root", 0.4),
];

impl Machine {
    /// The n-th machine.
    pub(super) fn new(seed: u64, number: usize, name: &Arc<str>, role: Role) -> Self {
        let mut random = Random::of(seed, name);
        let busy = if role == Role::Bastion { 6.0 } else { random.between(14.0, 52.0) };
        let total = 128.0 * GIB as f64;
        let mut pid = 300;
        let programs = programs(role).iter().chain(&COMMON).map(|&(name, user, percent)| {
            pid += u32::try_from(random.whole(3, 400)).unwrap_or(3);
            Program {
                pid,
                name,
                user,
                cpu: Wave::around(percent, 0.4, &mut random),
                memory: u64::try_from(random.whole(4, 900)).unwrap_or(4) << 20,
                // One waits for a device that does not answer.
                state: if number == 4 && name == "cron" { 'D' } else { 'S' },
            }
        });
        let programs = programs.collect();
        Self {
            id: SourceId::new("host", name),
            name: name.clone(),
            number,
            role,
            cpu: Wave::around(busy, 0.5, &mut random),
            memory: Wave::around(random.between(0.25, 0.7) * total, 0.06, &mut random),
            received: Wave::around(random.between(40_000.0, 9_000_000.0), 0.7, &mut random),
            written: Wave::around(random.between(9_000.0, 2_000_000.0), 0.8, &mut random),
            programs,
            disks: Vec::new(),
            units: Vec::new(),
            started: Timestamp::UNIX_EPOCH,
            booted: Timestamp::UNIX_EPOCH,
            random,
            beat: Pace::every(2.0),
            fill: Pace::every(10.0),
        }
    }

    fn scope(&self, table: TableId) -> Scope {
        Scope::all(&self.id, table)
    }

    fn make_disks(&mut self) {
        let mounts: &[(&str, &str, u64)] = match self.role {
            Role::Database => &[("/", "ext4", 40), ("/srv", "xfs", 8800)],
            Role::Engine => &[("/", "ext4", 40), ("/var/lib/docker", "ext4", 400), ("/mnt/backup disk", "ext4", 900)],
            _ => &[("/", "ext4", 70), ("/srv", "ext4", 350)],
        };
        let mut disk = |n: usize, &(mount, kind, gib): &(&str, &str, u64)| {
            let size = gib * GIB;
            // The second database's data and the first engine's root are the trouble there is from the start.
            let percent = match (self.role, self.number % 2, mount) {
                (Role::Database, 0, "/srv") => 97,
                (Role::Engine, 1, "/") => 88,
                _ => u64::try_from(self.random.whole(12, 71)).unwrap_or(12),
            };
            let used = size / 100 * percent;
            DiskRow {
                key: Key::of(&[&self.name, mount]),
                node: self.name.clone(),
                mount: mount.into(),
                device: format!("/dev/mapper/{}--vg-{n}", self.name).into(),
                kind: kind.into(),
                size,
                used,
                available: size - used,
                inodes: gib * 65_536,
                inodes_used: gib * 65_536 / 100 * u64::try_from(self.random.whole(1, 40)).unwrap_or(1),
                read_only: false,
            }
        };
        self.disks = mounts.iter().enumerate().map(|(n, mount)| disk(n, mount)).collect();
    }

    fn make_units(&mut self) {
        let of_role: &[&str] = match self.role {
            Role::Bastion => &["fail2ban.service", "keyholder-agent.service"],
            Role::Engine => &["docker.service", "containerd.service", "borgmatic.timer"],
            Role::Database => &["mariadb.service", "prometheus-mysqld-exporter.service"],
            Role::Worker => &["kubelet.service", "containerd.service", "confd.service"],
        };
        let common = [
            "ssh.service",
            "cron.service",
            "systemd-journald.service",
            "prometheus-node-exporter.service",
            "apt-daily.timer",
            "backup.service",
        ];
        let unit = |name: &&str| {
            // On the first engine the backup failed last night.
            let failed = *name == "backup.service" && self.number == 1;
            let (active, sub) = match (failed, name.rsplit('.').next() == Some("timer"), *name) {
                (true, _, _) => ("failed", "failed"),
                (_, true, _) => ("active", "waiting"),
                (_, _, "backup.service") => ("inactive", "dead"),
                _ => ("active", "running"),
            };
            UnitRow {
                key: Key::of(&[&self.name, name]),
                node: self.name.clone(),
                unit: shared(name),
                load: shared("loaded"),
                active: shared(active),
                sub: shared(sub),
                description: format!("DEMO {}", name.trim_end_matches(".service")).into(),
            }
        };
        self.units = common.iter().chain(of_role).map(unit).collect();
    }

    /// Since when this machine has a busy process; each has one for a while now and then, the first engine from the start.
    fn busy_since(&self, now: Timestamp) -> Option<Timestamp> {
        let offset = if self.number == 1 { 0 } else { 600 + i64::try_from(self.number).unwrap_or(0) * 137 };
        let passed = now.as_second() - self.started.as_second() - offset;
        let at = passed.rem_euclid(BUSY_ROUND);
        let past = if self.number == 1 { 360 } else { 0 };
        (passed >= 0 && at < BUSY_SPELL).then(|| ago(now, at + past))
    }

    fn node(&self, now: Timestamp) -> NodeRow {
        let mut row = NodeRow::unknown(&self.name);
        let busy = self.busy_since(now);
        let cores = if self.role == Role::Bastion { 8 } else { 48 };
        let cpu = (self.cpu.at(now) + if busy.is_some() { 100.0 / f64::from(cores) } else { 0.0 }).min(100.0);
        row.boot = names::boot(&self.name);
        row.groups = Some(shared(match self.role {
            Role::Bastion => "edge",
            Role::Engine => "farms",
            Role::Database => "databases",
            Role::Worker => "workers",
        }));
        row.os = Some(shared("Debian GNU/Linux 12 (bookworm)"));
        row.support = names::support();
        row.stage = row.support.map(|support| support.stage(now));
        row.kernel = Some(shared("6.1.0-28-amd64"));
        row.booted = Some(self.booted);
        row.cores = Some(cores);
        row.cpu = Some(cpu);
        row.user = Some(cpu * 0.72);
        row.system = Some(cpu * 0.28);
        row.iowait = Some(self.written.at(now) / 1_500_000.0);
        row.steal = Some(0.0);
        let load = cpu * f64::from(cores) / 100.0;
        row.load = Some([load, load * 0.94, load * 0.9]);
        row.pressure =
            Pressure { cpu: Some(cpu / 12.0), memory: Some(0.0), io: Some(self.written.at(now) / 900_000.0) };
        row.memory_total = Some(128 * GIB);
        row.memory_used = Some(self.memory.count(now));
        row.swap_total = Some(GIB);
        row.swap_used = Some(self.memory.count(now) % (GIB / 5));
        let worst = |percent: fn(&DiskRow) -> Option<f64>| {
            let known = self.disks.iter().filter_map(|disk| Some((disk.mount.clone(), percent(disk)?)));
            known.max_by(|a, b| a.1.total_cmp(&b.1))
        };
        row.fullest = worst(DiskRow::percent);
        row.fewest_inodes = worst(DiskRow::inode_percent);
        row.received = Some(self.received.at(now));
        row.sent = Some(self.received.at(now) * 1.3);
        row.read = Some(self.written.at(now) * 0.3);
        row.written = Some(self.written.at(now));
        row.processes = u32::try_from(180 + self.number * 7).ok();
        (row.waiting, row.hung, row.skew) = (Some(0), Some(0), Some(0));
        row.raid = Some(self.raid());
        // Every third machine has a newer kernel installed than the one it runs.
        row.reboot = Some(self.number % 3 == 1);
        row.virtualisation = Some(shared(if self.role == Role::Bastion { "kvm" } else { "none" }));
        row.failed_units = u32::try_from(self.units.iter().filter(|unit| &*unit.active == "failed").count()).ok();
        let processes = self.processes(now);
        row.top = processes.first().and_then(|top| Some((top.name.clone(), top.cpu?)));
        row.busy = processes.iter().find_map(|process| {
            let since = process.busy_since?;
            Some(Busy { pid: process.pid, name: process.name.to_string(), percent: process.cpu?, since })
        });
        row.cpu_history = self.cpu.history(now);
        row.memory_history =
            self.memory.history(now).iter().map(|bytes| bytes * 100.0 / (128.0 * 1_073_741_824.0)).collect();
        row.network_history = self.received.history(now).iter().map(|rate| rate * 2.3).collect();
        row
    }

    /// Machines on hardware mirror their disks; the second database checks one of its mirrors.
    fn raid(&self) -> Raid {
        match self.role {
            Role::Bastion => Raid::default(),
            Role::Database => Raid { arrays: 2, degraded: 0, syncing: u32::from(self.number % 2 == 1) },
            Role::Engine | Role::Worker => Raid { arrays: 1, degraded: 0, syncing: 0 },
        }
    }

    fn processes(&self, now: Timestamp) -> Vec<ProcessRow> {
        let busy = self.busy_since(now);
        let mut rows: Vec<ProcessRow> = self
            .programs
            .iter()
            .enumerate()
            .map(|(n, program)| {
                let busy = busy.filter(|_| n == 0);
                ProcessRow {
                    key: Key::of(&[&self.name, &program.pid.to_string()]),
                    node: self.name.clone(),
                    container: None,
                    pid: program.pid,
                    inner_pid: None,
                    parent: Some(1),
                    user: Some(shared(program.user)),
                    name: shared(program.name),
                    command: format!("/usr/sbin/{} --demo", program.name),
                    cpu: Some(if busy.is_some() { 99.5 } else { program.cpu.at(now).min(89.0) }),
                    memory: Some(program.memory),
                    state: if busy.is_some() { 'R' } else { program.state },
                    waits_in: None,
                    threads: Some(1 + program.pid % 17),
                    started: Some(self.booted),
                    busy_since: busy,
                }
            })
            .collect();
        rows.sort_by(|a, b| b.cpu.unwrap_or(0.0).total_cmp(&a.cpu.unwrap_or(0.0)));
        rows
    }
}

impl Part for Machine {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn start(&mut self, now: Timestamp) -> Vec<Delta> {
        self.started = now;
        self.booted = ago(now, self.random.whole(2, 300) * 86_400);
        self.make_disks();
        self.make_units();
        let health = Health { source: self.id.clone(), state: State::Polling, since: now, message: String::new() };
        let mut deltas = vec![Delta::Health(health)];
        for rows in [
            RowSet::Nodes(vec![self.node(now)]),
            RowSet::Disks(self.disks.clone()),
            RowSet::Units(self.units.clone()),
            RowSet::Processes(self.processes(now)),
        ] {
            let scope = self.scope(rows.table());
            deltas.extend([Delta::Begin(scope.clone()), Delta::Upsert(scope.clone(), rows), Delta::Commit(scope)]);
        }
        deltas
    }

    fn step(&mut self, now: Timestamp, passed: Duration) -> Vec<Delta> {
        let mut deltas = Vec::new();
        for _ in 0..self.fill.due(passed) {
            for disk in &mut self.disks {
                // Data grow slowly, and are cleaned up before the disk is full.
                let grown = disk.used + disk.size / 200_000;
                disk.used = if grown > disk.size / 100 * 98 { disk.size / 100 * 96 } else { grown };
                disk.available = disk.size - disk.used;
            }
            deltas.push(Delta::Upsert(self.scope(TableId::Disks), RowSet::Disks(self.disks.clone())));
        }
        if self.beat.due(passed) > 0 {
            deltas.push(Delta::Upsert(self.scope(TableId::Nodes), RowSet::Nodes(vec![self.node(now)])));
            deltas.push(Delta::Upsert(self.scope(TableId::Processes), RowSet::Processes(self.processes(now))));
        }
        deltas
    }

    fn details(&self, table: TableId, key: &Key, now: Timestamp) -> Option<Document> {
        match table {
            TableId::Nodes => (**key == *self.name).then(|| describe(&self.node(now), now)),
            TableId::Disks => self.disks.iter().find(|row| row.key == *key).map(|row| describe(row, now)),
            TableId::Units => self.units.iter().find(|row| row.key == *key).map(|row| describe(row, now)),
            TableId::Processes => self.processes(now).iter().find(|row| row.key == *key).map(|row| describe(row, now)),
            _ => None,
        }
    }
}
