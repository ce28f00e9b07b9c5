//! Every key of the configuration, with its default. `config.example.toml` shows them all.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The whole configuration. Everything is optional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Also observe what is found without being named: this machine, Docker contexts, the kubeconfig's contexts.
    pub discover: bool,
    /// Container engines.
    pub engines: Vec<Engine>,
    /// Kubernetes clusters.
    pub clusters: Vec<Cluster>,
}

impl Default for Config {
    fn default() -> Self {
        Self { discover: true, engines: Vec::new(), clusters: Vec::new() }
    }
}

/// A Docker or Podman engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Engine {
    /// The name shown.
    pub name: String,
    /// Where it listens: `unix:///var/run/docker.sock`, `tcp://host:2376`.
    #[serde(default)]
    pub docker: Option<String>,
    /// Or the Docker context that says so.
    #[serde(default)]
    pub context: Option<String>,
    /// For `tcp://` with TLS: the directory with `ca.pem`, `cert.pem` and `key.pem` (as `DOCKER_CERT_PATH`).
    #[serde(default)]
    pub certificates: Option<PathBuf>,
}

/// A Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cluster {
    /// The name shown.
    pub name: String,
    /// Path of a kubeconfig, or a command that prints one. Absent: `$KUBECONFIG`, else `~/.kube/config`.
    #[serde(default)]
    pub kubeconfig: Option<Kubeconfig>,
    /// Context in it; absent: the current one.
    #[serde(default)]
    pub context: Option<String>,
    /// Only these namespaces; empty: all that may be seen.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// The datacentre it stands in.
    #[serde(default)]
    pub datacentre: Option<String>,
}

/// Where a kubeconfig comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Kubeconfig {
    /// A file; `~` is the home directory.
    Path(PathBuf),
    /// What a command prints.
    Command {
        /// Program and arguments.
        command: Vec<String>,
    },
}
