//! Every key of the configuration, with its default. `config.example.toml` shows them all.
//!
//! The JSON schema made from these types is also what files are checked against, so a key is declared once.
//! `format` names a rule of `config::format` for text that has a shape.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::size::Size;

/// The whole configuration. Everything is optional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Also observe what is found without being named: this machine, Docker contexts, the kubeconfig's contexts.
    pub discover: bool,
    /// How the console looks.
    pub ui: Ui,
    /// How the console starts.
    pub start: Start,
    /// Keys of commands: the command's id and all keys it shall have, in place of its own. An empty list: no key.
    pub keys: BTreeMap<String, Vec<String>>,
    /// What the console remembers between runs.
    pub cache: Cache,
    /// ronde's own log.
    pub log: Log,
    /// How hosts are connected to.
    pub ssh: Ssh,
    /// Hosts over SSH.
    pub hosts: Vec<Host>,
    /// Container engines.
    pub engines: Vec<Engine>,
    /// Kubernetes clusters.
    pub clusters: Vec<Cluster>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            discover: true,
            ui: Ui::default(),
            start: Start::default(),
            keys: BTreeMap::new(),
            cache: Cache::default(),
            log: Log::default(),
            ssh: Ssh::default(),
            hosts: Vec::new(),
            engines: Vec::new(),
            clusters: Vec::new(),
        }
    }
}

/// How the console looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ui {
    /// `dark`, `light`, `high-contrast`, or the path of a theme file.
    #[schemars(extend("format" = "theme"))]
    pub theme: String,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Take the mouse: click, wheel. The terminal's own selection then needs shift.
    pub mouse: bool,
    /// Colour of the selection bar and of confirmations, by `cluster:NAME`, `engine:NAME` or `host:NAME`: for production.
    pub accent: BTreeMap<String, Colour>,
}

impl Default for Ui {
    fn default() -> Self {
        Self { theme: crate::theme::DEFAULT.to_owned(), ascii: false, mouse: true, accent: BTreeMap::new() }
    }
}

/// One of the terminal's sixteen colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "a colour's name says all there is to say")]
pub enum Colour {
    Black,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
    White,
    BrightBlack,
    BrightRed,
    BrightGreen,
    BrightYellow,
    BrightBlue,
    BrightMagenta,
    BrightCyan,
    BrightWhite,
}

/// How the console starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Start {
    /// The role at start; can only lower what policy allows.
    pub mode: Mode,
    /// The tab shown first.
    pub tab: Tab,
}

/// A role to start with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Sees everything, changes nothing.
    ReadOnly,
    /// Acts, each action confirmed; shells only where a target allows it.
    #[default]
    Operator,
    /// Everything policy allows.
    Admin,
}

/// A tab of the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tab {
    /// What is wrong, ranked.
    #[default]
    Triage,
    /// Machines.
    Nodes,
    /// Containers of Docker and Podman.
    Containers,
    /// Pods of every cluster.
    Pods,
}

/// What the console remembers between runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cache {
    /// Whether it remembers anything.
    pub enabled: bool,
    /// The file; absent: `$XDG_CACHE_HOME/ronde/state.db`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub path: Option<PathBuf>,
    /// The file never grows beyond this; what was not seen for longest is forgotten first.
    pub limit: Size,
}

impl Default for Cache {
    fn default() -> Self {
        Self { enabled: true, path: None, limit: Size(64 << 20) }
    }
}

/// ronde's own log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Log {
    /// The file; absent: `$XDG_STATE_HOME/ronde/ronde.log`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub file: Option<PathBuf>,
    /// The least important that is written.
    pub level: Level,
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Something failed.
    Error,
    /// Something looks wrong.
    Warn,
    /// What happens, in a few lines.
    #[default]
    Info,
    /// Each step.
    Debug,
    /// Everything.
    Trace,
}

/// How hosts are connected to: by the system's OpenSSH.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ssh {
    /// A file in place of `~/.ssh/config` and `/etc/ssh/ssh_config`, as `ssh -F` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub config: Option<PathBuf>,
}

/// A host over SSH, or several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Host {
    /// The name shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "name"))]
    pub name: Option<String>,
    /// Whom `ssh` is told to connect to: an alias of `ssh_config`, `host`, `user@host`, `ssh://user@host:port`. Absent: the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "ssh-destination"))]
    pub ssh: Option<String>,
    /// Or every host that `ssh_config` names in a `Host` line and that matches this pattern: `web-*`. Each has its own name.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Groups it belongs to, to filter and sum by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The datacentre it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacentre: Option<String>,
}

/// A Docker or Podman engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Engine {
    /// The name shown.
    #[schemars(extend("format" = "name"))]
    pub name: String,
    /// Where it listens: `unix:///var/run/docker.sock`, `tcp://host:2376`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "engine-address"))]
    pub docker: Option<String>,
    /// Or the Docker context that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Or the host it runs on, by its name in `[[hosts]]`: reached over that host's connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// With `host`: its socket there. Absent: Docker's, else that of a rootless Docker, else Podman's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "remote-socket"))]
    pub socket: Option<String>,
    /// For `tcp://` with TLS: the directory with `ca.pem`, `cert.pem` and `key.pem` (as `DOCKER_CERT_PATH`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub certificates: Option<PathBuf>,
}

/// A Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cluster {
    /// The name shown.
    #[schemars(extend("format" = "name"))]
    pub name: String,
    /// Path of a kubeconfig, or a command that prints one. Absent: `$KUBECONFIG`, else `~/.kube/config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<Kubeconfig>,
    /// Context in it; absent: the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Only these namespaces; empty: all that may be seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// The datacentre it stands in; pods have it as a field to filter by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacentre: Option<String>,
}

/// Where a kubeconfig comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Kubeconfig {
    /// A file; `~` is the home directory.
    #[schemars(extend("format" = "path"))]
    Path(PathBuf),
    /// What a command prints.
    Command {
        /// Program and arguments; no shell in between.
        #[schemars(length(min = 1))]
        command: Vec<String>,
    },
}
