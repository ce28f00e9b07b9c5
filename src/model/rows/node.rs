//! A machine.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Boot, Face, Stage, Support, share, threshold};
use crate::model::{
    field::{Field, Tone},
    key::Key,
    severity::Severity,
    table::Row,
    value::{Kind, Value},
};

/// Seconds from which on a clock is wrong: certificates, logs and Kerberos begin to suffer.
pub const SKEW: i64 = 5;

/// Pressure stall information of one resource: percent of time in which some task waited, over 10 s
/// (`/proc/pressure/*`, `some avg10`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pressure {
    /// Waiting for a processor.
    pub cpu: Option<f64>,
    /// Waiting for memory.
    pub memory: Option<f64>,
    /// Waiting for I/O.
    pub io: Option<f64>,
}

/// Software RAID arrays of a machine, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raid {
    /// All of them.
    pub arrays: u32,
    /// Those that miss a member or do not run.
    pub degraded: u32,
    /// Those that are being rebuilt or checked.
    pub syncing: u32,
}

impl Raid {
    /// One short text: `2 ok`, `1 of 2 degraded`.
    fn shown(self) -> String {
        let Self { arrays, degraded, syncing } = self;
        let syncing = if syncing > 0 { format!(", {syncing} syncing") } else { String::new() };
        match (arrays, degraded) {
            (0, _) => "none".to_owned(),
            (_, 0) => format!("{arrays} ok{syncing}"),
            _ => format!("{degraded} of {arrays} degraded{syncing}"),
        }
    }
}

/// A process that has kept a core busy for long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Busy {
    /// Its host PID.
    pub pid: u32,
    /// Its command name.
    pub name: String,
    /// Percent of one core, now.
    pub percent: f64,
    /// Since when it has been above 90 %.
    pub since: Timestamp,
}

/// A machine: this one, or a host over SSH.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRow {
    /// The name; unique.
    pub key: Key,
    /// Name as configured, or the host name.
    pub name: Arc<str>,
    /// Groups it belongs to, as configured, joined by commas.
    pub groups: Option<Arc<str>>,
    /// The datacentre it stands in, as configured.
    pub datacentre: Option<Arc<str>>,
    /// By what it is known again; `None` where that cannot be read.
    pub boot: Option<Boot>,
    /// What the cluster says of it whose node it is; filled from the cluster's nodes.
    #[serde(skip)]
    pub face: Option<Arc<Face>>,
    /// Pretty name of the operating system (`/etc/os-release`).
    pub os: Option<Arc<str>>,
    /// Until when its system is supported; `None` when that is not known.
    pub support: Option<Support>,
    /// What that was worth when the row was made.
    pub stage: Option<Stage>,
    /// Running kernel release.
    pub kernel: Option<Arc<str>>,
    /// When it booted.
    pub booted: Option<Timestamp>,
    /// Logical processors.
    pub cores: Option<u32>,
    /// Busy share of all processors, percent, 0–100.
    pub cpu: Option<f64>,
    /// User share (with nice; guest time is in it already).
    pub user: Option<f64>,
    /// System share, with interrupts.
    pub system: Option<f64>,
    /// Share waiting for I/O.
    pub iowait: Option<f64>,
    /// Share taken by the hypervisor.
    pub steal: Option<f64>,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Pressure stall information.
    pub pressure: Pressure,
    /// Bytes of memory.
    pub memory_total: Option<u64>,
    /// Total minus `MemAvailable`.
    pub memory_used: Option<u64>,
    /// Bytes of swap.
    pub swap_total: Option<u64>,
    /// Used bytes of swap.
    pub swap_used: Option<u64>,
    /// Mount point of the fullest file system and its use in percent (used of used and available).
    pub fullest: Option<(Arc<str>, f64)>,
    /// Mount point with the most inodes used, in percent.
    pub fewest_inodes: Option<(Arc<str>, f64)>,
    /// Received bytes a second, without loopback.
    pub received: Option<f64>,
    /// Sent bytes a second, without loopback.
    pub sent: Option<f64>,
    /// Bytes read from block devices a second.
    pub read: Option<f64>,
    /// Bytes written to block devices a second.
    pub written: Option<f64>,
    /// Processes.
    pub processes: Option<u32>,
    /// Processes that wait for a device and cannot be ended meanwhile (state D).
    pub waiting: Option<u32>,
    /// Mounts that do not answer; `None` before they were asked.
    pub hung: Option<u32>,
    /// Software RAID; `None` where the kernel's list cannot be read.
    pub raid: Option<Raid>,
    /// Whether it should be rebooted; `None` when that is not known.
    pub reboot: Option<bool>,
    /// `kvm`, `docker`, `none` …
    pub virtualisation: Option<Arc<str>>,
    /// Seconds its clock is ahead of ours; negative when it is behind, 0 within what can be told.
    pub skew: Option<i64>,
    /// Failed systemd units; `None` without systemd.
    pub failed_units: Option<u32>,
    /// The busiest process: name and percent of one core.
    pub top: Option<(Arc<str>, f64)>,
    /// A process above 90 % of a core for minutes.
    pub busy: Option<Busy>,
    /// Processor percent, oldest first.
    pub cpu_history: Arc<[f32]>,
    /// Memory percent, oldest first.
    pub memory_history: Arc<[f32]>,
    /// Received and sent bytes a second together, oldest first.
    pub network_history: Arc<[f32]>,
}

impl NodeRow {
    /// A machine of which nothing is known yet.
    pub fn unknown(name: &str) -> Self {
        let none: Arc<[f32]> = Arc::from([]);
        Self {
            key: name.into(),
            name: name.into(),
            groups: None,
            datacentre: None,
            boot: None,
            face: None,
            os: None,
            support: None,
            stage: None,
            kernel: None,
            booted: None,
            cores: None,
            cpu: None,
            user: None,
            system: None,
            iowait: None,
            steal: None,
            load: None,
            pressure: Pressure::default(),
            memory_total: None,
            memory_used: None,
            swap_total: None,
            swap_used: None,
            fullest: None,
            fewest_inodes: None,
            received: None,
            sent: None,
            read: None,
            written: None,
            processes: None,
            waiting: None,
            hung: None,
            raid: None,
            reboot: None,
            virtualisation: None,
            skew: None,
            failed_units: None,
            top: None,
            busy: None,
            cpu_history: none.clone(),
            memory_history: none.clone(),
            network_history: none,
        }
    }

    /// Memory use in percent.
    pub fn memory_percent(&self) -> Option<f64> {
        share(self.memory_used, self.memory_total)
    }

    /// Swap use in percent.
    pub fn swap_percent(&self) -> Option<f64> {
        share(self.swap_used, self.swap_total)
    }
}

impl Row for NodeRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("node", "NODE", Kind::Text, "Name as configured, or the host name.", |r| {
            Value::text(&r.name)
        })
        .alias(&["name", "host"])
        .column(0, 8, 32)
        .tone(|_, _| Tone::Accent),
        Field::<Self>::new("cpu", "CPU", Kind::Percent, "Busy share of all processors.", |r| {
            Value::known(r.cpu, Value::Percent)
        })
        .column(0, 5, 6)
        .tone(|r, _| threshold(r.cpu, 80.0, 95.0)),
        Field::<Self>::new("cpu-history", "CPU 2 MIN", Kind::Spark, "Processor use over time.", |r| {
            Value::Spark(&r.cpu_history)
        })
        .column(5, 12, 20),
        Field::<Self>::new("user", "USR", Kind::Percent, "Share in user mode.", |r| {
            Value::known(r.user, Value::Percent)
        })
        .column(7, 5, 6),
        Field::<Self>::new("system", "SYS", Kind::Percent, "Share in the kernel.", |r| {
            Value::known(r.system, Value::Percent)
        })
        .alias(&["sys"])
        .column(7, 5, 6),
        Field::<Self>::new("iowait", "IOW", Kind::Percent, "Share waiting for I/O.", |r| {
            Value::known(r.iowait, Value::Percent)
        })
        .alias(&["wait"])
        .column(6, 5, 6)
        .tone(|r, _| threshold(r.iowait, 20.0, 50.0)),
        Field::<Self>::new("steal", "STL", Kind::Percent, "Share taken by the hypervisor.", |r| {
            Value::known(r.steal, Value::Percent)
        })
        .column(8, 5, 6)
        .tone(|r, _| threshold(r.steal, 10.0, 30.0)),
        Field::<Self>::new("load", "LOAD", Kind::Percent, "Load average over one minute.", |r| {
            r.load.map_or(Value::Unknown, |l| Value::Text(format!("{:.2}", l[0]).into()))
        })
        .column(3, 5, 7),
        Field::<Self>::new(
            "memory",
            "MEM",
            Kind::Percent,
            "Share of memory not available (total less MemAvailable).",
            |r| Value::known(r.memory_percent(), Value::Percent),
        )
        .alias(&["mem"])
        .column(0, 5, 6)
        .tone(|r, _| threshold(r.memory_percent(), 85.0, 95.0)),
        Field::<Self>::new("memory-used", "USED", Kind::Bytes, "Memory in use.", |r| {
            Value::known(r.memory_used, Value::Bytes)
        })
        .column(6, 5, 6),
        Field::<Self>::new("memory-total", "OF", Kind::Bytes, "Memory there is.", |r| {
            Value::known(r.memory_total, Value::Bytes)
        })
        .column(6, 4, 6),
        Field::<Self>::new("swap", "SWAP", Kind::Percent, "Share of swap in use.", |r| {
            Value::known(r.swap_percent(), Value::Percent)
        })
        .column(5, 5, 6)
        .tone(|r, _| threshold(r.swap_percent(), 50.0, 90.0)),
        Field::<Self>::new("disk", "DISK", Kind::Percent, "Use of the fullest file system.", |r| {
            Value::known(r.fullest.as_ref().map(|(_, p)| *p), Value::Percent)
        })
        .column(1, 5, 6)
        .tone(|r, _| threshold(r.fullest.as_ref().map(|(_, p)| *p), 85.0, 95.0)),
        Field::<Self>::new("fullest", "FULLEST", Kind::Text, "Mount point of the fullest file system.", |r| {
            r.fullest.as_ref().map_or(Value::Unknown, |(mount, _)| Value::text(mount))
        })
        .column(7, 7, 16),
        Field::<Self>::new("inodes", "INODE", Kind::Percent, "Share of inodes used, where it is highest.", |r| {
            Value::known(r.fewest_inodes.as_ref().map(|(_, p)| *p), Value::Percent)
        })
        .column(6, 5, 6)
        .tone(|r, _| threshold(r.fewest_inodes.as_ref().map(|(_, p)| *p), 85.0, 95.0)),
        Field::<Self>::new(
            "psi-cpu",
            "PSI-C",
            Kind::Percent,
            "Time in which some task waited for a processor, 10 s (PSI).",
            |r| Value::known(r.pressure.cpu, Value::Percent),
        )
        .column(8, 5, 6),
        Field::<Self>::new(
            "psi-memory",
            "PSI-M",
            Kind::Percent,
            "Time in which some task waited for memory, 10 s (PSI).",
            |r| Value::known(r.pressure.memory, Value::Percent),
        )
        .column(8, 5, 6)
        .tone(|r, _| threshold(r.pressure.memory, 10.0, 40.0)),
        Field::<Self>::new(
            "psi-io",
            "PSI-IO",
            Kind::Percent,
            "Time in which some task waited for I/O, 10 s (PSI).",
            |r| Value::known(r.pressure.io, Value::Percent),
        )
        .column(8, 5, 6)
        .tone(|r, _| threshold(r.pressure.io, 40.0, 80.0)),
        Field::<Self>::new("received", "RX/s", Kind::Rate, "Bytes received a second, without loopback.", |r| {
            Value::known(r.received, Value::Rate)
        })
        .alias(&["rx"])
        .column(4, 5, 6),
        Field::<Self>::new("sent", "TX/s", Kind::Rate, "Bytes sent a second, without loopback.", |r| {
            Value::known(r.sent, Value::Rate)
        })
        .alias(&["tx"])
        .column(4, 5, 6),
        Field::<Self>::new("read", "RD/s", Kind::Rate, "Bytes read from block devices a second.", |r| {
            Value::known(r.read, Value::Rate)
        })
        .column(6, 5, 6),
        Field::<Self>::new("written", "WR/s", Kind::Rate, "Bytes written to block devices a second.", |r| {
            Value::known(r.written, Value::Rate)
        })
        .alias(&["write"])
        .column(6, 5, 6),
        Field::<Self>::new("failed", "FAIL", Kind::Int, "Failed systemd units.", |r| {
            Value::known(r.failed_units, |n| Value::Int(n.into()))
        })
        .column(2, 4, 5)
        .tone(|r, _| if r.failed_units.unwrap_or(0) > 0 { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("cluster", "CLUSTER", Kind::Text, "The Kubernetes cluster whose node it is.", |r| {
            r.face.as_ref().map_or(Value::Unknown, |face| Value::text(&face.cluster))
        })
        .optional_column(7, 7, 16),
        Field::<Self>::new(
            "status",
            "STATUS",
            Kind::Text,
            "What its cluster says of it, as kubectl prints it; stale when the cluster does not answer.",
            |r| r.face.as_ref().map_or(Value::Unknown, |face| face.shown()),
        )
        .alias(&["ready"])
        .optional_column(2, 6, 26)
        .tone(|r, _| match r.face.as_deref() {
            None => Tone::Plain,
            Some(face) if face.is_stale => Tone::Dim,
            Some(face) => match face.severity {
                Severity::Ok => Tone::Good,
                Severity::Notice | Severity::Warning => Tone::Warn,
                Severity::Critical => Tone::Bad,
            },
        }),
        Field::<Self>::new("pods", "PODS", Kind::Int, "Pods bound to it, by its cluster.", |r| {
            Value::known(r.face.as_ref().and_then(|face| face.pods), |n| Value::Int(n.into()))
        })
        .optional_column(3, 4, 5),
        Field::<Self>::new("top", "TOP PROCESS", Kind::Text, "The busiest process and its percent of one core.", |r| {
            r.top.as_ref().map_or(Value::Unknown, |(name, p)| Value::Text(format!("{name} {p:.0}%").into()))
        })
        .column(3, 10, 24)
        .tone(|r, _| if r.busy.is_some() { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("processes", "PROCS", Kind::Int, "Processes.", |r| {
            Value::known(r.processes, |n| Value::Int(n.into()))
        })
        .column(9, 5, 6),
        Field::<Self>::new(
            "waiting",
            "D",
            Kind::Int,
            "Processes that wait for a device and cannot be ended meanwhile (state D).",
            |r| Value::known(r.waiting, |n| Value::Int(n.into())),
        )
        .column(9, 3, 5)
        .tone(|r, _| if r.waiting.unwrap_or(0) > 4 { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("hung", "HUNG", Kind::Int, "Mounts that do not answer.", |r| {
            Value::known(r.hung, |n| Value::Int(n.into()))
        })
        .column(9, 4, 5)
        .tone(|r, _| if r.hung.unwrap_or(0) > 0 { Tone::Bad } else { Tone::Plain }),
        Field::<Self>::new("raid", "RAID", Kind::Text, "Software RAID arrays: how many, how many degraded.", |r| {
            Value::known(r.raid, |raid| Value::Text(raid.shown().into()))
        })
        .column(9, 4, 18)
        .tone(|r, _| if r.raid.is_some_and(|raid| raid.degraded > 0) { Tone::Bad } else { Tone::Plain }),
        Field::<Self>::new(
            "reboot",
            "BOOT?",
            Kind::Bool,
            "Whether a newer kernel or a package asks for a reboot.",
            |r| Value::known(r.reboot, Value::Bool),
        )
        .column(9, 5, 5)
        .tone(|r, _| if r.reboot == Some(true) { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("skew", "SKEW", Kind::Duration, "How far its clock is ahead of this machine's.", |r| {
            Value::known(r.skew, Value::Duration)
        })
        .column(9, 4, 6)
        .tone(|r, _| if r.skew.is_some_and(|skew| skew.abs() >= SKEW) { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new(
            "virtual",
            "VIRTUAL",
            Kind::Text,
            "Kind of virtual machine or container; none on hardware.",
            |r| r.virtualisation.as_deref().map_or(Value::Unknown, Value::text),
        )
        .column(9, 7, 14),
        Field::<Self>::new("cores", "CORES", Kind::Int, "Logical processors.", |r| {
            Value::known(r.cores, |n| Value::Int(n.into()))
        })
        .column(8, 5, 5),
        Field::<Self>::new("kernel", "KERNEL", Kind::Text, "Running kernel release.", |r| {
            r.kernel.as_deref().map_or(Value::Unknown, Value::text)
        })
        .column(8, 8, 20),
        Field::<Self>::new("os", "OS", Kind::Text, "Operating system.", |r| {
            r.os.as_deref().map_or(Value::Unknown, Value::text)
        })
        .column(9, 8, 28),
        Field::<Self>::new(
            "support",
            "SUPPORT",
            Kind::Text,
            "Security support of the system: supported, LTS, ends soon (90 days), ended.",
            |r| r.stage.map_or(Value::Unknown, |stage| Value::Text(stage.word().into())),
        )
        .column(9, 7, 9)
        .tone(|r, _| match r.stage {
            None | Some(Stage::Supported) => Tone::Plain,
            Some(Stage::Long) => Tone::Dim,
            Some(Stage::Ending) => Tone::Warn,
            Some(Stage::Ended) => Tone::Bad,
        }),
        Field::<Self>::new(
            "supported-until",
            "UNTIL",
            Kind::Age,
            "When all security support of the system ends.",
            |r| Value::known(r.support.map(Support::end), Value::Time),
        ),
        Field::<Self>::new("uptime", "UP", Kind::Age, "Time since boot.", |r| Value::known(r.booted, Value::Time))
            .alias(&["up", "booted"])
            .column(3, 4, 7),
        Field::<Self>::new("groups", "GROUPS", Kind::Text, "Groups it belongs to, as configured.", |r| {
            r.groups.as_deref().map_or(Value::Unknown, Value::text)
        })
        .alias(&["group"]),
        Field::<Self>::new("pods-allocatable", "OF", Kind::Int, "Pods it may hold, by its cluster.", |r| {
            Value::known(r.face.as_ref().and_then(|face| face.pods_allocatable), |n| Value::Int(n.into()))
        }),
        Field::<Self>::new("pressure", "PRESSURE", Kind::Text, "memory, disk or pid, when its kubelet says so.", |r| {
            match r.face.as_deref() {
                None => Value::Unknown,
                Some(face) if face.pressure.is_empty() => Value::Text("".into()),
                Some(face) => Value::text(&face.pressure),
            }
        }),
        Field::<Self>::new("cpu-allocatable", "CPU OF", Kind::Cpu, "Processor that pods may request.", |r| {
            Value::known(r.face.as_ref().and_then(|face| face.cpu_allocatable), Value::Cpu)
        }),
        Field::<Self>::new("memory-allocatable", "MEM OF", Kind::Bytes, "Memory that pods may request.", |r| {
            Value::known(r.face.as_ref().and_then(|face| face.memory_allocatable), Value::Bytes)
        }),
        Field::<Self>::new("kubelet", "KUBELET", Kind::Text, "kubelet's version.", |r| {
            r.face.as_ref().map_or(Value::Unknown, |face| Value::text(&face.version))
        }),
        Field::<Self>::new(
            "datacentre",
            "DATACENTRE",
            Kind::Text,
            "The datacentre it stands in, as configured.",
            |r| r.datacentre.as_deref().map_or(Value::Unknown, Value::text),
        ),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, now: Timestamp) -> Severity {
        // An old word of the cluster is not trouble of today.
        let seen = self.face.as_ref().filter(|face| !face.is_stale).map_or(Severity::Ok, |face| face.severity);
        self.own_severity(now).max(seen)
    }

    fn carry(&mut self, old: &Self) {
        self.face.clone_from(&old.face);
    }
}

impl NodeRow {
    /// How bad it is by what it tells itself.
    fn own_severity(&self, now: Timestamp) -> Severity {
        let over = |percent: Option<f64>, limit: f64| percent.is_some_and(|p| p >= limit);
        let disk = self.fullest.as_ref().map(|(_, p)| *p);
        let inodes = self.fewest_inodes.as_ref().map(|(_, p)| *p);
        if over(disk, 95.0)
            || over(inodes, 95.0)
            || over(self.memory_percent(), 97.0)
            || self.raid.is_some_and(|raid| raid.degraded > 0)
        {
            Severity::Critical
        } else if over(disk, 85.0)
            || over(inodes, 85.0)
            || over(self.memory_percent(), 90.0)
            || self.failed_units.unwrap_or(0) > 0
            || self.hung.unwrap_or(0) > 0
            || self.support.is_some_and(|support| support.stage(now) == Stage::Ended)
            || self.skew.is_some_and(|skew| skew.abs() >= SKEW)
            || self.busy.as_ref().is_some_and(|busy| crate::model::value::seconds_between(busy.since, now) >= 300)
        {
            Severity::Warning
        } else {
            Severity::Ok
        }
    }
}
