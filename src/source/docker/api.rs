//! The parts of the engine's answers that rows are made of. Docker writes `null` where it has nothing, Podman leaves
//! fields out, and both invent new words for states: hence options, and words as text.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// `null` is the default, too.
fn lenient<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// A container in `/containers/json`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Summary {
    /// Full id.
    pub id: String,
    /// Names, with a leading slash at Docker.
    #[serde(deserialize_with = "lenient")]
    pub names: Vec<String>,
    /// Image as it was created from.
    pub image: String,
    /// Seconds since 1970.
    pub created: Option<i64>,
    /// Ports, published or only exposed.
    #[serde(deserialize_with = "lenient")]
    pub ports: Vec<Port>,
    /// Labels.
    #[serde(deserialize_with = "lenient")]
    pub labels: BTreeMap<String, String>,
    /// State in one word.
    pub state: String,
    /// State in words, `Up 3 hours (unhealthy)`.
    #[serde(deserialize_with = "lenient")]
    pub status: String,
    /// How it was asked to run.
    #[serde(deserialize_with = "lenient")]
    pub host_config: HostConfig,
}

/// A port of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Port {
    /// Address on the host.
    #[serde(rename = "IP", deserialize_with = "lenient")]
    pub ip: String,
    /// Port in the container.
    #[serde(rename = "PrivatePort")]
    pub private: u16,
    /// Port on the host; none when it is only exposed.
    #[serde(rename = "PublicPort")]
    pub public: Option<u16>,
    /// `tcp`, `udp`, `sctp`.
    #[serde(rename = "Type", deserialize_with = "lenient")]
    pub protocol: String,
}

/// How a container was asked to run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct HostConfig {
    /// `default`, `bridge`, `host`, `none`, `container:ID`, or a network's name.
    #[serde(deserialize_with = "lenient")]
    pub network_mode: String,
}

/// A container in `/containers/{id}/json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Inspect {
    /// Full id.
    pub id: String,
    /// Name, with a leading slash at Docker.
    pub name: String,
    /// When it was created, RFC 3339.
    pub created: String,
    /// State.
    pub state: Run,
    /// Restarts by the restart policy.
    pub restart_count: Option<u32>,
    /// What it was created from.
    #[serde(deserialize_with = "lenient")]
    pub config: ContainerConfig,
}

/// What a container was created from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ContainerConfig {
    /// Whether it has a terminal; its log is then one raw stream.
    pub tty: bool,
}

/// The state of a container, as inspect tells it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Run {
    /// State in one word.
    pub status: String,
    /// The kernel killed it for memory.
    #[serde(rename = "OOMKilled")]
    pub oom_killed: Option<bool>,
    /// First process on the host; 0 when it does not run.
    pub pid: Option<u32>,
    /// Of the last run; 0 again as soon as it runs.
    pub exit_code: Option<i32>,
    /// RFC 3339; year 1 for never.
    #[serde(deserialize_with = "lenient")]
    pub started_at: String,
    /// RFC 3339; year 1 for never.
    #[serde(deserialize_with = "lenient")]
    pub finished_at: String,
    /// The health check's state.
    #[serde(deserialize_with = "lenient")]
    pub health: HealthCheck,
}

/// The state of a health check.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct HealthCheck {
    /// `none` or empty without one.
    #[serde(deserialize_with = "lenient")]
    pub status: String,
}

/// A line of `/events`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    /// `container`, `image`, …
    #[serde(rename = "Type")]
    pub kind: String,
    /// `start`, `die`, `health_status: healthy`, …
    #[serde(rename = "Action")]
    pub action: String,
    /// What it happened to.
    #[serde(rename = "Actor")]
    pub actor: Actor,
    /// Nanoseconds since 1970.
    #[serde(rename = "timeNano")]
    pub time_nano: i64,
    /// Seconds since 1970.
    pub time: i64,
}

/// What an event happened to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Actor {
    /// Full id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Name, image, exit code, signal, and the labels.
    #[serde(rename = "Attributes", deserialize_with = "lenient")]
    pub attributes: BTreeMap<String, String>,
}

/// `/containers/{id}/stats?stream=false`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Stats {
    /// Processes and threads.
    #[serde(rename = "pids_stats", deserialize_with = "lenient")]
    pub pids: PidsStats,
    /// Processor.
    #[serde(rename = "cpu_stats", deserialize_with = "lenient")]
    pub cpu: CpuStats,
    /// Memory; empty when it does not run.
    #[serde(rename = "memory_stats", deserialize_with = "lenient")]
    pub memory: MemoryStats,
    /// Block devices.
    #[serde(rename = "blkio_stats", deserialize_with = "lenient")]
    pub blocks: BlockStats,
    /// By interface; absent with the host's network or none.
    pub networks: Option<BTreeMap<String, NetworkStats>>,
}

/// Processes and threads.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PidsStats {
    /// How many there are.
    pub current: Option<u64>,
}

/// Processor.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CpuStats {
    /// The container's.
    pub cpu_usage: CpuUsage,
    /// The whole machine's, nanoseconds.
    pub system_cpu_usage: Option<u64>,
    /// Processors; absent at old engines.
    pub online_cpus: Option<u32>,
}

/// A container's processor time.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CpuUsage {
    /// Nanoseconds.
    pub total_usage: u64,
    /// By processor; only with cgroup v1.
    pub percpu_usage: Option<Vec<u64>>,
}

/// Memory.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MemoryStats {
    /// Bytes, with file cache.
    pub usage: Option<u64>,
    /// Bytes it may use.
    pub limit: Option<u64>,
    /// What it consists of.
    #[serde(deserialize_with = "lenient")]
    pub stats: MemoryParts,
}

/// What memory consists of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MemoryParts {
    /// With cgroup v1, with all below it.
    pub total_inactive_file: Option<u64>,
    /// With cgroup v2.
    pub inactive_file: Option<u64>,
}

/// Block devices.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BlockStats {
    /// Bytes by device and operation; `null` where the kernel does not count.
    pub io_service_bytes_recursive: Option<Vec<BlockEntry>>,
}

/// Bytes of one device and operation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BlockEntry {
    /// `Read`, `write`, …
    pub op: String,
    /// Bytes.
    pub value: u64,
}

/// One interface.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NetworkStats {
    /// Bytes received.
    pub rx_bytes: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
}

/// `/containers/{id}/top`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Top {
    /// Names of the columns.
    #[serde(deserialize_with = "lenient")]
    pub titles: Vec<String>,
    /// A row a process.
    #[serde(deserialize_with = "lenient")]
    pub processes: Vec<Vec<String>>,
}
