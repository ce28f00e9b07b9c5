//! A container of a Docker or Podman engine.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{share, threshold};
use crate::model::{
    field::{Field, Tone},
    key::Key,
    severity::Severity,
    table::Row,
    value::{Kind, Value},
};

/// Where a container's numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatsVia {
    /// The kernel's cgroup files: costs the engine nothing.
    Cgroup,
    /// The engine's stats API.
    Api,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerRow {
    /// `engine/id`.
    pub key: Key,
    /// The engine's configured name.
    pub engine: Arc<str>,
    /// Full id, 64 hexadecimal digits.
    pub id: Arc<str>,
    /// First name, without the leading slash.
    pub name: Arc<str>,
    /// Image as the container was created from.
    pub image: Arc<str>,
    /// Compose project.
    pub project: Option<Arc<str>>,
    /// Compose service.
    pub service: Option<Arc<str>>,
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`.
    pub state: Arc<str>,
    /// `healthy`, `unhealthy`, `starting`; none without a health check.
    pub health: Option<Arc<str>>,
    /// The engine's own words, `Up 3 hours (unhealthy)`.
    pub status: String,
    /// Percent of one core, as `docker stats` counts; more than 100 with several cores.
    pub cpu: Option<f64>,
    /// Bytes used, without inactive file cache, as `docker stats` counts.
    pub memory: Option<u64>,
    /// Bytes it may use (the machine's memory when unlimited).
    pub memory_limit: Option<u64>,
    /// Bytes received a second.
    pub received: Option<f64>,
    /// Bytes sent a second.
    pub sent: Option<f64>,
    /// Bytes read from block devices a second.
    pub read: Option<f64>,
    /// Bytes written to block devices a second.
    pub written: Option<f64>,
    /// Bytes received, sent, read and written since the start: `docker stats`' totals.
    pub totals: [Option<u64>; 4],
    /// Processes and threads.
    pub pids: Option<u64>,
    /// Restarts by the engine's restart policy.
    pub restarts: Option<u32>,
    /// Exit code of the last run; none while it runs for the first time.
    pub exit_code: Option<i32>,
    /// The kernel killed it for memory.
    pub oom_killed: Option<bool>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When this run began.
    pub started: Option<Timestamp>,
    /// When the last run ended.
    pub finished: Option<Timestamp>,
    /// PID of its first process on the host; none when it does not run.
    pub pid: Option<u32>,
    /// Published ports, `127.0.0.1:8080→80/tcp`.
    pub ports: String,
    /// Labels.
    pub labels: Vec<(Arc<str>, String)>,
    /// Where the numbers come from.
    pub via: Option<StatsVia>,
    /// Percent of one core, oldest first.
    pub cpu_history: Arc<[f32]>,
    /// Bytes, oldest first.
    pub memory_history: Arc<[f32]>,
}

impl ContainerRow {
    /// A container of which only the identity is known.
    pub fn unknown(engine: &Arc<str>, id: &str, name: &str) -> Self {
        let none: Arc<[f32]> = Arc::from([]);
        Self {
            key: Key::of(&[engine, id]),
            engine: engine.clone(),
            id: id.into(),
            name: name.into(),
            image: "".into(),
            project: None,
            service: None,
            state: "created".into(),
            health: None,
            status: String::new(),
            cpu: None,
            memory: None,
            memory_limit: None,
            received: None,
            sent: None,
            read: None,
            written: None,
            totals: [None; 4],
            pids: None,
            restarts: None,
            exit_code: None,
            oom_killed: None,
            created: None,
            started: None,
            finished: None,
            pid: None,
            ports: String::new(),
            labels: Vec::new(),
            via: None,
            cpu_history: none.clone(),
            memory_history: none,
        }
    }

    /// Whether it runs now (paused containers are not counted).
    pub fn is_running(&self) -> bool {
        &*self.state == "running"
    }

    /// Memory in percent of its limit.
    pub fn memory_percent(&self) -> Option<f64> {
        share(self.memory, self.memory_limit)
    }

    fn state_tone(&self) -> Tone {
        match (&*self.state, self.health.as_deref()) {
            (_, Some("unhealthy")) | ("dead" | "restarting", _) => Tone::Bad,
            ("running", Some("starting")) | ("paused" | "removing", _) => Tone::Warn,
            ("running", _) => Tone::Good,
            ("exited", _) if self.oom_killed == Some(true) || self.exit_code.unwrap_or(0) != 0 => Tone::Warn,
            _ => Tone::Dim,
        }
    }
}

impl Row for ContainerRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("engine", "ENGINE", Kind::Text, "The engine, as configured.", |r| Value::text(&r.engine))
            .alias(&["host"])
            .column(3, 6, 16),
        Field::<Self>::new("project", "PROJECT", Kind::Text, "Compose project.", |r| {
            r.project.as_deref().map_or(Value::Unknown, Value::text)
        })
        .column(4, 7, 20),
        Field::<Self>::new("container", "CONTAINER", Kind::Text, "Name.", |r| Value::text(&r.name))
            .alias(&["name"])
            .column(0, 12, 40)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new(
            "state",
            "STATE",
            Kind::Text,
            "created, running, paused, restarting, removing, exited or dead.",
            |r| Value::text(&r.state),
        )
        .column(0, 7, 10)
        .tone(|r, _| r.state_tone()),
        Field::<Self>::new(
            "health",
            "HEALTH",
            Kind::Text,
            "healthy, unhealthy or starting, by its health check.",
            |r| r.health.as_deref().map_or(Value::Unknown, Value::text),
        )
        .column(3, 7, 9)
        .tone(|r, _| match r.health.as_deref() {
            Some("unhealthy") => Tone::Bad,
            Some("starting") => Tone::Warn,
            Some(_) => Tone::Good,
            None => Tone::Dim,
        }),
        Field::<Self>::new("cpu", "CPU", Kind::Percent, "Percent of one core, as docker stats counts.", |r| {
            Value::known(r.cpu, Value::Percent)
        })
        .column(0, 5, 6)
        .tone(|r, _| threshold(r.cpu, 90.0, 400.0)),
        Field::<Self>::new("cpu-history", "CPU 2 MIN", Kind::Spark, "Processor use over time.", |r| {
            Value::Spark(&r.cpu_history)
        })
        .column(8, 10, 20),
        Field::<Self>::new(
            "memory",
            "MEM",
            Kind::Bytes,
            "Memory without inactive file cache, as docker stats counts.",
            |r| Value::known(r.memory, Value::Bytes),
        )
        .alias(&["mem"])
        .column(0, 5, 6)
        .tone(|r, _| threshold(r.memory_percent(), 80.0, 95.0)),
        Field::<Self>::new("memory-limit", "LIMIT", Kind::Bytes, "Memory it may use.", |r| {
            Value::known(r.memory_limit, Value::Bytes)
        })
        .alias(&["limit"])
        .column(5, 5, 6),
        Field::<Self>::new("memory-percent", "MEM%", Kind::Percent, "Memory of its limit.", |r| {
            Value::known(r.memory_percent(), Value::Percent)
        })
        .column(6, 5, 6)
        .tone(|r, _| threshold(r.memory_percent(), 80.0, 95.0)),
        Field::<Self>::new("received", "RX/s", Kind::Rate, "Bytes received a second.", |r| {
            Value::known(r.received, Value::Rate)
        })
        .alias(&["rx"])
        .column(6, 5, 6),
        Field::<Self>::new("sent", "TX/s", Kind::Rate, "Bytes sent a second.", |r| Value::known(r.sent, Value::Rate))
            .alias(&["tx"])
            .column(6, 5, 6),
        Field::<Self>::new("read", "RD/s", Kind::Rate, "Bytes read from block devices a second.", |r| {
            Value::known(r.read, Value::Rate)
        })
        .column(7, 5, 6),
        Field::<Self>::new("written", "WR/s", Kind::Rate, "Bytes written to block devices a second.", |r| {
            Value::known(r.written, Value::Rate)
        })
        .alias(&["write"])
        .column(7, 5, 6),
        Field::<Self>::new("received-total", "RX", Kind::Bytes, "Bytes received since the start.", |r| {
            Value::known(r.totals[0], Value::Bytes)
        }),
        Field::<Self>::new("sent-total", "TX", Kind::Bytes, "Bytes sent since the start.", |r| {
            Value::known(r.totals[1], Value::Bytes)
        }),
        Field::<Self>::new("read-total", "RD", Kind::Bytes, "Bytes read since the start.", |r| {
            Value::known(r.totals[2], Value::Bytes)
        }),
        Field::<Self>::new("written-total", "WR", Kind::Bytes, "Bytes written since the start.", |r| {
            Value::known(r.totals[3], Value::Bytes)
        }),
        Field::<Self>::new("pids", "PIDS", Kind::Int, "Processes and threads.", |r| {
            Value::known(r.pids, |n| Value::Int(i64::try_from(n).unwrap_or(i64::MAX)))
        })
        .column(4, 4, 6),
        Field::<Self>::new("restarts", "RST", Kind::Int, "Restarts by the engine's restart policy.", |r| {
            Value::known(r.restarts, |n| Value::Int(n.into()))
        })
        .column(1, 3, 6)
        .tone(|r, _| if r.restarts.unwrap_or(0) > 0 { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("exit", "EXIT", Kind::Int, "Exit code of the last run.", |r| {
            Value::known(r.exit_code, |n| Value::Int(n.into()))
        })
        .column(2, 4, 5)
        .tone(|r, _| if r.exit_code.unwrap_or(0) == 0 { Tone::Plain } else { Tone::Warn }),
        Field::<Self>::new("oom", "OOM", Kind::Bool, "Killed by the kernel for memory.", |r| {
            Value::known(r.oom_killed, Value::Bool)
        })
        .column(5, 3, 3)
        .tone(|r, _| if r.oom_killed == Some(true) { Tone::Bad } else { Tone::Dim }),
        Field::<Self>::new("uptime", "UP", Kind::Age, "Time since this run began; – when it does not run.", |r| {
            Value::known(r.started.filter(|_| matches!(&*r.state, "running" | "paused")), Value::Time)
        })
        .alias(&["up"])
        .column(2, 4, 7),
        Field::<Self>::new("age", "AGE", Kind::Age, "Time since it was created.", |r| {
            Value::known(r.created, Value::Time)
        })
        .column(9, 4, 7),
        Field::<Self>::new("image", "IMAGE", Kind::Text, "Image as the container was created from.", |r| {
            Value::text(&r.image)
        })
        .column(5, 10, 48),
        Field::<Self>::new("ports", "PORTS", Kind::Text, "Published ports.", |r| Value::text(&r.ports))
            .column(9, 8, 40),
        Field::<Self>::new("status", "STATUS", Kind::Text, "The engine's own words.", |r| Value::text(&r.status))
            .column(10, 10, 32),
        Field::<Self>::new("service", "SERVICE", Kind::Text, "Compose service.", |r| {
            r.service.as_deref().map_or(Value::Unknown, Value::text)
        }),
        Field::<Self>::new(
            "via",
            "VIA",
            Kind::Text,
            "Where the numbers come from: cgroup files or the engine's API.",
            |r| {
                Value::known(r.via, |via| {
                    Value::text(match via {
                        StatsVia::Cgroup => "cgroup",
                        StatsVia::Api => "api",
                    })
                })
            },
        )
        .column(9, 6, 6)
        .tone(|_, _| Tone::Dim),
        Field::<Self>::new("pid", "PID", Kind::Int, "Host PID of its first process.", |r| {
            Value::known(r.pid, |n| Value::Int(n.into()))
        }),
        Field::<Self>::new("id", "ID", Kind::Text, "Full id.", |r| Value::text(&r.id)),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        match (&*self.state, self.health.as_deref()) {
            (_, Some("unhealthy")) | ("restarting" | "dead", _) => Severity::Critical,
            ("exited", _) if self.oom_killed == Some(true) => Severity::Critical,
            // 143 is the answer to SIGTERM: stopped by somebody.
            ("exited", _) if !matches!(self.exit_code, None | Some(0 | 143)) => Severity::Warning,
            ("running", _) if self.memory_percent().is_some_and(|p| p >= 95.0) => Severity::Warning,
            ("paused", _) => Severity::Notice,
            _ => Severity::Ok,
        }
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(name, _)| &**name == key).map(|(_, value)| value.as_str())
    }
}
